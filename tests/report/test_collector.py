"""Results of all steps in the main process."""

from __future__ import annotations

import pytest

from dsbench.record.evidence import EvidenceLog
from dsbench.record.schema import Figures, RecordState
from dsbench.report.collector import StepCollector, StepResult


def result(model: str, trouble: str) -> StepResult:
    log = EvidenceLog("preflight", model, model, "embedded")
    return StepResult(log.snapshot(), "passed", 1.0, "", RecordState(Figures(), trouble, "/r.json"))


def report(when: str, outcome: str, nodeid: str = "test_own.py::test_a") -> pytest.TestReport:
    longrepr = "E   assert 0" if outcome == "failed" else None
    return pytest.TestReport(nodeid, ("test_own.py", 1, "test_a"), {}, outcome, longrepr, when)  # type: ignore[arg-type]


def test_other_tests_and_errors_after_a_step_are_kept() -> None:
    collector = StepCollector()
    for when, outcome in (("setup", "passed"), ("call", "failed"), ("teardown", "passed"), ("teardown", "failed")):
        collector.pytest_runtest_logreport(report(when, outcome))
    collector.pytest_runtest_logreport(report("call", "passed", "test_own.py::test_b"))
    assert [(one.name, one.outcome, one.detail) for one in collector.others] == [
        ("test_own.py::test_a", "failed", "E   assert 0"),
        ("test_own.py::test_a (teardown)", "failed", "E   assert 0"),
        ("test_own.py::test_b", "passed", ""),
    ]
    assert collector.results == []


def test_a_record_that_was_not_written_is_trouble() -> None:
    assert not StepCollector([result("a", "disk full"), result("a", ""), result("b", "")]).record_trouble
    assert StepCollector([result("a", ""), result("a", "disk full"), result("b", "")]).record_trouble
