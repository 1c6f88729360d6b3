"""The jobs of a run on a terminal: a table that is drawn again and again. Elsewhere a line for each event."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

from dsbench.base.text import console, counted, fitted, printable

_EVERY_S = 0.5
_UP, _ERASE_BELOW = "\x1b[{}A", "\x1b[J"
_USUAL_SIZE = (80, 24)
_MODEL_WIDTH, _HOST_WIDTH = 32, 20


class JobPhase(StrEnum):
    """Where a job is. Their order is that of the table."""

    RUNNING = "running"
    INVALID = "INVALID"
    FAILED = "FAILED"
    PASSED = "PASSED"
    WAITING = "waiting"
    STOPPED = "stopped"


_UNFINISHED = (JobPhase.RUNNING, JobPhase.WAITING)
_ENDED = (JobPhase.PASSED, JobPhase.FAILED, JobPhase.INVALID, JobPhase.STOPPED)
_PLACE = {phase: number for number, phase in enumerate(JobPhase)}


@dataclass(frozen=True, slots=True)
class TableRow:
    """A job: ``seconds`` it runs or ran, 0 if it never did; ``note``: what it does, or why it ended so."""

    model: str
    phase: JobPhase
    host: str = ""
    seconds: float = 0.0
    note: str = ""


def heading(rows: Sequence[TableRow]) -> str:
    """``3 of 8 jobs ended: 2 PASSED, 1 FAILED; 2 running, 3 waiting; about 4 min left``."""
    counts = {phase: sum(row.phase is phase for row in rows) for phase in JobPhase}
    ended = [f"{counts[phase]} {phase}" for phase in _ENDED if counts[phase]]
    other = [f"{counts[phase]} {phase}" for phase in _UNFINISHED if counts[phase]]
    n_ended = sum(counts[phase] for phase in _ENDED)
    parts = [f"{n_ended} of {counted(len(rows), 'job')} ended{': ' if ended else ''}{', '.join(ended)}"]
    parts += [", ".join(other)] if other else []
    left = seconds_left(rows)
    parts += [f"about {duration(left)} left"] if left is not None else []
    return "; ".join(parts)


def seconds_left(rows: Sequence[TableRow]) -> float | None:
    """The time left if the other jobs take as long as those that passed or failed; None as long as nobody knows."""
    known = [row.seconds for row in rows if row.phase in (JobPhase.PASSED, JobPhase.FAILED) and row.seconds]
    running = [row for row in rows if row.phase is JobPhase.RUNNING]
    if not known or not running:
        return None
    mean = sum(known) / len(known)
    waiting = sum(row.phase is JobPhase.WAITING for row in rows)
    return (waiting * mean + sum(max(0.0, mean - row.seconds) for row in running)) / len(running)


def duration(seconds: float) -> str:
    """``34 s``, ``5 min``, ``2.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def table(rows: Sequence[TableRow], columns: int, lines: int) -> list[str]:
    """The heading and as many rows as fit: those that run first, then those that ended badly."""
    shown = sorted(rows, key=lambda row: _PLACE[row.phase])
    room = max(1, lines - 2)
    more = [f"  and {len(shown) - room + 1} more"] if len(shown) > room else []
    shown = shown[: room - 1] if more else shown
    widths = [max((len(_cell(row)[place]) for row in shown), default=0) for place in range(4)]
    limits = (_MODEL_WIDTH, len(JobPhase.RUNNING), _HOST_WIDTH, 8)
    widths = [min(width, limit) for width, limit in zip(widths, limits, strict=True)]
    text = [f"dsbench fleet: {heading(rows)}", *(_line(row, widths) for row in shown), *more]
    return [fitted(printable(console(line)), max(10, columns - 1)) for line in text]


def _cell(row: TableRow) -> tuple[str, str, str, str]:
    return printable(row.model), str(row.phase), printable(row.host), duration(row.seconds) if row.seconds else ""


def _line(row: TableRow, widths: Sequence[int]) -> str:
    cells = (f"{fitted(cell, width):<{width}}" for cell, width in zip(_cell(row), widths, strict=True))
    return f"  {'  '.join(cells)}  {row.note}".rstrip()


class LiveTable:
    """Draws the rows on a terminal, at most twice a second. On anything else only ``event`` writes."""

    def __init__(self, stream: TextIO, rows: Callable[[], Sequence[TableRow]]) -> None:
        self._stream = stream
        self._rows = rows
        self._live = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._drawn = 0
        self._next = 0.0

    def tick(self) -> None:
        """Draw again if it is time."""
        now = time.monotonic()
        if self._live and now >= self._next:
            self._next = now + _EVERY_S
            self._draw()

    def event(self, text: str) -> None:
        """Something that stays on the screen: above the table."""
        self._write(f"{self._erased()}dsbench fleet: {printable(console(text))}\n")
        self._drawn = 0
        if self._live:
            self._draw()

    def end(self) -> None:
        """Remove the table: the events and the summary of the merge stay."""
        self._write(self._erased())
        self._drawn = 0

    def _draw(self) -> None:
        lines = table(self._rows(), *self._size())
        self._write(self._erased() + "".join(f"{line}\n" for line in lines))
        self._drawn = len(lines)

    def _size(self) -> tuple[int, int]:
        """Columns and lines of the terminal."""
        try:
            size = os.get_terminal_size(self._stream.fileno())
        except OSError:
            return _USUAL_SIZE
        return size.columns or _USUAL_SIZE[0], size.lines or _USUAL_SIZE[1]

    def _erased(self) -> str:
        return f"\r{_UP.format(self._drawn)}{_ERASE_BELOW}" if self._drawn else ""

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # the terminal is gone; the run goes on
            self._live = False
