"""two-states: the run went to and fro between two levels of FPS, or changed once. Its mean is of neither level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist, fmean, pvariance

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import steady
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import OTHER_LOAD_LIKELY, Reason, ReasonCode
from dsbench.judge.run.steady import MATTERS, MIN_WINDOWS, Change, change_state, matters

_FAR_APART = 0.15
"""Two levels whose distance is this fraction of the mean count even where windows lie between them."""
_EXPLAINED, _CLEARLY_EXPLAINED, _SHORT_SERIES = 0.75, 0.84, 0.9
"""Fraction of the variance that two levels must explain: at least; without other evidence; more of it by this number
over the number of windows."""
_LEVEL_WINDOWS, _LEVEL_S, _LEVEL_SPREAD = 3, 8.0, 0.1
"""Windows and seconds of a level before the steady windows, and how much they may differ, as a fraction of it."""


def find(run: JudgedRun) -> Reason | None:
    """Two levels of all streams together; in run 2 also of one stream, where the target lies between them."""
    frame = 1 / run.windows.interval_s
    two = two_states(steady.totals(run.windows)[run.start :], run.windows.streams * frame)
    if two is not None and matters(two, run.total.mean):
        return _reason(two, "all streams together")
    if not run.context.confirms:
        return None
    two = two_states(run.windows.of_stream(run.slowest)[run.start :], frame)
    if two and two.low < run.target_fps <= two.high:
        return _reason(two, f"stream {run.slowest}")
    return slow_first_of(run)


def slow_first_of(run: JudgedRun) -> Reason | None:
    """A stream that reaches the target only after a level below it that was cut as if it were warm-up."""
    begun = steady.all_begun(run.windows)
    for stream in range(run.windows.streams):
        change = slow_first(run.windows, stream, begun, run.start)
        if change and change.first < run.target_fps <= change.second:
            return _reason(change, f"stream {stream}")
    return None


def _reason(two: Change, who: str) -> Reason:
    rates = f"about {two.low:.1f} and {two.high:.1f} FPS"
    text = f"{who} alternated between two frame rates, or changed once: {rates}: {OTHER_LOAD_LIKELY}"
    return Reason(ReasonCode.TWO_STATES, text, change_state(two))


def two_states(values: Sequence[float], quantum: float) -> Change | None:
    """The two levels between which a run goes to and fro, or changes once; None where it has one.

    ``quantum`` is what one frame more in a window is worth. The values are divided at the threshold that leaves least
    variance within both parts [fisher1958, otsu1979]. These are two states if that explains more than noise of any
    usual shape does. In simulated series of one state (normal, uniform, correlated) that happens in at most one of a
    hundred. It may explain somewhat less, since windows may have parts of both, if the levels are far apart or follow
    each other in long runs [wald1940]. Each level must have a fifth of the windows and at least three.
    """
    points = steady.thinned(values)
    if len(points) < MIN_WINDOWS:
        return None
    ordered = sorted(points)
    shortest = max(3, math.ceil(len(points) / 5))
    whole = pvariance(ordered) * len(ordered)
    if whole <= 0 or 2 * shortest > len(points):
        return None
    splits = range(shortest, len(points) - shortest + 1)
    split = min(splits, key=lambda place: _within(ordered[:place]) + _within(ordered[place:]))
    low, high = fmean(ordered[:split]), fmean(ordered[split:])
    explained = 1 - (_within(ordered[:split]) + _within(ordered[split:])) / whole
    if high - low <= 2 * quantum or explained < _EXPLAINED:
        return None
    above = [value > ordered[split - 1] for value in points]
    far = high - low >= _FAR_APART * fmean(points)
    if explained < _CLEARLY_EXPLAINED + _SHORT_SERIES / len(points) and not far and not _in_long_runs(above):
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


def slow_first(windows: Windows, stream: int, begun: int, start: int) -> Change | None:
    """The constant level at which a stream ran at first, and the level of its steady windows.

    The first level lies between window ``begun``, in which the last stream began, and ``start``, the first steady one.
    A stream that warms up becomes faster all the time; a constant level is a state of its own. None if the first
    windows have no constant level, or only for a short time.
    """
    values = windows.of_stream(stream)
    first, rest = values[begun + 1 : start], values[start:]
    if len(first) < _LEVEL_WINDOWS or len(first) * windows.interval_s < _LEVEL_S or not rest:
        return None
    level, spread = fmean(first), max(first) - min(first)
    quantum = 2 / windows.interval_s
    if spread > max(_LEVEL_SPREAD * level, quantum) or fmean(rest) - level <= max(MATTERS * fmean(rest), quantum):
        return None
    return Change(level, fmean(rest))
