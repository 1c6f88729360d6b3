"""Step 7 and the closing block: how many real-time streams the integration carries on this runtime."""

from __future__ import annotations

from functools import partial

import pytest

from dsbench.pipeline import step7b_config, step7c_runs, summary
from dsbench.record.evidence import EvidenceLog
from dsbench.report import benchmark_rows as rows
from dsbench.session import ModelRun

pytestmark = pytest.mark.dsbench_step


def test_benchmark_config(model: ModelRun, evidence: EvidenceLog) -> None:
    """7b: the benchmark's nvinfer config is complete and fits the model."""
    config = model.keep(step7b_config.run(model))
    rows.benchmark_config(evidence, model.layout, config)


def test_run1_calibration(model: ModelRun, evidence: EvidenceLog) -> None:
    """7c, run 1: what PEAK_GPU_STREAMS streams at once really reach."""
    calibration = model.keep(step7c_runs.run1(model, evidence, partial(rows.perf_run, evidence, model.layout)))
    rows.run1(evidence, model, calibration)
    step7c_runs.require_valid(model, calibration.run)


def test_run2_validation(model: ModelRun, evidence: EvidenceLog) -> None:
    """7c, run 2: whether RT_STREAMS streams keep up; half of them if not."""
    validation = model.keep(step7c_runs.run2(model, evidence, partial(rows.perf_run, evidence, model.layout)))
    rows.run2(evidence, validation)
    step7c_runs.require_valid(model, validation.final)
    step7c_runs.require_streams(model, validation)


def test_summary(model: ModelRun, evidence: EvidenceLog) -> None:
    """Timing and output summary, in the specification's words."""
    rows.closing(evidence, model.keep(summary.run(model)))
