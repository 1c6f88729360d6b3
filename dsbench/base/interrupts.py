"""SIGTERM and SIGHUP end a run like Ctrl-C: child programs end, record and report name the interrupted step.

A CI service that cancels a job sends SIGTERM; a terminal that is closed sends SIGHUP. Once a run ends for one of them,
more of them are ignored: what is measured gets written, which takes a second or two.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from dsbench.base import at_start

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def install() -> Callable[[], None]:
    """Make both signals, and Ctrl-C, raise KeyboardInterrupt in the main thread; returns a function that undoes it.

    A signal that is handled or ignored already (nohup) is left alone. Does nothing outside the main thread.
    """
    installed: list[signal.Signals] = []
    if threading.current_thread() is threading.main_thread():
        at_start.imported()
        installed += [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in installed:
        signal.signal(number, _interrupt)

    def restore() -> None:
        for number in installed:
            if signal.getsignal(number) in (_interrupt, _ignore):
                signal.signal(number, signal.SIG_DFL)
        if signal.getsignal(signal.SIGINT) is _ignore:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    return restore


def ignore_more() -> None:
    """Ignore Ctrl-C and the signals of ``install`` until that function's result undoes it.

    Programs that start meanwhile do not ignore them.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, *_SIGNALS):
            if signal.getsignal(number) in (_interrupt, signal.default_int_handler):
                signal.signal(number, _ignore)


def _ignore(number: int, _: object) -> None:
    """A function, as programs started by this process inherit SIG_IGN."""


def _interrupt(number: int, _: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
