"""Rows and summary of the HTML report: every text is escaped."""

from __future__ import annotations

from dsbench.record.evidence import EvidenceLog, Failure
from dsbench.report import html
from dsbench.report.collector import StepResult

HOSTILE = "<script>alert('x')</script>\"&"


def hostile_log() -> EvidenceLog:
    log = EvidenceLog("kitti_gate", HOSTILE, "key", HOSTILE)
    log.fact(HOSTILE, HOSTILE, HOSTILE)
    log.note(HOSTILE)
    log.warn(HOSTILE)
    log.table(HOSTILE, (HOSTILE,), [(HOSTILE,)])
    log.command(HOSTILE)
    log.text(HOSTILE, HOSTILE)
    log.failure = Failure(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    log.skipped_for = HOSTILE
    return log


def test_a_row_escapes_everything() -> None:
    page = html.step_html(hostile_log().snapshot())
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") >= 12


def test_the_summary_escapes_everything() -> None:
    page = html.summary_html([StepResult(hostile_log().snapshot(), "failed", 1.0, HOSTILE)], HOSTILE)
    assert "<script>" not in page
    assert "the import is not right" in page


def test_the_summary_never_calls_a_partial_run_right() -> None:
    done = EvidenceLog("preflight", "m", "k", "embedded").snapshot()
    skipped = EvidenceLog("kitti_gate", "m", "k", "embedded", skipped_for="x did not run").snapshot()
    page = html.summary_html([StepResult(done, "passed", 1, ""), StepResult(skipped, "skipped", 0, "")], "")
    assert "not everything ran" in page
    assert "is right" not in page
