"""Which windows of a run are of its steady state, and whether there is one: warm-up, two states, drift.

Pure functions over one run's windows. Every rule asks for a difference that noise and the counting of whole frames do
not make: ``quantum`` is what one frame more in a window is worth, in frames per second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import NormalDist, fmean, median, pvariance

from dsbench.formats.perf.windows import Windows

MATTERS = 0.1
"""A difference of less than this share of the mean is not worth a word, unless the target lies within it."""
FAR_APART = 0.15
"""Two levels so far apart, as a share of the mean, are told even where windows lie between them."""
_WARM_UP_SHARE = 4
"""At most a quarter of what follows the start is warm-up; a run that takes longer is not steady."""
_FEWEST = 8
"""Windows below which nothing is said about states and drift."""
_FEWEST_EVEN, _EVEN_S, _EVEN = 3, 8.0, 0.1
"""Windows and seconds of a level, and how much they may differ, as a share of it."""
_MOST_POINTS = 256


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


def totals(windows: Windows) -> list[float]:
    """All streams together, window by window."""
    return [math.fsum(row) for row in windows.fps]


def warm_up(windows: Windows) -> int:
    """How many windows to cut at the beginning.

    First all up to the one in which the last stream has its first frame: it is still partly start-up. Streams that
    never have one do not count. Then what MSER (White 1997) cuts: so many that the squared standard error of the rest
    is smallest (the fewest that come within half as much again), if what is cut differs from the rest by more than its
    noise.
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
    if count < _FEWEST:
        return 0
    most = min(count // _WARM_UP_SHARE, _MOST_POINTS)
    errors = [pvariance(values[number:]) / (count - number) for number in range(most + 2)]
    cut = next(number for number, error in enumerate(errors) if error <= 1.5 * min(errors))
    if not 0 < cut <= most:
        return 0  # beyond: no warm-up that ends in time, but an unsteady run
    rest = values[cut:]
    noise = 3 * math.sqrt(pvariance(rest) / cut) + quantum / cut
    return cut if abs(fmean(values[:cut]) - fmean(rest)) > noise else 0


def slow_first(windows: Windows, stream: int, begun: int, start: int) -> Change | None:
    """The level at which a stream ran evenly at first, and that of its steady windows.

    The first lies between window ``begun``, in which the last stream began, and ``start``, the first steady one. Who
    warms up becomes faster all the time; this is a state of its own. None where it is no level, or a short one.
    """
    values = windows.of_stream(stream)
    first, rest = values[begun + 1 : start], values[start:]
    if len(first) < _FEWEST_EVEN or len(first) * windows.interval_s < _EVEN_S or not rest:
        return None
    level, uneven = fmean(first), max(first) - min(first)
    quantum = 2 / windows.interval_s
    if uneven > max(_EVEN * level, quantum) or fmean(rest) - level <= max(MATTERS * fmean(rest), quantum):
        return None
    return Change(level, fmean(rest))


def two_states(values: Sequence[float], quantum: float) -> Change | None:
    """The two levels between which a run goes to and fro, or changes once; None where it has one.

    The values are parted at the threshold that leaves least variance within both parts (Fisher 1958, Otsu 1979). Two
    states they are if that explains more than noise of any usual shape does (in simulated series of one state, normal,
    uniform and correlated, in at most one of a hundred), or somewhat less (windows may have parts of both) but the
    levels are far apart or follow each other in long runs (Wald and Wolfowitz 1940). Each must have a fifth of the
    windows and at least three.
    """
    points = _thinned(values)
    if len(points) < _FEWEST:
        return None
    ordered = sorted(points)
    fewest = max(3, math.ceil(len(points) / 5))
    whole = pvariance(ordered) * len(ordered)
    if whole <= 0 or 2 * fewest > len(points):
        return None
    splits = range(fewest, len(points) - fewest + 1)
    split = min(splits, key=lambda place: _within(ordered[:place]) + _within(ordered[place:]))
    low, high = fmean(ordered[:split]), fmean(ordered[split:])
    explained = 1 - (_within(ordered[:split]) + _within(ordered[split:])) / whole
    if high - low <= 2 * quantum or explained < 0.75:
        return None
    above = [value > ordered[split - 1] for value in points]
    far = high - low >= FAR_APART * fmean(points)
    if explained < 0.84 + 0.9 / len(points) and not far and not _in_long_runs(above):
        return None
    return Change(low, high)


def _within(values: Sequence[float]) -> float:
    return pvariance(values) * len(values)


def _in_long_runs(above: Sequence[bool]) -> bool:
    """Whether there are fewer changes from one side to the other than chance makes in one of 500 series."""
    count, high = len(above), sum(above)
    low = count - high
    runs = 1 + sum(a != b for a, b in pairwise(above))
    mean = 1 + 2 * high * low / count
    variance = (mean - 1) * (mean - 2) / (count - 1)
    return variance > 0 and (runs + 0.5 - mean) / math.sqrt(variance) < NormalDist().inv_cdf(0.002)


def drift(values: Sequence[float], quantum: float) -> Change | None:
    """Level at the beginning and at the end of a run that becomes faster or slower all the time; None if it does not.

    A trend by Mann (1945) and Kendall (1975) at 1 %, its slope by Theil and Sen (1968).
    """
    points = _thinned(values)
    count = len(points)
    if count < _FEWEST:
        return None
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    score = sum((points[j] > points[i]) - (points[j] < points[i]) for i, j in pairs)
    ties = [len(list(group)) for _, group in groupby(sorted(points))]
    variance = (_kendall(count) - sum(map(_kendall, ties))) / 18
    if variance <= 0 or (abs(score) - 1) / math.sqrt(variance) < NormalDist().inv_cdf(0.995):
        return None
    slope = median((points[j] - points[i]) / (j - i) for i, j in pairs)
    middle = median(points)
    change = Change(middle - slope * (count - 1) / 2, middle + slope * (count - 1) / 2)
    return change if change.high - change.low > quantum else None


def variation(values: Sequence[float], quantum: float) -> float:
    """The spread of windows as a share of their mean, without what the counting of frames makes of it."""
    mean = fmean(values)
    spread = math.sqrt(max(0.0, pvariance(values) - quantum * quantum))
    return spread / mean if mean > 0 else 0.0


def _kendall(count: int) -> int:
    return count * (count - 1) * (2 * count + 5)


def all_begun(windows: Windows) -> int:
    """The first window in which all streams that ever begin have begun."""
    firsts = [
        first for stream in range(windows.streams) if (first := first_frame(windows.of_stream(stream))) is not None
    ]
    return max(firsts, default=0)


def _thinned(values: Sequence[float]) -> list[float]:
    """Means of equal groups of neighbours where there are too many to compare each with each."""
    together = -(-len(values) // _MOST_POINTS)
    if together <= 1:
        return list(values)
    return [fmean(values[place : place + together]) for place in range(0, len(values) - together + 1, together)]
