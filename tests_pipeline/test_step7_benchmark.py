"""Step 7 and the closing block: how many real-time streams the integration carries on this runtime."""

from __future__ import annotations

import pytest

from dsbench.record.evidence import EvidenceLog
from dsbench.steps import (
    benchmark_config,
    frame_latency,
    run1_calibration,
    run2_validation,
    stream_sweep,
    summary,
    throughput_limit,
)
from dsbench.steps.model_run import ModelRun

pytestmark = pytest.mark.dsbench_step


def test_benchmark_config(model: ModelRun, evidence: EvidenceLog) -> None:
    """7b: the benchmark's nvinfer config is complete and fits the model."""
    benchmark_config.run(model, evidence)


def test_run1_calibration(model: ModelRun, evidence: EvidenceLog) -> None:
    """7c, run 1: what PEAK_GPU_STREAMS streams at once really reach."""
    run1_calibration.run(model, evidence)


def test_run2_validation(model: ModelRun, evidence: EvidenceLog) -> None:
    """7c, run 2: whether RT_STREAMS streams keep up; half of them if not."""
    run2_validation.run(model, evidence)


def test_throughput_limit(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: what limits the throughput of run 1, from decoding alone and inference alone."""
    throughput_limit.run(model, evidence)


def test_stream_sweep(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond, with --sweep: the largest number of streams that keep up in real time."""
    stream_sweep.run(model, evidence)


def test_frame_latency(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond, with --latency: how long a frame takes from decoding to its boxes, under the load of run 2."""
    frame_latency.run(model, evidence)


def test_summary(model: ModelRun, evidence: EvidenceLog) -> None:
    """Timing and output summary, in the specification's words."""
    summary.run(model, evidence)
