"""The mean of a run's windows and how well it is known: a block bootstrap's 95 % interval, the same for the same input.

Neighbouring windows of a run are not independent (a slow moment lasts), so blocks of windows are resampled instead of
single windows: the circular block bootstrap [politis1992], with the block length of a first-order autoregression
[carlstein1986]. The variance that such blocks miss is added. With few windows a percentile interval is too narrow, so
it is expanded [hesterberg2015] with Student's t for the number of blocks. Last, the interval grows at
either end by one frame divided by the whole time, since whole frames are counted.

docs/references.md has the keys. ``benchmarks/verdicts.py`` shows how often the interval contains the true mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIDENCE = 0.95
_RESAMPLES = 2000
_SEED = 20_250_101
"""Fixed: the same windows give the same interval, today and on another machine."""
_MAX_POINTS = 256
"""Longer runs are averaged in equal groups first. The mean stays the same and the cost is bounded."""
_MIN_FOR_CORRELATION = 5


@dataclass(frozen=True)
class Interval:
    """A mean in frames per second and the bounds of its 95 % confidence interval."""

    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """The larger distance of a bound from the mean."""
        return max(self.mean - self.low, self.high - self.mean)

    @property
    def relative(self) -> float:
        """``half_width`` as a fraction of the mean; infinite for a mean of 0."""
        return self.half_width / self.mean if self.mean > 0 else math.inf

    def scaled(self, factor: float) -> Interval:
        """All three times ``factor``."""
        return Interval(self.mean * factor, self.low * factor, self.high * factor)


UNKNOWN = Interval(0.0, 0.0, math.inf)
"""Of no window at all."""


def intervals(columns: Sequence[Sequence[float]], resolutions: Sequence[float]) -> tuple[Interval, ...]:
    """The interval of each column's mean. ``columns`` (columns, windows), all of one length of at least 1.

    ``resolutions`` (columns,): what one frame more or less in the whole time is worth, in frames per second; it is
    added at both ends. All columns are drawn alike, so that what they have in common stays. One window says nothing
    about noise: the interval is then from 0 to infinity.
    """
    import numpy as np

    given = np.asarray(columns, dtype=np.float64)
    means, values = given.mean(axis=1), _grouped(given)
    points = values.shape[1]
    if points < 2:
        return tuple(Interval(float(mean), 0.0, math.inf) for mean in means)
    length = block_length(correlation(values.sum(axis=0).tolist()), points)
    tail = _expanded_tail((1 - CONFIDENCE) / 2, points, -(-points // length))
    lows, highs = np.quantile(_resampled_means(values, length), (tail, 1 - tail), axis=0)
    found = []
    bounds = zip(means.tolist(), lows.tolist(), highs.tolist(), strict=True)
    for (mean, low, high), column, resolution in zip(bounds, values.tolist(), resolutions, strict=True):
        wider = _missed_by_blocks(correlation(column), length, points)
        below, above = max(mean - low, 0.0) * wider + resolution, max(high - mean, 0.0) * wider + resolution
        found.append(Interval(mean, max(0.0, mean - below), mean + above))
    return tuple(found)


def correlation(values: Sequence[float]) -> float:
    """The correlation of neighbours, at least 0 and at most 0.9. Estimates from short series are too small and vary, so
    their bias [kendall1954] is taken out and a third of the standard error 1 / sqrt(n) is added."""
    count = len(values)
    mean = math.fsum(values) / count
    centred = [value - mean for value in values]
    power = math.fsum(value * value for value in centred)
    if count <= _MIN_FOR_CORRELATION or power <= 0:
        return 0.0
    estimate = math.fsum(a * b for a, b in pairwise(centred)) / power
    unbiased = (count * estimate + 1) / (count - 4)
    return min(max(unbiased + 1 / (3 * math.sqrt(count)), 0.0), 0.9)


def block_length(rho: float, count: int) -> int:
    """Windows in a block: (2 rho / (1 - rho^2))^(2/3) n^(1/3) [carlstein1986], at most n / 4, at least 1."""
    if rho <= 0:
        return 1
    ideal = math.pow(2 * rho / (1 - rho * rho), 2 / 3) * math.pow(count, 1 / 3)
    return max(1, min(math.ceil(ideal), count // 4))


def _missed_by_blocks(rho: float, length: int, count: int) -> float:
    """How much more the mean of ``count`` values of a first-order autoregression spreads than blocks show, a factor."""
    return math.sqrt(_spread(rho, count) / _spread(rho, length))


def _spread(rho: float, count: int) -> float:
    """n var(mean) / var of one value of a first-order autoregression."""
    return 1 + 2 * math.fsum((1 - lag / count) * math.pow(rho, lag) for lag in range(1, count))


@lru_cache(maxsize=256)
def student_t(tail: float, freedom: float) -> float:
    """The quantile of Student's t beyond which ``tail`` lies, by bisection of its distribution function."""
    low, high = 0.0, 1e3
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_tail(middle, freedom) > tail else (low, middle)
    return high


def _t_tail(t: float, freedom: float) -> float:
    """P(T > t), Simpson's rule over the angle: with t = sqrt(f) tan(a) the density is that of cos(a)^(f-1)."""
    start, end, steps = math.atan(t / math.sqrt(freedom)), math.pi / 2, 200
    step = (end - start) / steps
    ordinates = [math.pow(max(0.0, math.cos(start + step * number)), freedom - 1) for number in range(steps + 1)]
    area = step / 3 * (ordinates[0] + ordinates[-1] + 4 * sum(ordinates[1:-1:2]) + 2 * sum(ordinates[2:-1:2]))
    whole = math.sqrt(math.pi) * math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom + 1) / 2))
    return area / whole


def _expanded_tail(tail: float, points: int, blocks: int) -> float:
    """The tail to cut from the drawn means so that about ``tail`` is cut from the truth [hesterberg2015]."""
    freedom = max(1, blocks - 1)
    wider = math.sqrt(points / (points - 1)) * student_t(tail, freedom)
    return max(NormalDist().cdf(-wider), 0.0)


def _grouped(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of equal groups of neighbours where there are more windows than the bootstrap needs."""
    together = -(-values.shape[1] // _MAX_POINTS)
    if together == 1:
        return values
    whole = values.shape[1] // together
    grouped: NDArray[np.float64] = values[:, : whole * together].reshape(values.shape[0], whole, together).mean(axis=2)
    return grouped


def _resampled_means(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """(resamples, columns): the means of as many windows, drawn in blocks that may wrap around."""
    import numpy as np

    points = values.shape[1]
    starts = np.random.default_rng(_SEED).integers(0, points, size=(_RESAMPLES, -(-points // length)))
    places = (starts[:, :, None] + np.arange(length)).reshape(_RESAMPLES, -1)[:, :points] % points
    places += np.arange(_RESAMPLES)[:, None] * points
    times = np.bincount(places.ravel(), minlength=_RESAMPLES * points).reshape(_RESAMPLES, points)
    drawn: NDArray[np.float64] = times @ values.T / points
    return drawn
