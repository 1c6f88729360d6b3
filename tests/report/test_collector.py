"""Results of all steps in the main process."""

from __future__ import annotations

from dsbench.record.evidence import EvidenceLog
from dsbench.record.schema import Figures, RecordState
from dsbench.report.collector import StepCollector, StepResult


def result(model: str, trouble: str) -> StepResult:
    log = EvidenceLog("preflight", model, model, "embedded")
    return StepResult(log.snapshot(), "passed", 1.0, "", RecordState(Figures(), trouble, "/r.json"))


def test_a_record_that_was_not_written_is_trouble() -> None:
    assert not StepCollector([result("a", "disk full"), result("a", ""), result("b", "")]).record_trouble
    assert StepCollector([result("a", ""), result("a", "disk full"), result("b", "")]).record_trouble
