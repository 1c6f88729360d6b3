"""Step 7 and the closing block: how many real-time streams the integration carries on this runtime."""

from __future__ import annotations

import pytest

from dsbench.record.evidence import EvidenceLog
from dsbench.steps import (
    benchmark_config,
    frame_latency,
    regression,
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
    """7c: frame rate of all streams at once."""
    run1_calibration.run(model, evidence)


def test_run2_validation(model: ModelRun, evidence: EvidenceLog) -> None:
    """7c: how many streams keep up in real time."""
    run2_validation.run(model, evidence)


def test_throughput_limit(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: what limits the throughput, with the evidence."""
    throughput_limit.run(model, evidence)


def test_stream_sweep(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: the largest number of real-time streams, with --sweep."""
    stream_sweep.run(model, evidence)


def test_frame_latency(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: how long a frame takes under load, with --latency."""
    frame_latency.run(model, evidence)


def test_summary(model: ModelRun, evidence: EvidenceLog) -> None:
    """Summary: timing and results in one block."""
    summary.run(model, evidence)


def test_regression(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: neither slower nor less accurate than the baseline or the last good run."""
    regression.run(model, evidence)
