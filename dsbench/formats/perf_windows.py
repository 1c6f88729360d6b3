"""The ``**PERF:`` rows of one run as a table: FPS of every stream over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.formats import perf_log


@dataclass(frozen=True)
class Windows:
    """One run's PERF windows: ``fps`` (windows, streams) frames per second, ``at_s`` (windows,) seconds since the app
    was started at which the row was seen. ``broken`` counts rows that other output cut short: not in ``fps``."""

    interval_s: int
    streams: int
    at_s: tuple[float, ...]
    fps: tuple[tuple[float, ...], ...]
    broken: int = 0

    def of_stream(self, stream: int) -> tuple[float, ...]:
        """One stream's windows, in order."""
        return tuple(row[stream] for row in self.fps)


def of_log(log: Path, streams: int, interval_s: int, seen_s: Sequence[float], ended_s: float) -> Windows:
    """The whole rows of a log. ``seen_s``: when each row was seen; ``ended_s`` stands for those that were not."""
    at_s, fps, broken = [], [], 0
    for number, row in enumerate(perf_log.rows(log)):
        if len(row.fps) == streams:
            at_s.append(seen_s[number] if number < len(seen_s) else ended_s)
            fps.append(row.fps)
        else:
            broken += 1
    return Windows(interval_s, streams, tuple(at_s), tuple(fps), broken)
