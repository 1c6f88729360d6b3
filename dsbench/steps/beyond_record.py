"""What the steps beyond the specification have found, as the record keeps it."""

from __future__ import annotations

from dsbench.judge.sweep import Trial
from dsbench.record.beyond import (
    Beyond,
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


def of(model: ModelRun) -> Beyond:
    """As far as the steps have come."""
    return Beyond(
        limit=_limit(model.find(ThroughputLimit)),
        sweep=_sweep(model.find(Sweep)),
        latency=_latency(model.find(FrameLatency)),
        parity=_parity(model.find(ParityResult)),
    )


def _limit(result: ThroughputLimit | None) -> LimitRecord | None:
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


def _sweep(result: Sweep | None) -> SweepRecord | None:
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


def _latency(result: FrameLatency | None) -> LatencyRecord | None:
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


def _parity(result: ParityResult | None) -> ParityRecord | None:
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
