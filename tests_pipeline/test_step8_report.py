"""Step 8's hook: what its report is made from is there, whatever became of the steps before."""

from __future__ import annotations

import pytest

from dsbench.record.evidence import EvidenceLog
from dsbench.steps import report
from dsbench.steps.model_run import ModelRun

pytestmark = pytest.mark.dsbench_step


def test_report(model: ModelRun, evidence: EvidenceLog) -> None:
    """Step 8: the report of this run is written; its record, charts and pictures exist."""
    report.run(model, evidence)
