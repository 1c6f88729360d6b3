"""Step 8's hook: what its report is made from is there, whatever became of the steps before."""

from __future__ import annotations

import pytest

from dsbench.record.evidence import EvidenceLog
from dsbench.steps import next_commands
from dsbench.steps import report as step8_report
from dsbench.steps.model_run import ModelRun
from dsbench.steps.rows import step8_rows as rows

pytestmark = pytest.mark.dsbench_step


def test_report(model: ModelRun, evidence: EvidenceLog) -> None:
    """Step 8: record, charts and pictures of this run are there; what to run next."""
    evidence.shell(*next_commands.of(model))
    rows.report(evidence, model.layout, step8_report.run(model))
