"""Ctrl-C while a session ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from dsbench.base import interrupts
from dsbench.plugin.selection import Interruption
from dsbench.record.recorder import Recorders
from tests.warm import run_pytest

BETWEEN = """
import os, pytest, signal
@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish():
    os.kill(os.getpid(), signal.SIGINT)
"""


def test_the_report_is_written_to_its_end() -> None:
    restore = interrupts.install()
    try:
        Interruption(Recorders()).pytest_sessionfinish()
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
    finally:
        restore()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_after_a_step_is_one_in_it_everywhere(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "between.py").write_text(BETWEEN)
    done = run_pytest(tmp_path, "-p", "between", "--model-dir=net", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert "dsbench: interrupted in preflight of net" in done.stdout
    assert "interrupted in preflight" in (tmp_path / "reports" / "net.html").read_text()
