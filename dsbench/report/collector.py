"""Collects the results of all steps in the main process; with pytest-xdist they ran in workers."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from dsbench.base import jsonable
from dsbench.record.evidence import Evidence
from dsbench.record.ledger import Ledger
from dsbench.record.schema import INCONCLUSIVE, Record, RecordState, RunMeasurement, RunTelemetry, outcome_of

PROPERTY = "dsbench"
"""Name of the user property that holds a step's evidence; pytest-xdist transfers it."""

RECORD_PROPERTY = "dsbench-record"
"""Name of the user property that holds the state of the model's record after the step."""

_PAGE = "dsbench_page"
"""Attribute of a test report that holds a ``PageEvidence``: pytest-xdist transfers it, JUnit files do not have it."""


@dataclass(frozen=True)
class PageEvidence:
    """What the page shows of a step beyond its outcome: the evidence with its pictures, and the runs so far."""

    evidence: Evidence
    measurements: tuple[RunMeasurement, ...] = ()
    telemetry: tuple[RunTelemetry, ...] = ()


@dataclass(frozen=True)
class StepResult:
    """One step's evidence and outcome."""

    evidence: Evidence
    outcome: str
    """passed, failed, skipped or inconclusive."""
    seconds: float
    detail: str
    """pytest's text of a failure; empty without one."""
    record: RecordState | None = None
    """State of the model's record after this step."""
    page: PageEvidence | None = None
    """None: the page shows ``evidence``."""

    @property
    def shown_outcome(self) -> str:
        """``outcome``, but ``skipped`` for a step that passed because it had nothing to do."""
        return "skipped" if self.outcome == "passed" and self.evidence.left_out else self.outcome


@dataclass(frozen=True)
class OtherTest:
    """A test that is no step, or an error after a step."""

    name: str
    outcome: str
    detail: str
    """pytest's text of a failure; empty without one."""


@dataclass(eq=False)  # pluggy keeps plugins in sets
class StepCollector:
    """A pytest plugin that collects the StepResult of each step that ran or was skipped, in the order they ended."""

    results: list[StepResult] = field(default_factory=list)
    others: list[OtherTest] = field(default_factory=list)
    """Tests of the user in the same session, and errors of teardown."""
    running: str = ""
    """The step that is running; empty between steps."""

    @pytest.hookimpl(tryfirst=True)  # before those that write JUnit files, count and transfer
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        evidence = evidence_of(report)
        # teardown reports have the properties too; a setup report counts only if the step was skipped or failed in it
        if evidence is not None and (report.when == "call" or (report.when == "setup" and not report.passed)):
            detail = report.longreprtext if report.failed else ""
            state = record_state_of(report)
            outcome = outcome_of(evidence, report.outcome)
            self.results.append(StepResult(evidence, outcome, report.duration, detail, state, _page_of(report)))
            if outcome == INCONCLUSIVE:
                _as_skipped(report, evidence)
        elif report.failed or (evidence is None and report.when == "call"):
            name = report.nodeid if report.when == "call" else f"{report.nodeid} ({report.when})"
            self.others.append(OtherTest(name, report.outcome, report.longreprtext if report.failed else ""))

    @property
    def proves_nothing(self) -> bool:
        """True if a step was skipped because a step that it needs did not run."""
        return any(Ledger.proves_nothing(result.evidence.skipped_for) for result in self.results)

    @property
    def record_trouble(self) -> bool:
        """True if the latest record of a model could not be written."""
        last = {result.evidence.model_key: result.record for result in self.results if result.record is not None}
        return any(state.trouble for state in last.values())

    @property
    def undecided(self) -> bool:
        """True if a step is inconclusive: nothing failed, but the session must not exit with 0."""
        return any(result.outcome == INCONCLUSIVE for result in self.results)


def _as_skipped(report: pytest.TestReport, evidence: Evidence) -> None:
    """Make an inconclusive step's report what JUnit and CI have for it: neither passed nor failed, with the reason.

    This is done here and not in makereport: pytest-dependency has read the report by now, and later steps run.
    """
    path, line, _ = report.location
    reason = "; ".join(f"{INCONCLUSIVE.upper()} [{one.code}] {one.what}" for one in evidence.undecided)
    report.outcome, report.longrepr = "skipped", (path, (line or 0) + 1, reason)


def shown_status(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Category, letter and word of an inconclusive step on the terminal, amber; None for any other report.

    pytest shows the last line of a session with a category that it does not know in yellow.
    """
    evidence = evidence_of(report)
    if report.when != "call" or evidence is None or outcome_of(evidence, report.outcome) != INCONCLUSIVE:
        return None
    return INCONCLUSIVE, "?", (INCONCLUSIVE.upper(), {"yellow": True})


def evidence_of(report: pytest.TestReport) -> Evidence | None:
    """The evidence in a test report; None if the test is not a step."""
    text = _property(report, PROPERTY)
    return jsonable.loads(Evidence, text) if text is not None else None


def attach(report: pytest.TestReport, evidence: Evidence, record: Record) -> None:
    """Attach to a test report what the page shows of it."""
    shown = PageEvidence(evidence, record.measurements, record.telemetry)
    setattr(report, _PAGE, jsonable.dumps(shown))


def _page_of(report: pytest.TestReport) -> PageEvidence | None:
    text = getattr(report, _PAGE, None)
    return jsonable.loads(PageEvidence, text) if text is not None else None


def record_state_of(report: pytest.TestReport) -> RecordState | None:
    """The state of the model's record in a test report; None if the test is not a step."""
    text = _property(report, RECORD_PROPERTY)
    return jsonable.loads(RecordState, text) if text is not None else None


def _property(report: pytest.TestReport, wanted: str) -> str | None:
    for name, value in getattr(report, "user_properties", ()):  # collection reports have none
        if name == wanted and isinstance(value, str):
            return value
    return None
