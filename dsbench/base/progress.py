"""What a long step is doing, how far it is and how long it will take: one live line on a terminal, else plain lines.

The line is drawn by a thread on the terminal itself, whatever captures the output of the step. It stands below the line
that the cursor was in, and is gone when the step ends: the cursor is then where it was. rich and tqdm draw at the
cursor, so they would overwrite what pytest has written of its line.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dsbench.base.text import fitted, printable

LIVE_S, PLAIN_S = 0.5, 10.0
"""Seconds between two drawings of a live line, between two plain lines."""
_ERASE_REST, _UP = "\x1b[K", "\x1b[A"
_KNOWN = 0.02
"""Fraction of the work that must have been seen to be done before the time left is estimated."""


@dataclass
class Task:
    """A step's work. ``total`` of ``unit`` are to be done, 0 if not known; ``look`` counts those that are. Without a
    unit the work takes ``seconds`` at most, 0 if not known. ``announced``: where there is no live line, a line says
    when it begins."""

    text: str
    total: int = 0
    unit: str = ""
    look: Callable[[], int] | None = None
    seconds: float = 0.0
    announced: bool = False
    started: float = field(default_factory=time.monotonic)
    _first: tuple[float, int] | None = None
    """When the first units were done, and how many."""

    def line(self, now: float) -> str:
        """``net: KITTI dump: 37 of 100 frames, 8 s left``."""
        spent = max(0.0, now - self.started)
        if self.look is not None:
            done = min(self.look(), self.total) if self.total else self.look()
            of_all = f" of {self.total}" if self.total else ""
            return f"{self.text}: {done}{of_all} {self.unit}, {self._left(now, spent, done)}"
        if self.seconds:
            left = max(0.0, self.seconds - spent)
            return f"{self.text}: {min(spent, self.seconds):.0f} of {self.seconds:.0f} s, at most {left:.0f} s left"
        return f"{self.text}: {_time(spent)}"

    def _left(self, now: float, spent: float, done: int) -> str:
        """The time left by the rate since the first unit was done, so that the start of a program does not count."""
        if done and self._first is None:
            self._first = (now, done)
        if not self.total or self._first is None or done - self._first[1] < _KNOWN * self.total:
            return _time(spent)
        per_unit = (now - self._first[0]) / (done - self._first[1])
        return f"{_time(per_unit * (self.total - done))} left"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


@dataclass
class Terminal:
    """Where progress is shown. ``write`` writes text at once; ``live``: it understands cursor movements; ``width`` of a
    line in characters; ``column``: characters that stand in the cursor's line."""

    write: Callable[[str], None]
    live: bool
    width: Callable[[], int] = lambda: 80
    column: Callable[[], int] = lambda: 0


class ProgressDisplay:
    """Shows the innermost of the tasks that are going on; nothing without a terminal."""

    def __init__(self, terminal: Terminal | None = None) -> None:
        self._terminal = terminal
        self._tasks: list[Task] = []
        self._lock = threading.Lock()
        self._drawn = 0
        """Characters of the live line; 0 if there is none."""

    @contextmanager
    def task(self, task: Task) -> Iterator[Task]:
        """Show ``task`` until the block ends. The line is gone afterwards, also after Ctrl-C."""
        terminal = self._terminal
        if terminal is None:
            yield task
            return
        over = threading.Event()
        self._tasks.append(task)
        if task.announced and not terminal.live:
            self._write_line(printable(task.text))
        ticker = threading.Thread(target=self._tick, args=(task, over), name="dsbench-progress", daemon=True)
        ticker.start()
        try:
            yield task
        finally:
            over.set()
            ticker.join(1.0)  # a terminal that was stopped with Ctrl-S does not stop the step
            with self._lock:
                self._tasks.remove(task)
                self._erase()

    def _tick(self, task: Task, over: threading.Event) -> None:
        assert self._terminal is not None
        while not over.wait(LIVE_S if self._terminal.live else PLAIN_S):
            with self._lock:
                if self._tasks[-1:] == [task] and not over.is_set():
                    self._draw(_line(task))

    def _draw(self, text: str) -> None:
        assert self._terminal is not None
        if not self._terminal.live:
            self._write_line(text)
            return
        shown = fitted(text, max(10, self._terminal.width() - 1))
        self._write(("\r" if self._drawn else "\n") + shown + _ERASE_REST)
        self._drawn = len(shown)

    def _erase(self) -> None:
        """Remove the live line and put the cursor back to where it was before."""
        if self._drawn and self._terminal is not None:
            self._drawn = 0
            column = self._terminal.column() % max(1, self._terminal.width())
            self._write("\r" + _ERASE_REST + _UP + (f"\x1b[{column}C" if column else ""))

    def _write_line(self, text: str) -> None:
        """A plain line; it begins below what stands in the cursor's line."""
        self._write(f"\ndsbench: {text}\n")

    def _write(self, text: str) -> None:
        assert self._terminal is not None
        try:
            self._terminal.write(text)
        except OSError:  # the terminal is gone
            self._terminal = Terminal(lambda text: None, live=False)


def _line(task: Task) -> str:
    try:
        return printable(task.line(time.monotonic()))
    except OSError:  # the folder that is looked at is gone
        return printable(task.text)
