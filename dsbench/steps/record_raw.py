"""The raw data of a run for its record, from the stored results of its steps."""

from __future__ import annotations

from dataclasses import replace

from dsbench.formats import kitti
from dsbench.judge.imports.parity import DumpParity
from dsbench.record import raw
from dsbench.record.raw import (
    AccuracyData,
    AppRun,
    GateData,
    ImportParityData,
    KeyCostData,
    LatencyData,
    RawData,
)
from dsbench.steps.accuracy import AccuracyResult
from dsbench.steps.app_run import AppRuns
from dsbench.steps.dump_comparison import DumpComparison
from dsbench.steps.frame_latency import FrameLatencyResult
from dsbench.steps.kitti_gate import KittiGateResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.record_files import dump_digest
from dsbench.steps.regression import RegressionResult
from dsbench.steps.stream_parity import StreamParityResult
from dsbench.steps.stream_sweep import StreamSweepResult
from dsbench.steps.throughput_limit import ThroughputLimitResult

_SCORE_DIGITS = 6
"""As DeepStream prints a score."""


def raw_data(model: ModelRun, before: RawData) -> RawData:
    """What was measured so far. ``before``: of the last step; the dump's block is made once."""
    compared, parity = model.find(DumpComparison), model.find(StreamParityResult)
    limit, sweep = model.find(ThroughputLimitResult), model.find(StreamSweepResult)
    return RawData(
        runs=_runs(model),
        gate=before.gate or _gate(model.find(KittiGateResult)),
        import_parity=_import_parity(compared.parity) if compared and compared.parity else None,
        accuracy=_accuracy(model.find(AccuracyResult)),
        stream_parity=parity.parity if parity else None,
        limit=limit.evidence if limit else None,
        sweep_failures=tuple(trial.failure for trial in sweep.trials) if sweep and not sweep.not_run else None,
        latency=_latency(model.find(FrameLatencyResult)),
        baseline=comparison.data if (comparison := model.find(RegressionResult)) else None,
    )


def _runs(model: ModelRun) -> tuple[AppRun, ...]:
    """Run 2's log has another name if there was a retry."""
    runs = made.runs if (made := model.find(AppRuns)) else ()
    retried = any(run.name == "Retry" for run in runs)
    return tuple(_renamed(run) if retried and run.name == "Run 2" else run for run in runs)


def _renamed(run: AppRun) -> AppRun:
    return replace(run, log=f"{run.log.removesuffix('.log')}_first.log")


def _gate(result: KittiGateResult | None) -> GateData | None:
    if result is None:
        return None
    scan, directory = result.scan, result.dump.directory
    scores = tuple(round(score, _SCORE_DIGITS) for score in scan.confidences)
    names = [file.path.name for file in kitti.list_frames(directory)]
    return GateData(
        frames_asked=result.frames.value,
        frames_expected=result.expected,
        min_rate=result.min_rate.value,
        with_objects=scan.with_objects,
        zero_area=scan.zero_area,
        invalid_lines=scan.invalid_count,
        classes=dict(scan.classes),
        per_frame=tuple(scan.per_frame),
        scores=scores if len(scores) <= raw.MAX_SCORES else (),
        median_score=raw.median_score(scores),
        dump_sha256=dump_digest(directory, names),
    )


def _import_parity(found: DumpParity) -> ImportParityData:
    costs = (
        KeyCostData(one.text, one.f1, one.lost, one.added, one.median_iou, one.score_drift, one.matters)
        for one in found.costs
    )
    configured = found.configured.tally if found.configured is not found.usual else None
    return ImportParityData(found.usual.tally, configured, tuple(costs), found.approximate)


def _accuracy(result: AccuracyResult | None) -> AccuracyData | None:
    if result is None or result.measured is None:
        return None
    return AccuracyData(result.measured.precision, result.measured.errors, result.gate.value)


def _latency(result: FrameLatencyResult | None) -> LatencyData | None:
    if result is None or result.log is None or result.run is None:
        return None
    frames = sum(map(len, result.log.frames.values()))
    few = frames <= raw.MAX_LATENCIES
    by_stream = {str(stream): tuple(values) for stream, values in result.log.frames.items()} if few else {}
    return LatencyData(result.run.plan.streams, by_stream, frames)
