"""How long a frame takes: percentiles with their 95 % intervals, as far as the sample is large enough.

The interval of a percentile comes from order statistics and assumes no distribution: with B binomial (n, q), the l-th
and u-th smallest of n independent values enclose the q-quantile with probability P(l <= B < u) [hahn1991 5.2, david2003
7.1]. A percentile is reported only if both ends exist at 2.5 % a side: 6 values for the median, 36 for the 90th
percentile, 72 for the 95th, 368 for the 99th.

Latencies of consecutive frames are not independent, and those of one batch are nearly the same. So the effective number
of one stream's frames counts, by the initial positive sequence [geyer1992 3.3]. docs/references.md has the keys.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)
_TAIL = 0.025
_MAX_COUNT = 100_000
"""More independent values make an interval no narrower to speak of."""


@dataclass(frozen=True)
class Percentile:
    """``percent`` of the frames took ``value`` milliseconds or less, with its 95 % interval ``low`` to ``high``."""

    percent: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Missing:
    """A percentile for which the sample is too small, and how many independent values it needs."""

    percent: float
    needed: int


@dataclass(frozen=True)
class LatencySummary:
    """All frames of all streams, in milliseconds. ``effective``: how many independent values they count for."""

    frames: int
    streams: int
    effective: int
    mean: float
    smallest: float
    largest: float
    percentiles: tuple[Percentile, ...]
    missing: tuple[Missing, ...]


def summarise(by_stream: Mapping[int, Sequence[float]]) -> LatencySummary | None:
    """The summary of each stream's latencies in order of time; None without a frame."""
    streams = [values for values in by_stream.values() if len(values)]
    if not streams:
        return None
    pooled = sorted(value for values in streams for value in values)
    effective = max(effective_size(values) for values in streams)
    known, missing = [], []
    for percent in PERCENTILES:
        ranks = interval_ranks(effective, percent / 100)
        if ranks is None:
            missing.append(Missing(percent, needed(percent / 100)))
        else:
            low, high = (_at(pooled, rank / effective) for rank in ranks)
            known.append(Percentile(percent, _at(pooled, percent / 100), low, high))
    return LatencySummary(
        frames=len(pooled),
        streams=len(streams),
        effective=effective,
        mean=math.fsum(pooled) / len(pooled),
        smallest=pooled[0],
        largest=pooled[-1],
        percentiles=tuple(known),
        missing=tuple(missing),
    )


def needed(quantile: float) -> int:
    """The smallest number of independent values from which a quantile has a two-sided 95 % interval.

    >>> [needed(q) for q in (0.5, 0.9, 0.95, 0.99)]
    [6, 36, 72, 368]
    """
    extreme = max(quantile, 1 - quantile)
    return math.ceil(math.log(_TAIL) / math.log(extreme))


def interval_ranks(count: int, quantile: float) -> tuple[int, int] | None:
    """Ranks from 1 of the values that enclose the quantile with 95 % or more; None if one of them does not exist."""
    import numpy as np

    count = min(count, _MAX_COUNT)
    if count < 1:
        return None
    chosen = np.arange(1, count + 1)
    # log of the binomial probabilities of 0 to count, each from the one before
    steps = np.log((count - chosen + 1) / chosen) + math.log(quantile) - math.log1p(-quantile)
    logs = np.concatenate([[0.0], np.cumsum(steps)]) + count * math.log1p(-quantile)
    at_most = np.cumsum(np.exp(logs))
    low = int(np.searchsorted(at_most, _TAIL, side="right"))  # P(B < low) <= tail
    high = int(np.searchsorted(at_most, 1 - _TAIL, side="left")) + 1  # P(B >= high) <= tail
    return (low, high) if low >= 1 and high <= count else None


def effective_size(values: Sequence[float]) -> int:
    """How many independent values a stream's series counts for, from 1 to its length."""
    import numpy as np

    series = np.asarray(values, dtype=np.float64)
    count = len(series)
    centred = series - series.mean()
    power = float(centred @ centred)
    if count < 4 or power <= 1e-12 * max(1.0, float(series @ series)):
        return count
    padded = np.fft.rfft(centred, 2 * count)
    correlation = np.fft.irfft(padded * np.conj(padded))[:count] / power
    pairs = correlation[: count // 2 * 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs <= 0)
    kept = pairs[: negative[0]] if len(negative) else pairs
    spread = max(1.0, 2.0 * float(kept.sum()) - 1.0)
    return max(1, min(count, int(count / spread)))


def sentence(summary: LatencySummary) -> str:
    """The figures in one line."""
    plural = "s" * (summary.streams != 1)
    texts = [
        f"{_name(one.percent)} {one.value:.1f} ms ({one.low:.1f} to {one.high:.1f})" for one in summary.percentiles
    ]
    figures = ", ".join(texts or [f"{summary.smallest:.1f} to {summary.largest:.1f} ms"])
    return f"{summary.frames} frames of {summary.streams} stream{plural}: {figures}, longest {summary.largest:.1f} ms"


def remark(summary: LatencySummary) -> str:
    """Which percentiles are not known and why; "" where all are."""
    if not summary.missing:
        return ""
    names = ", ".join(f"{_name(one.percent)} ({one.needed})" for one in summary.missing)
    return (
        f"not known from this sample (in parentheses the independent values that each needs): {names}; the frames "
        f"count for {summary.effective} independent values, since consecutive frames are alike: raise --perf-seconds"
    )


def _name(percent: float) -> str:
    return "median" if percent == 50 else f"p{percent:g}"


def _at(ordered: Sequence[float], fraction: float) -> float:
    """The value below or at which ``fraction`` of the sorted values lie."""
    return ordered[min(len(ordered), max(1, math.ceil(fraction * len(ordered) - 1e-9))) - 1]
