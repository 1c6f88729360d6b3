"""Standard output that takes nothing: the run goes on, keeps its record, says so in one line and fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.material import write_onnx
from tests.warm import run_pytest


def full() -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)


def unread() -> None:
    """``pytest | head``."""
    reading, writing = os.pipe()
    os.dup2(writing, 1)
    os.close(writing)
    os.close(reading)


def closed() -> None:
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.close(number)
        setattr(sys, name, None)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (full, "dsbench: standard output was lost (No space left on device): the run went on; report: "),
        (unread, "dsbench: standard output was lost (Broken pipe): the run went on; report: "),
        (closed, ""),
    ],
)
def test_the_record_is_kept(tmp_path: Path, make: Callable[[], None], said: str) -> None:
    write_onnx(tmp_path / "net" / "model" / "net.onnx")
    done = run_pytest(tmp_path, "--model-dir=net", "-k", "preflight", before=make)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert said in done.stderr
    assert (tmp_path / "net" / "reports" / "benchmark_data.json").is_file()
