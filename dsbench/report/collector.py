"""Collects the results of all steps in the main process; with pytest-xdist they ran in workers."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from dsbench.base import jsonable
from dsbench.record.evidence import Evidence
from dsbench.record.ledger import Ledger
from dsbench.record.schema import RecordState

PROPERTY = "dsbench"
"""Name of the user property that holds a step's evidence; pytest-xdist transfers it."""

RECORD_PROPERTY = "dsbench-record"
"""Name of the user property that holds the state of the model's record after the step."""


@dataclass(frozen=True)
class StepResult:
    """One step's evidence and outcome."""

    evidence: Evidence
    outcome: str
    """pytest's: passed, failed or skipped."""
    seconds: float
    detail: str
    """pytest's text of a failure; empty without one."""
    record: RecordState | None = None
    """State of the model's record after this step."""


@dataclass(eq=False)  # pluggy keeps plugins in sets
class StepCollector:
    """A pytest plugin that collects the StepResult of each step that ran or was skipped, in the order they ended."""

    results: list[StepResult] = field(default_factory=list)
    running: str = ""
    """The step that is running; empty between steps."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        evidence = evidence_of(report)
        # teardown reports have the properties too; a setup report counts only if the step was skipped or failed in it
        if evidence is not None and (report.when == "call" or (report.when == "setup" and not report.passed)):
            detail = report.longreprtext if report.failed else ""
            state = record_state_of(report)
            self.results.append(StepResult(evidence, report.outcome, report.duration, detail, state))

    @property
    def proves_nothing(self) -> bool:
        """True if a step was skipped because a step that it needs did not run."""
        return any(Ledger.proves_nothing(result.evidence.skipped_for) for result in self.results)

    @property
    def record_trouble(self) -> bool:
        """True if the latest record of a model could not be written."""
        last = {result.evidence.model_key: result.record for result in self.results if result.record is not None}
        return any(state.trouble for state in last.values())


def evidence_of(report: pytest.TestReport) -> Evidence | None:
    """The evidence in a test report; None if the test is not a step."""
    text = _property(report, PROPERTY)
    return jsonable.loads(Evidence, text) if text is not None else None


def record_state_of(report: pytest.TestReport) -> RecordState | None:
    """The state of the model's record in a test report; None if the test is not a step."""
    text = _property(report, RECORD_PROPERTY)
    return jsonable.loads(RecordState, text) if text is not None else None


def _property(report: pytest.TestReport, wanted: str) -> str | None:
    for name, value in getattr(report, "user_properties", ()):  # collection reports have none
        if name == wanted and isinstance(value, str):
            return value
    return None
