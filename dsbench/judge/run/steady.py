"""Which windows of a run are steady: warm-up is cut. And what the rules about levels of FPS share.

``quantum`` is what one frame more in a window is worth, in frames per second. Every rule asks for a difference that
noise and the counting of whole frames do not make.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pvariance

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.reason import State

MIN_WINDOWS = 8
"""Windows below which nothing is said about levels and trends."""
MATTERS = 0.1
"""Fraction of the mean below which a difference is not reported, unless the target lies within it."""
HOPELESS = 4.0
"""Ratio of two levels from which on no figure of the run means anything."""
_WARM_UP_DIVISOR = 4
"""At most a quarter of what follows the start is warm-up; a run that takes longer is not steady."""
_MAX_POINTS = 256


@dataclass(frozen=True)
class Change:
    """Two levels in frames per second: of two states, or of the beginning and the end of a run."""

    first: float
    second: float

    @property
    def low(self) -> float:
        return min(self.first, self.second)

    @property
    def high(self) -> float:
        return max(self.first, self.second)

    @property
    def ratio(self) -> float:
        """The larger over the smaller, infinite where that is 0."""
        return self.high / self.low if self.low > 0 else math.inf


def matters(change: Change, mean: float) -> bool:
    """Whether two levels are far enough apart to be reported."""
    return change.high - change.low >= MATTERS * mean


def change_state(change: Change) -> State:
    """What two levels make of a measurement."""
    return State.INVALID if change.ratio >= HOPELESS else State.INCONCLUSIVE


def totals(windows: Windows) -> list[float]:
    """All streams together, window by window."""
    return [math.fsum(row) for row in windows.fps]


def warm_up(windows: Windows) -> int:
    """How many windows to cut at the beginning.

    First all up to the one in which the last stream has its first frame: it is still partly start-up. Streams that
    never have one do not count. Then what MSER [white1997] cuts: the number that makes the squared standard error of
    the rest smallest, or the smallest number within half as much again. It is cut only if it differs from the rest by
    more than its noise.
    """
    if not any(map(any, windows.fps)):
        return len(windows.fps)
    start = all_begun(windows) + 1
    return start + _mser(totals(windows)[start:], windows.streams / windows.interval_s)


def first_frame(values: Sequence[float]) -> int | None:
    """The first window of one stream that has a frame; None without."""
    return next((number for number, value in enumerate(values) if value > 0), None)


def _mser(values: Sequence[float], quantum: float) -> int:
    count = len(values)
    if count < MIN_WINDOWS:
        return 0
    longest = min(count // _WARM_UP_DIVISOR, _MAX_POINTS)
    errors = [pvariance(values[number:]) / (count - number) for number in range(longest + 2)]
    cut = next(number for number, error in enumerate(errors) if error <= 1.5 * min(errors))
    if not 0 < cut <= longest:
        return 0  # beyond: no warm-up that ends in time, but an unsteady run
    rest = values[cut:]
    noise = 3 * math.sqrt(pvariance(rest) / cut) + quantum / cut
    return cut if abs(fmean(values[:cut]) - fmean(rest)) > noise else 0


def all_begun(windows: Windows) -> int:
    """The first window in which all streams that ever begin have begun."""
    firsts = [
        first for stream in range(windows.streams) if (first := first_frame(windows.of_stream(stream))) is not None
    ]
    return max(firsts, default=0)


def thinned(values: Sequence[float]) -> list[float]:
    """The values, or the means of groups of neighbours if there are more than ``_MAX_POINTS`` (pairs are compared)."""
    together = -(-len(values) // _MAX_POINTS)
    if together <= 1:
        return list(values)
    return [fmean(values[place : place + together]) for place in range(0, len(values) - together + 1, together)]
