"""SIGTERM and SIGHUP end a run like Ctrl-C: child programs end, record and report name the interrupted step.

A CI service that cancels a job sends SIGTERM; a terminal that is closed sends SIGHUP.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def install() -> Callable[[], None]:
    """Make both signals raise KeyboardInterrupt in the main thread; returns a function that undoes it.

    A signal that is handled or ignored already (nohup) is left alone. Does nothing outside the main thread.
    """
    installed: list[signal.Signals] = []
    if threading.current_thread() is threading.main_thread():
        installed += [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in installed:
        signal.signal(number, _interrupt)

    def restore() -> None:
        for number in installed:
            if signal.getsignal(number) is _interrupt:
                signal.signal(number, signal.SIG_DFL)

    return restore


def _interrupt(number: int, _: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
