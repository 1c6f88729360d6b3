"""How long a frame takes: percentiles with their 95 % intervals, and none that the sample does not carry.

The interval of a percentile is distribution-free, from order statistics: with B binomial (n, q), the l-th and u-th
smallest of n independent values enclose the q-quantile with probability P(l <= B < u) (Hahn and Meeker 1991,
Statistical Intervals, 5.2; David and Nagaraja 2003, Order Statistics, 7.1). A percentile is told only if both ends
exist at 2.5 % a side: 6 values for the median, 36 for the 90th percentile, 72 for the 95th, 368 for the 99th.

Latencies of frames that follow each other are not independent, and those of one batch are nearly the same. What counts
is therefore the effective number of one stream's frames, by the initial positive sequence of Geyer (1992, Practical
Markov Chain Monte Carlo, 3.3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)
_TAIL = 0.025
_MOST = 100_000
"""Independent values beyond this make no interval narrower that matters."""


@dataclass(frozen=True)
class Percentile:
    """So many percent of the frames took ``value`` milliseconds or less; it lies from ``low`` to ``high``."""

    percent: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Missing:
    """A percentile that the sample does not carry, and how many independent values it takes."""

    percent: float
    needed: int


@dataclass(frozen=True)
class LatencySummary:
    """All frames of all streams, in milliseconds. ``effective``: independent values that they are worth."""

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
    told, missing = [], []
    for percent in PERCENTILES:
        ranks = interval_ranks(effective, percent / 100)
        if ranks is None:
            missing.append(Missing(percent, needed(percent / 100)))
        else:
            low, high = (_at(pooled, rank / effective) for rank in ranks)
            told.append(Percentile(percent, _at(pooled, percent / 100), low, high))
    return LatencySummary(
        frames=len(pooled),
        streams=len(streams),
        effective=effective,
        mean=math.fsum(pooled) / len(pooled),
        smallest=pooled[0],
        largest=pooled[-1],
        percentiles=tuple(told),
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

    count = min(count, _MOST)
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
    """How many independent values a stream's series is worth, from 1 to its length."""
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
    told = [f"{_name(one.percent)} {one.value:.1f} ms ({one.low:.1f} to {one.high:.1f})" for one in summary.percentiles]
    figures = ", ".join(told or [f"{summary.smallest:.1f} to {summary.largest:.1f} ms"])
    return f"{summary.frames} frames of {summary.streams} stream{plural}: {figures}, longest {summary.largest:.1f} ms"


def remark(summary: LatencySummary) -> str:
    """Which percentiles are not told and why; "" where all are."""
    if not summary.missing:
        return ""
    names = ", ".join(f"{_name(one.percent)} ({one.needed})" for one in summary.missing)
    return (
        f"not known from this sample, with the independent values that each takes: {names}; the frames are worth "
        f"{summary.effective}, since frames that follow each other are alike: a longer run (--perf-seconds) has more"
    )


def _name(percent: float) -> str:
    return "median" if percent == 50 else f"p{percent:g}"


def _at(ordered: Sequence[float], share: float) -> float:
    """The value below or at which ``share`` of the sorted values lie."""
    return ordered[min(len(ordered), max(1, math.ceil(share * len(ordered) - 1e-9))) - 1]
