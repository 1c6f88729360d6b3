"""Steps 6a to 6g: from a model directory to detections that are known to be there.

Each test is one step of the specification. It calls the room that owns the rule, leaves what it found as evidence, and
keeps its result for the steps after it. A DsbenchError is the step's failure.
"""

from __future__ import annotations

import pytest

from dsbench.model import preflight
from dsbench.record.evidence import EvidenceLog
from dsbench.report import evidence_rows
from dsbench.session import ModelRun

pytestmark = pytest.mark.dsbench_step


def test_preflight(model: ModelRun, evidence: EvidenceLog) -> None:
    """Pre-flight: everything the run needs is there."""
    facts = model.keep(preflight.run(model.layout, model.preflight_request()))
    evidence.print(*facts.lines)
    evidence_rows.preflight(evidence, facts)
