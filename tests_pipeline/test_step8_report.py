"""Step 8's hook: what its report is made from is there, whatever became of the steps before."""

from __future__ import annotations

import pytest

from dsbench.pipeline import next_commands, step8_report
from dsbench.record.evidence import EvidenceLog
from dsbench.report import step8_rows as rows
from dsbench.session import ModelRun

pytestmark = pytest.mark.dsbench_step


def test_report(model: ModelRun, evidence: EvidenceLog) -> None:
    """Step 8: record, charts and pictures of this run are there; what to run next."""
    evidence.shell(*next_commands.of(model))
    rows.report(evidence, model.layout, step8_report.run(model))
