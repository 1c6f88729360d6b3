"""7c, run 1: frame rate of all streams at once; RT_STREAMS follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsbench.judge import streams
from dsbench.judge.run import saturation
from dsbench.model import previous
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import benchmark_run
from dsbench.steps.benchmark_config import BenchmarkConfigResult
from dsbench.steps.benchmark_run import RUN_1, MeasuredRun
from dsbench.steps.model_run import ModelRun
from dsbench.steps.rows import measurement_rows


@dataclass(frozen=True)
class Run1CalibrationResult:
    """Run 1."""

    run: MeasuredRun
    rt_streams: int
    """RT_STREAMS as computed; 0 on a slow CPU."""
    moved: tuple[Path, ...]
    """New paths of older runs' files."""


def run(model: ModelRun, log: EvidenceLog) -> Run1CalibrationResult:
    """``calibrate``. Raises what a run of the app raises, FPS_PARSE, MEASUREMENT_INVALID."""
    result = calibrate(model, log)
    benchmark_run.require_valid(model, result.run)
    return result


def calibrate(model: ModelRun, log: EvidenceLog) -> Run1CalibrationResult:
    """Run at min(PEAK_GPU_STREAMS, MAX_BS) streams; logs of older runs move to ``previous/`` first."""
    facts, config = model.get(PreflightFacts), model.get(BenchmarkConfigResult)
    moved = previous.set_runs_aside(model.layout.ds_dir)
    count = streams.run1_streams(config.throughput.peak_gpu_streams, facts.max_bs)
    measured = benchmark_run.measure(model, log, count, RUN_1)
    rt_streams = streams.rt_streams(measured.figures, facts.max_bs)
    log.print(*streams.run1_lines(measured.figures, rt_streams))
    result = model.keep(Run1CalibrationResult(measured, rt_streams, moved))
    add_evidence(log, result)
    return result


def add_evidence(log: EvidenceLog, result: Run1CalibrationResult) -> None:
    """Figures, efficiency against trtexec and what explains it, RT_STREAMS."""
    benchmark_run.add_figures(log, RUN_1, result.run.figures, result.run.efficiency)
    log.print(measurement_rows.line(RUN_1, result.run.measurement, asked=False))
    log.fact("RT_STREAMS", result.rt_streams, "min(floor(total / target), MAX_BS)")
    if note := saturation.note(result.run.figures, result.run.efficiency):
        log.note(note)
    if result.moved:
        log.note(f"{len(result.moved)} files of older runs moved to benchmarks/ds/previous/")
