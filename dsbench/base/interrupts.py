"""SIGTERM and SIGHUP end a run as Ctrl-C does: children end, the record and the report say what was interrupted.

A CI service that cancels a job sends SIGTERM; a terminal that is closed sends SIGHUP.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def install() -> Callable[[], None]:
    """Let them raise KeyboardInterrupt in the main thread; returns what undoes it.

    Where somebody else handles or ignores one (nohup) it stays so; outside the main thread nothing is done.
    """
    ours: list[signal.Signals] = []
    if threading.current_thread() is threading.main_thread():
        ours += [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _interrupt)

    def restore() -> None:
        for number in ours:
            if signal.getsignal(number) is _interrupt:
                signal.signal(number, signal.SIG_DFL)

    return restore


def _interrupt(number: int, _: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
