"""The last lines on the terminal."""

from __future__ import annotations

from pathlib import Path

from dsbench.base.steps import STEPS
from dsbench.base.text import without_controls
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.report.collector import StepResult
from dsbench.report.terminal import summary_lines


def result(step: str, outcome: str, failure: StepFailure | None = None, detail: str = "") -> StepResult:
    log = EvidenceLog(step, "net", "k", "embedded runtime", failure=failure)
    return StepResult(log.snapshot(), outcome, 1.0, detail)


def test_a_failure_shows_code_cause_where_and_fix() -> None:
    failure = StepFailure("video-missing", "ERROR: Video file not found: x", "chosen by: command line", "Fix 1\nFix 2")
    lines = list(summary_lines([result("preflight", "failed", failure), result("a", "skipped")], Path("/r/net.html")))
    assert lines == [
        "net: preflight FAILED [video-missing]",
        "  ERROR: Video file not found: x",
        "  where: chosen by: command line",
        "  fix: Fix 1",
        "  Fix 2",
        "  1 later step skipped",
        "report: /r/net.html",
    ]


def test_a_pass_names_the_runtime() -> None:
    every = [result(step.name, "passed") for step in STEPS]
    assert list(summary_lines(every, None)) == [f"net: {len(STEPS)} steps passed on embedded runtime"]


def test_a_partial_run_is_reported_as_partial() -> None:
    some = [result(step.name, "passed") for step in STEPS[:6]]
    assert list(summary_lines(some, None)) == [f"net: 6 of {len(STEPS)} steps passed on embedded runtime"]


def test_an_unexpected_exception_shows_its_last_line() -> None:
    (line,) = summary_lines([result("a", "failed", None, "Traceback\nKeyError: 'x'\n")], None)
    assert line == "net: a FAILED: KeyError: 'x'"


def test_control_characters_never_reach_the_terminal() -> None:
    assert without_controls("a\x1b[31mb\x07\x9b") == "a?[31mb??"


def test_an_inconclusive_step_is_not_among_those_that_passed() -> None:
    log = EvidenceLog("model_outputs", "net", "k", "embedded runtime")
    log.inconclusive("preprocessing-unknown", "nobody states\x1b net-scale-factor", "set it")
    every = [result(step.name, "passed") for step in STEPS[1:]]
    assert list(summary_lines([StepResult(log.snapshot(), "inconclusive", 1.0, ""), *every], None)) == [
        f"net: {len(STEPS) - 1} steps passed, 1 INCONCLUSIVE on embedded runtime",
        "net: model_outputs INCONCLUSIVE [preprocessing-unknown]",
        "  nobody states? net-scale-factor",
        "  fix: set it",
    ]
