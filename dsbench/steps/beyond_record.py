"""What the steps beyond the specification have found, as the record keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dsbench.base import jsonable
from dsbench.judge.sweep import Trial
from dsbench.record.beyond import (
    CeilingRecord,
    LatencyRecord,
    LimitRecord,
    ParityRecord,
    PercentileRecord,
    SweepRecord,
    TrialRecord,
)
from dsbench.steps.frame_latency import FrameLatency
from dsbench.steps.model_run import ModelRun
from dsbench.steps.stream_parity import ParityResult
from dsbench.steps.stream_sweep import Sweep
from dsbench.steps.throughput_limit import ThroughputLimit


def entries(model: ModelRun) -> dict[str, Any]:
    """The entry of each step under its key in the record, in JSON's types; None where the step has found nothing."""
    return {name: jsonable.encode(entry(model)) for name, entry in _ENTRIES.items()}


def _limit(model: ModelRun) -> LimitRecord | None:
    result = model.find(ThroughputLimit)
    if result is None or result.evidence is None or result.verdict is None:
        return None
    evidence, verdict = result.evidence, result.verdict
    ceilings = [CeilingRecord("decode", one.streams, None, one.fps, "decode only") for one in evidence.decode]
    if (infer := evidence.infer) is not None:
        ceilings.append(CeilingRecord("inference", None, infer.batch, infer.fps, infer.source))
    return LimitRecord(
        limit=str(verdict.limit),
        plateau=verdict.plateau,
        streams=evidence.streams,
        fps=evidence.fps,
        decode_share=evidence.decode_share,
        infer_share=evidence.infer_share,
        ceilings=tuple(ceilings),
        evidence=verdict.sentences,
    )


def _sweep(model: ModelRun) -> SweepRecord | None:
    result = model.find(Sweep)
    if result is None or result.not_run:
        return None
    return SweepRecord(result.largest, result.max_bs, tuple(map(_trial, result.trials)))


def _trial(trial: Trial) -> TrialRecord:
    measured = trial.measurement
    slow = measured.per_stream[measured.slowest] if measured and measured.slowest is not None else None
    return TrialRecord(
        trial.streams,
        trial.source,
        slow.mean if slow else None,
        slow.low if slow else None,
        str(trial.real_time),
    )


def _latency(model: ModelRun) -> LatencyRecord | None:
    result = model.find(FrameLatency)
    if result is None or result.summary is None or result.run is None:
        return None
    summary = result.summary
    return LatencyRecord(
        streams=result.run.plan.streams,
        frames=summary.frames,
        effective=summary.effective,
        mean_ms=summary.mean,
        longest_ms=summary.largest,
        percentiles=tuple(PercentileRecord(one.percent, one.value, one.low, one.high) for one in summary.percentiles),
    )


def _parity(model: ModelRun) -> ParityRecord | None:
    result = model.find(ParityResult)
    if result is None or result.parity is None:
        return None
    parity = result.parity
    return ParityRecord(
        streams=len(parity.streams),
        objects=sum(one.objects for one in parity.streams),
        found_again=sum(one.matched for one in parity.streams),
        borderline=sum(one.borderline for one in parity.streams),
        differing=sum(one.differing for one in parity.streams),
        telling=parity.telling,
        fault=parity.verdict,
    )


_ENTRIES = {"limit": _limit, "sweep": _sweep, "latency": _latency, "parity": _parity}
NO_ENTRIES: Mapping[str, Any] = dict.fromkeys(_ENTRIES)
"""Before any of these steps has run."""
