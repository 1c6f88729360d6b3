"""Step 7 and the closing block: how many real-time streams the integration carries on this runtime."""

from __future__ import annotations

from functools import partial

import pytest

from dsbench.record.evidence import EvidenceLog
from dsbench.steps import benchmark_config as step7b_config
from dsbench.steps import benchmark_runs, frame_latency, stream_sweep, summary, throughput_limit
from dsbench.steps.model_run import ModelRun
from dsbench.steps.rows import benchmark_rows as rows
from dsbench.steps.rows import latency_rows, limit_rows, sweep_rows

pytestmark = pytest.mark.dsbench_step


def test_benchmark_config(model: ModelRun, evidence: EvidenceLog) -> None:
    """7b: the benchmark's nvinfer config is complete and fits the model."""
    config = model.keep(step7b_config.run(model))
    rows.benchmark_config(evidence, model.layout, config)


def test_run1_calibration(model: ModelRun, evidence: EvidenceLog) -> None:
    """7c, run 1: what PEAK_GPU_STREAMS streams at once really reach."""
    calibration = model.keep(benchmark_runs.run1(model, evidence, partial(rows.perf_run, evidence, model.layout)))
    rows.run1(evidence, model, calibration)
    benchmark_runs.require_valid(model, calibration.run)


def test_run2_validation(model: ModelRun, evidence: EvidenceLog) -> None:
    """7c, run 2: whether RT_STREAMS streams keep up; half of them if not."""
    validation = model.keep(benchmark_runs.run2(model, evidence, partial(rows.perf_run, evidence, model.layout)))
    rows.run2(evidence, validation)
    benchmark_runs.require_valid(model, validation.final)
    benchmark_runs.require_streams(model, validation)


def test_throughput_limit(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: what limits the throughput of run 1, from decoding alone and inference alone."""
    result = model.keep(throughput_limit.run(model, evidence))
    limit_rows.throughput_limit(evidence, model.layout, result)


def test_stream_sweep(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond, with --sweep: the largest number of streams that keep up in real time."""
    result = model.keep(stream_sweep.run(model, evidence))
    sweep_rows.stream_sweep(evidence, model.layout, result)


def test_frame_latency(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond, with --latency: how long a frame takes from decoding to its boxes, under the load of run 2."""
    result = model.keep(frame_latency.run(model, evidence))
    latency_rows.frame_latency(evidence, model.layout, result)


def test_summary(model: ModelRun, evidence: EvidenceLog) -> None:
    """Timing and output summary, in the specification's words."""
    rows.closing(evidence, model.keep(summary.run(model)))
