"""The ``**PERF:`` rows of one run as a table: FPS of every stream over time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.formats.perf import log as perf_log
from dsbench.formats.perf.log import PerfRow, PlainRows, RowReader

MOST_WINDOWS = 10_000
"""Windows that are kept, the last ones: a run of days must not fill the memory."""
MOST_FPS = 1e6
"""Above it, and below 0, a value is no rate of frames; neither are ``inf`` and ``nan``."""


@dataclass(frozen=True)
class Windows:
    """One run's PERF windows: ``fps`` (windows, streams) frames per second, ``at_s`` (windows,) seconds since the app
    was started at which the row was seen. ``broken`` counts rows that are not in ``fps``: other output cut them, or
    a value is no rate of frames (``inf``, ``nan``); ``repaired`` those that could be put together again, which are;
    ``earlier`` windows before those that are kept. ``begun_s``: when each row began, whatever became of it; ``avg``
    (windows, streams): the averages in parentheses, frames per second since the stream's first frame, 0 where that is
    no number; ``number`` (windows,): of each row, from 1, broken ones counted. All three are empty where not known."""

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
        """When the last row of any kind was seen, broken or lost ones included; None without a row."""
        last = (*self.at_s[-1:], *self.begun_s[-1:])
        return max(last) if last else None

    def of_stream(self, stream: int) -> tuple[float, ...]:
        """One stream's windows, in order."""
        return tuple(row[stream] for row in self.fps)


class Collector:
    """Makes the table of ``instance`` from lines as they come: ``feed`` each, then ``finish``."""

    def __init__(self, streams: int, interval_s: int, instance: int = 0) -> None:
        self.reader = RowReader(streams)
        self._streams, self._interval_s, self._instance = streams, interval_s, instance
        self._at_s: deque[float] = deque(maxlen=MOST_WINDOWS)
        # bytes: the row's line, its numbers not yet read
        self._rows: deque[PerfRow | bytes] = deque(maxlen=MOST_WINDOWS)
        self._number: deque[int] = deque(maxlen=MOST_WINDOWS)
        self._begun_s: deque[float] = deque(maxlen=MOST_WINDOWS)
        self._seen = self._whole = self._repaired = self._begun = 0

    @property
    def rows(self) -> int:
        """Rows so far, broken and lost ones included."""
        return self._seen + self.reader.lost

    @property
    def whole(self) -> int:
        """Whole rows so far."""
        return self._whole

    def feed(self, line: str, at_s: float) -> None:
        """Take in a line that was seen at ``at_s`` seconds since the app's start."""
        self.add(self.reader.feed(line), at_s)

    def finish(self, at_s: float) -> None:
        """The log has ended."""
        self.add(self.reader.finish(), at_s)

    def add(self, rows: Iterable[PerfRow], at_s: float) -> None:
        """Take in rows that were seen at ``at_s``."""
        for row in rows:
            if row.instance != self._instance:
                continue
            self._seen += 1
            if len(row.fps) == self._streams and all(0 <= value <= MOST_FPS for value in row.fps):  # nan: False
                self._whole += 1
                self._repaired += row.repaired
                self._at_s.append(at_s)
                self._rows.append(row)
                self._number.append(self.reader.begun[self._instance])  # no other has begun yet
        begun = self.reader.begun[self._instance]  # a cut row is handed out when the next one comes, but began before
        self._begun_s.extend([at_s] * (begun - self._begun))
        self._begun = begun

    def add_plain(self, rows: PlainRows, seen_s: Callable[[range], list[float]]) -> None:
        """Take in rows of the usual form; ``seen_s``: when those of these numbers were seen."""
        if self._instance:
            return
        count = len(rows.lines)
        at_s = seen_s(range(self.rows, self.rows + count))
        self._begun_s.extend(at_s[:1] * (self.reader.begun[0] - self._begun - count))
        self._begun_s.extend(at_s)
        self._begun = self.reader.begun[0]
        self._seen += count
        if rows.streams == self._streams:
            self._whole += count
            self._at_s.extend(at_s)
            self._rows.extend(rows.lines)
            self._number.extend(range(self._begun - count + 1, self._begun + 1))

    def windows(self) -> Windows:
        """The table so far."""
        values = [perf_log.plain_row(row) if isinstance(row, bytes) else (row.fps, row.avg) for row in self._rows]
        return Windows(
            self._interval_s,
            self._streams,
            tuple(self._at_s),
            tuple(fps for fps, _ in values),
            broken=self.rows - self._whole,
            repaired=self._repaired,
            earlier=self._whole - len(self._rows),
            begun_s=tuple(self._begun_s),
            avg=tuple(tuple(value if 0 <= value < math.inf else 0.0 for value in avg) for _, avg in values),
            number=tuple(self._number),
        )


def of_log(
    log: Path, streams: int, interval_s: int, seen_s: Sequence[float] = (), ended_s: float = 0.0, instance: int = 0
) -> Windows:
    """The whole rows of a log. ``seen_s``: when each row was seen; ``ended_s`` stands for those that were not.

    Memory does not grow with the log. Raises DsbenchError(PERF_LOG_INVALID) when it cannot be read.
    """

    def seen(rows: range) -> list[float]:
        known = seen_s[rows.start : rows.stop]
        return [*known, *[ended_s] * (len(rows) - len(known))]

    return _collect(log, Collector(streams, interval_s, instance), seen)


def of_every_instance(log: Path, interval_s: int) -> dict[int, Windows]:
    """The windows of each ``-c`` of a log by its number, 0 where there was one only; streams as the rows have them.

    Times are not known: row n counts as seen after n intervals. Raises DsbenchError(PERF_LOG_INVALID).
    """
    streams: dict[int, int] = {}
    for found in perf_log.runs(log, RowReader()):
        instance, count = (0, found.streams) if isinstance(found, PlainRows) else (found.instance, len(found.fps))
        streams[instance] = max(streams.get(instance, 0), count)

    def seen(rows: range) -> list[float]:
        return [float(interval_s * (row + 1)) for row in rows]

    return {
        instance: _collect(log, Collector(count, interval_s, instance), seen) for instance, count in streams.items()
    }


def _collect(log: Path, collector: Collector, seen_s: Callable[[range], list[float]]) -> Windows:
    """The table of a log; ``seen_s``: when the rows of these numbers were seen."""
    for found in perf_log.runs(log, collector.reader):
        if isinstance(found, PlainRows):
            collector.add_plain(found, seen_s)
        else:
            collector.add((found,), *seen_s(range(collector.rows, collector.rows + 1)))
    return collector.windows()
