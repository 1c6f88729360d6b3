"""The mean of a run's windows and how well it is known: a block bootstrap's 95 % interval, the same for the same input.

Neighbouring windows of a run are not independent (a slow moment lasts), so whole blocks are drawn again instead of
single windows: the circular block bootstrap of Politis and Romano (1992), with blocks of the length that Carlstein
(1986) finds for a first-order autoregression. With few windows a percentile interval is too narrow; it is widened as
Hesterberg (2015, "What Teachers Should Know About the Bootstrap", expanded percentile interval) says, with Student's t
for the number of blocks. Last, a count of whole frames leaves one frame of the whole time open at either end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
_MOST_POINTS = 256
"""Longer runs are averaged in equal groups first: nothing is lost for the mean, and the cost stays bounded."""


@dataclass(frozen=True)
class Interval:
    """A mean in frames per second, and from where to where it lies with 95 % confidence."""

    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """The larger distance of a bound from the mean."""
        return max(self.mean - self.low, self.high - self.mean)

    @property
    def relative(self) -> float:
        """``half_width`` as a share of the mean; infinite for a mean of 0."""
        return self.half_width / self.mean if self.mean > 0 else math.inf

    def scaled(self, factor: float) -> Interval:
        """All three times ``factor``."""
        return Interval(self.mean * factor, self.low * factor, self.high * factor)


def intervals(
    columns: Sequence[Sequence[float]], resolution: float, confidence: float = CONFIDENCE
) -> tuple[Interval, ...]:
    """The interval of each column's mean. ``columns`` (columns, windows), all of one length of at least 1.

    ``resolution``: what one frame more or less in the whole time is worth, in frames per second; it is added at both
    ends. All columns are drawn alike, so that what they have in common stays. One window says nothing about noise: the
    interval is then from 0 to infinity.
    """
    import numpy as np

    values = _grouped(np.asarray(columns, dtype=np.float64))
    means = np.asarray(columns, dtype=np.float64).mean(axis=1)
    points = values.shape[1]
    if points < 2:
        return tuple(Interval(float(mean), 0.0, math.inf) for mean in means)
    length = block_length(values.sum(axis=0).tolist())
    drawn = _resampled_means(values, length)
    tail = _expanded_tail((1 - confidence) / 2, points, -(-points // length))
    low, high = np.quantile(drawn, (tail, 1 - tail), axis=0)
    return tuple(
        Interval(
            float(mean), max(0.0, min(float(a), float(mean)) - resolution), max(float(b), float(mean)) + resolution
        )
        for mean, a, b in zip(means, low, high, strict=True)
    )


def block_length(values: Sequence[float]) -> int:
    """Windows in a block: (2 rho / (1 - rho^2))^(2/3) n^(1/3) (Carlstein 1986), at most a quarter of them, at least 1.

    ``rho`` is the correlation of neighbours, corrected for its bias of -1/n in short series.
    """
    count = len(values)
    mean = math.fsum(values) / count
    centred = [value - mean for value in values]
    power = math.fsum(value * value for value in centred)
    if count < 4 or power <= 0:
        return 1
    rho = math.fsum(a * b for a, b in pairwise(centred)) / power + 1 / count
    if rho <= 0:
        return 1
    rho = min(rho, 0.9)
    ideal = math.pow(2 * rho / (1 - rho * rho), 2 / 3) * math.pow(count, 1 / 3)
    return max(1, min(math.ceil(ideal), count // 4))


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
    """The tail to cut from the drawn means so that about ``tail`` is cut from the truth (Hesterberg 2015)."""
    freedom = max(1, blocks - 1)
    wider = math.sqrt(points / (points - 1)) * student_t(tail, freedom)
    return max(NormalDist().cdf(-wider), 0.0)


def _grouped(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of equal groups of neighbours where there are more windows than the bootstrap needs."""
    together = -(-values.shape[1] // _MOST_POINTS)
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
