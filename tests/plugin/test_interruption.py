"""Ctrl-C while a session ends."""

from __future__ import annotations

import os
import signal

from dsbench.base import interrupts
from dsbench.plugin.selection import Interruption
from dsbench.record.recorder import Recorders


def test_the_report_is_written_to_its_end() -> None:
    restore = interrupts.install()
    try:
        Interruption(Recorders()).pytest_sessionfinish()
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
    finally:
        restore()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
