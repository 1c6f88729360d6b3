"""Gathers on the controller what the steps left behind, wherever they ran."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from dsbench.ledger import Ledger
from dsbench.record.evidence import Evidence

PROPERTY = "dsbench"
"""Name of the user property in which a step's evidence travels (also through pytest-xdist)."""


@dataclass(frozen=True)
class StepResult:
    """One step's evidence with pytest's outcome and the seconds it took. ``detail`` is pytest's text of a failure."""

    evidence: Evidence
    outcome: str
    seconds: float
    detail: str


@dataclass(eq=False)  # pluggy keeps plugins in sets
class Collector:
    """A pytest plugin that keeps a StepResult for each step that ran or was skipped, in the order of their end."""

    results: list[StepResult] = field(default_factory=list)
    running: str = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        evidence = evidence_of(report)
        # teardown reports carry the properties as well; setup reports only count where the step was skipped there
        if evidence is not None and (report.when == "call" or (report.when == "setup" and not report.passed)):
            detail = report.longreprtext if report.failed else ""
            self.results.append(StepResult(evidence, report.outcome, report.duration, detail))

    @property
    def proves_nothing(self) -> bool:
        """Whether a step was skipped because a step it needs did not run."""
        return any(Ledger.proves_nothing(result.evidence.skipped_for) for result in self.results)


def evidence_of(report: pytest.TestReport) -> Evidence | None:
    """The evidence that a report carries; None for tests that are no step."""
    for name, value in getattr(report, "user_properties", ()):  # collection reports have none
        if name == PROPERTY and isinstance(value, str):
            return Evidence.from_json(value)
    return None
