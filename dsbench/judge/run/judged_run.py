"""What the rules look at: one run's windows, its intervals and what else is known about it."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.elapsed import Elapsed
from dsbench.judge.run.run_context import RunContext
from dsbench.judge.run.statistics import UNKNOWN, Interval


@dataclass(frozen=True)
class JudgedRun:
    """A run whose windows are steady from number ``start`` on.

    ``stalled``: numbers of the streams without a frame to the end. ``elapsed``: how long each window really was.
    ``clock``: how long the steady ones were, as a multiple of the interval; 1 where that is not known or within
    tolerance. ``each`` (streams,) are the intervals of the streams over the steady windows in frames per second, empty
    without one; ``lowest`` (streams,) their lowest steady windows in real-time FPS; ``total`` is the interval of their
    sum.
    """

    windows: Windows
    target_fps: float
    context: RunContext
    start: int
    stalled: tuple[int, ...]
    elapsed: Elapsed
    clock: float = 1.0
    total: Interval = UNKNOWN
    each: tuple[Interval, ...] = ()
    lowest: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        """Steady windows."""
        return len(self.windows.fps) - self.start

    @property
    def slowest(self) -> int:
        """The number of the stream with the smallest lower bound."""
        return min(range(len(self.each)), key=lambda number: self.each[number].low)

    @property
    def resolution(self) -> float:
        """What one frame more in all steady windows is worth, in frames per second."""
        return 1 / (self.count * self.windows.interval_s)

    @property
    def span(self) -> tuple[float, float]:
        """Begin and end of the steady windows, in seconds since the app's start."""
        at_s = self.windows.at_s
        begin = at_s[self.start - 1] if self.start else at_s[0] - self.windows.interval_s
        return max(0.0, begin), at_s[-1]
