"""The ``**PERF:`` rows of one run as a table: FPS of every stream over time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from dsbench.formats.perf.rows import PerfRow, RowReader

MAX_WINDOWS = 10_000
"""Windows that are kept, the last ones: a run of days must not fill the memory."""
_BYTES, _BYTES_PER_S = 8 << 20, 128 << 10
"""Rows that are read of a running app. 1024 streams with a row a second need a sixth of it; more is a flood."""
MAX_FPS = 1e6
"""Above it, and below 0, a value is no rate of frames; neither are ``inf`` and ``nan``."""


@dataclass(frozen=True)
class Windows:
    """One run's PERF windows. Only whole rows are in the table.

    ``fps`` (windows, streams): frames per second. ``at_s`` (windows,): when the row was seen, in seconds since the
    app's start. ``broken`` counts rows that are not in ``fps``: other output cut them, or a value is no rate of frames
    (``inf``, ``nan``), or the app printed more than is read. ``repaired`` counts rows that were put together from
    several lines; they are in ``fps``.
    ``earlier`` counts windows before those that are kept.

    Empty where not known: ``begun_s``, when each row began, whole or not; ``avg`` (windows, streams), the averages in
    parentheses, frames per second since the stream's first frame, 0 where that is no number; ``number`` (windows,), of
    each row, from 1, broken ones counted.
    """

    interval_s: int
    streams: int
    at_s: tuple[float, ...]
    fps: tuple[tuple[float, ...], ...]
    broken: int = 0
    repaired: int = 0
    earlier: int = 0
    begun_s: tuple[float, ...] = ()
    avg: tuple[tuple[float, ...], ...] = ()
    number: tuple[int, ...] = ()

    @property
    def last_row_s(self) -> float | None:
        """When the last row was seen, broken and lost ones included; None without a row."""
        last = (*self.at_s[-1:], *self.begun_s[-1:])
        return max(last) if last else None

    def of_stream(self, stream: int) -> tuple[float, ...]:
        """One stream's windows, in order."""
        return tuple(row[stream] for row in self.fps)


class Collector:
    """Makes the table of ``instance`` from lines as they come: ``feed`` each, then ``finish``."""

    def __init__(self, streams: int, interval_s: int, instance: int = 0) -> None:
        self._reader = RowReader(streams)
        self._streams, self._interval_s, self._instance = streams, interval_s, instance
        self._rows: deque[_SeenRow] = deque(maxlen=MAX_WINDOWS)
        self._begun_s: deque[float] = deque(maxlen=MAX_WINDOWS)
        self._seen = self._repaired = self._begun = 0
        self._read_bytes = self._unread = 0
        self.whole = 0
        """Whole rows so far."""

    @property
    def rows(self) -> int:
        """Rows so far, cut and lost ones included."""
        return self._seen + self._reader.lost + self._unread

    def feed(self, line: str, at_s: float) -> None:
        """Take in a line that was seen at ``at_s`` seconds since the app's start."""
        self._add(self._reader.feed(line), at_s)

    def feed_block(self, block: bytes, at_s: float) -> None:
        """Take in whole lines. An app that prints rows all the time is not read to the end: its rows only count."""
        position = 0
        while (start := self._next(block, position)) >= 0:
            if self._read_bytes > _BYTES + _BYTES_PER_S * at_s:
                self._add(self._reader.finish(), at_s)
                self._unread += block.count(b"PERF", start)
                return
            position = block.find(b"\n", start) + 1 or len(block)
            self._read_bytes += position - start
            self.feed(block[start:position].decode("utf-8", "replace"), at_s)

    def _next(self, block: bytes, position: int) -> int:
        """Where the next line begins that may say something; -1 without one."""
        if self._reader.waiting and position < len(block):
            return position
        at = block.find(b"PERF", position)
        return at if at < 0 else max(position, block.rfind(b"\n", position, at) + 1)

    def finish(self, at_s: float) -> None:
        """The log has ended."""
        self._add(self._reader.finish(), at_s)

    def _add(self, rows: Iterable[PerfRow], at_s: float) -> None:
        for row in rows:
            if row.instance != self._instance:
                continue
            self._seen += 1
            if len(row.fps) == self._streams and all(0 <= value <= MAX_FPS for value in row.fps):  # nan: False
                self.whole += 1
                self._repaired += row.repaired
                self._rows.append(_SeenRow(row, at_s, self._reader.begun[self._instance]))  # no other has begun yet
        begun = self._reader.begun[self._instance]  # a cut row is handed out when the next one comes, but began before
        self._begun_s.extend([at_s] * (begun - self._begun))
        self._begun = begun

    def windows(self) -> Windows:
        """The table so far."""
        rows = tuple(self._rows)
        return Windows(
            self._interval_s,
            self._streams,
            tuple(seen.at_s for seen in rows),
            tuple(seen.row.fps for seen in rows),
            broken=self.rows - self.whole,
            repaired=self._repaired,
            earlier=self.whole - len(rows),
            begun_s=tuple(self._begun_s),
            avg=tuple(tuple(value if 0 <= value < math.inf else 0.0 for value in seen.row.avg) for seen in rows),
            number=tuple(seen.number for seen in rows),
        )


@dataclass(frozen=True, slots=True)
class _SeenRow:
    """A whole row, when it was seen, and which row it is, from 1."""

    row: PerfRow
    at_s: float
    number: int
