"""Gathers on the controller what the steps left behind, wherever they ran."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from dsbench.base import jsonable
from dsbench.record.evidence import Evidence
from dsbench.record.ledger import Ledger
from dsbench.record.schema import RecordState

PROPERTY = "dsbench"
"""Name of the user property in which a step's evidence travels (also through pytest-xdist)."""

RECORD_PROPERTY = "dsbench-record"
"""The same for the state of the model's record after the step."""


@dataclass(frozen=True)
class StepResult:
    """One step's evidence with pytest's outcome and the seconds it took. ``detail`` is pytest's text of a failure;
    ``record`` the state of the model's record after this step."""

    evidence: Evidence
    outcome: str
    seconds: float
    detail: str
    record: RecordState | None = None


@dataclass(eq=False)  # pluggy keeps plugins in sets
class StepCollector:
    """A pytest plugin that keeps a StepResult for each step that ran or was skipped, in the order of their end."""

    results: list[StepResult] = field(default_factory=list)
    running: str = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        evidence = evidence_of(report)
        # teardown reports carry the properties as well; setup reports only count where the step was skipped there
        if evidence is not None and (report.when == "call" or (report.when == "setup" and not report.passed)):
            detail = report.longreprtext if report.failed else ""
            state = record_state_of(report)
            self.results.append(StepResult(evidence, report.outcome, report.duration, detail, state))

    @property
    def proves_nothing(self) -> bool:
        """Whether a step was skipped because a step it needs did not run."""
        return any(Ledger.proves_nothing(result.evidence.skipped_for) for result in self.results)

    @property
    def record_trouble(self) -> bool:
        """Whether a model's record on disk lacks what its last step has found."""
        last = {result.evidence.model_key: result.record for result in self.results if result.record is not None}
        return any(state.trouble for state in last.values())


def evidence_of(report: pytest.TestReport) -> Evidence | None:
    """The evidence that a report carries; None for tests that are no step."""
    text = _property(report, PROPERTY)
    return jsonable.loads(Evidence, text) if text is not None else None


def record_state_of(report: pytest.TestReport) -> RecordState | None:
    """The state of the model's record that a report carries."""
    text = _property(report, RECORD_PROPERTY)
    return jsonable.loads(RecordState, text) if text is not None else None


def _property(report: pytest.TestReport, wanted: str) -> str | None:
    for name, value in getattr(report, "user_properties", ()):  # collection reports have none
        if name == wanted and isinstance(value, str):
            return value
    return None
