"""drift: FPS rise or fall all the time, so the run has not reached a steady state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from statistics import NormalDist, linear_regression, median, pvariance

from dsbench.judge.run import steady
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode
from dsbench.judge.run.steady import MIN_WINDOWS, Change, change_state, matters

_SHORTEST_LEVEL = 3
"""Windows of a level."""
_CLEARLY_LESS = 0.8


def find(run: JudgedRun) -> Reason | None:
    """A trend of all streams together; in run 2 also one of the slowest stream, if it falls below the target."""
    frame = 1 / run.windows.interval_s
    trend = drift(steady.totals(run.windows)[run.start :], run.windows.streams * frame)
    if trend is not None and matters(trend, run.total.mean):
        return _reason(trend, "all streams together")
    if not run.context.confirms:
        return None
    trend = drift(run.windows.of_stream(run.slowest)[run.start :], frame)
    return _reason(trend, f"stream {run.slowest}") if trend and _crosses(trend, run.target_fps) else None


def falls_below_target(run: JudgedRun) -> bool:
    """Whether the slowest stream becomes slower all the time and falls below the target within another run as long.

    A stream that changed once from one level to another has a trend as well, which says nothing about the time after
    it: two levels then explain the windows better than a line.
    """
    values = run.windows.of_stream(run.slowest)[run.start :]
    trend = drift(values, 1 / run.windows.interval_s)
    return trend is not None and _crosses(trend, run.target_fps) and not _changed_once(values)


def _changed_once(values: Sequence[float]) -> bool:
    """Whether one change of level leaves clearly less variance than a line does."""
    points = steady.thinned(values)
    places = range(_SHORTEST_LEVEL, len(points) - _SHORTEST_LEVEL + 1)
    levels = min((_squares(points[:place]) + _squares(points[place:]) for place in places), default=math.inf)
    numbers = range(len(points))
    slope, intercept = linear_regression(numbers, points)
    line = math.fsum((value - slope * number - intercept) ** 2 for number, value in enumerate(points))
    return levels < _CLEARLY_LESS * line


def _squares(values: Sequence[float]) -> float:
    return pvariance(values) * len(values)


def _crosses(trend: Change, target_fps: float) -> bool:
    """Whether a stream that slows down falls below the target within another run as long, or has."""
    return trend.second < trend.first and 2 * trend.second - trend.first < target_fps <= trend.first


def _reason(trend: Change, who: str) -> Reason:
    text = f"{who} went from about {trend.first:.1f} to {trend.second:.1f} FPS"
    return Reason(ReasonCode.DRIFT, f"{text}: raise --perf-seconds until FPS are steady", change_state(trend))


def drift(values: Sequence[float], quantum: float) -> Change | None:
    """Level at the beginning and at the end of a run that becomes faster or slower all the time; None if it does not.

    A trend at the 1 % level [mann1945, kendall1975], its slope by [sen1968]. ``quantum`` is what one frame more in a
    window is worth.
    """
    points = steady.thinned(values)
    count = len(points)
    if count < MIN_WINDOWS:
        return None
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    score = sum((points[j] > points[i]) - (points[j] < points[i]) for i, j in pairs)
    ties = [len(list(group)) for _, group in groupby(sorted(points))]
    variance = (_kendall(count) - sum(map(_kendall, ties))) / 18
    if variance <= 0 or (abs(score) - 1) / math.sqrt(variance) < NormalDist().inv_cdf(0.995):
        return None
    slope = median((points[j] - points[i]) / (j - i) for i, j in pairs)
    middle = median(points)
    half = slope * (count - 1) / 2
    change = Change(max(0.0, middle - half), max(0.0, middle + half))  # a line may end below zero, FPS do not
    return change if change.high - change.low > quantum else None


def _kendall(count: int) -> int:
    return count * (count - 1) * (2 * count + 5)
