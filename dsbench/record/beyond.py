"""What the record holds of the steps beyond the specification: limit, sweep, latency, streams compared.

Each is None where its step did not run or had nothing to do. Rates in frames per second, times in milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CeilingRecord:
    """What a stage alone reaches. ``streams`` is None for inference alone, ``batch`` for decoding."""

    stage: str
    streams: int | None
    batch: int | None
    fps: float
    source: str


@dataclass(frozen=True)
class LimitRecord:
    """``limit``: decode, compute, CPU, batch wait, throttled or unclear; ``fps``: run 1, all streams together."""

    limit: str
    plateau: bool
    streams: int
    fps: float
    decode_share: float | None
    infer_share: float | None
    ceilings: tuple[CeilingRecord, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class TrialRecord:
    """One run of the search; ``low`` is the slowest stream's lower bound, ``real_time`` YES, NO or UNSURE."""

    streams: int
    run: str
    slowest_fps: float | None
    low: float | None
    real_time: str


@dataclass(frozen=True)
class SweepRecord:
    """``largest``: 0 where no count is real-time, None where the runs do not decide."""

    largest: int | None
    max_bs: int
    trials: tuple[TrialRecord, ...]


@dataclass(frozen=True)
class PercentileRecord:
    """A percentile that the sample carries, and its 95 % interval."""

    percent: float
    ms: float
    low: float
    high: float


@dataclass(frozen=True)
class LatencyRecord:
    """``streams`` were run; ``effective``: independent values that the frames are worth."""

    streams: int
    frames: int
    effective: int
    mean_ms: float
    longest_ms: float
    percentiles: tuple[PercentileRecord, ...]


@dataclass(frozen=True)
class ParityRecord:
    """Objects of each stream's own run, and how many the batch had again. ``telling``: a fault would have shown."""

    streams: int
    objects: int
    found_again: int
    borderline: int
    differing: int
    telling: bool
    fault: str
