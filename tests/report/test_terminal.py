"""The last lines on the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.steps import STEPS
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


ANSWERS = [
    "net: Is the import right? Yes: every import step passed, but the boxes were not compared with a reference",
    "net: How many real-time streams? Not measured",
]


def every_step(*without: str) -> list[StepResult]:
    return [result(step.name, "passed") for step in STEPS if step.name not in without]


def test_a_green_run_has_twelve_lines_at_most() -> None:
    log = EvidenceLog("summary", "net", "k", "embedded runtime")
    log.print(*(f"line {number}" for number in range(9)))
    done = [*every_step("summary"), StepResult(log.snapshot(), "passed", 1.0, "")]
    lines = list(summary_lines(done, Path("/r/net.html")))
    passed = f"net: {len(STEPS)} steps passed; report: /r/net.html"
    assert lines == [*ANSWERS, *(f"  line {number}" for number in range(9)), passed]
    assert len(lines) == 12


def test_what_had_nothing_to_do_or_did_not_run_is_not_among_those_that_passed() -> None:
    log = EvidenceLog("stream_sweep", "net", "k", "embedded runtime")
    log.left_out = "not requested (--sweep)"
    left_out = StepResult(log.snapshot(), "passed", 1.0, "")
    assert left_out.shown_outcome == "skipped"
    *_, counts = summary_lines([*every_step("stream_sweep", "summary"), left_out], None)
    of_all = f"{len(STEPS) - 2} of {len(STEPS)} steps passed"
    assert counts == f"net: {of_all} on embedded runtime; nothing to do for stream_sweep; not run: summary"


def test_a_skipped_visual_check_has_its_line() -> None:
    log = EvidenceLog("visual_validation", "net", "k", "DeepStream")
    log.left_out = "no video was made: NVENC could not be initialised, and GStreamer has no theoraenc"
    skipped = StepResult(log.snapshot(), "passed", 1.0, "")
    lines = list(summary_lines([*every_step("visual_validation"), skipped], None))
    assert f"net: visual check (6f) skipped: {log.left_out}" in lines
    assert len(lines) <= 12


@pytest.mark.parametrize(
    ("word", "origin", "expected"),
    [
        ("no regression", "last good run", "; no regression against the last good run"),
        ("regression", "last good run", "; regression against the last good run"),
        ("not comparable", "last good run", ""),
        ("no regression", "--baseline", "; baseline: no regression"),
        ("not comparable", "--baseline", "; baseline: not comparable: CPU: a -> b"),
        ("nothing to compare with", "--bless", "; baseline: nothing to compare with: CPU: a -> b"),
        ("nothing to compare with", "", ""),
    ],
)
def test_the_comparison_with_the_baseline(word: str, origin: str, expected: str) -> None:
    log = EvidenceLog("regression", "net", "k", "embedded runtime")
    log.fact("Comparison", word, "CPU: a -> b")
    if origin:
        log.fact("Baseline", "b.json", origin)
    done = [*every_step("regression"), StepResult(log.snapshot(), "passed", 1.0, "")]
    assert list(summary_lines(done, None))[-1] == f"net: {len(STEPS)} steps passed{expected}"


def test_a_partial_run_is_reported_as_partial() -> None:
    some = [result(step.name, "passed") for step in STEPS[:6]]
    _, _, counts = summary_lines(some, None)
    never = ", ".join(step.name for step in STEPS[6:9]) + f" and {len(STEPS) - 9} more"
    assert counts == f"net: 6 of {len(STEPS)} steps passed on embedded runtime; not run: {never}"


def test_details_are_shown_with_v() -> None:
    log = EvidenceLog("run1_calibration", "net", "k", "embedded runtime")
    log.print("DS Run 1: 1 streams")
    log.warn("Run 1: short")
    mine = StepResult(log.snapshot(), "passed", 1.0, "")
    short = list(summary_lines([mine, *every_step("run1_calibration")], None))
    assert short[-1] == f"net: {len(STEPS)} steps passed; 1 warning (run1_calibration: -v or the report)"
    assert "  DS Run 1: 1 streams" not in short
    long = list(summary_lines([mine, *every_step("run1_calibration")], None, verbose=True))
    assert long[2:4] == ["  DS Run 1: 1 streams", "  warning (run1_calibration): Run 1: short"]


def test_a_failure_has_nothing_else_in_its_way() -> None:
    warned, late = (EvidenceLog(step, "net", "k", "embedded runtime") for step in ("nvinfer_config", "accuracy"))
    warned.warn(
        "topk=1 in [class-attrs-all] (config.txt:9): raise it", "labels.txt has 3 classes", "second", "third", "fourth"
    )
    warned.print("lines of a step")
    late.warn("too late to be the cause")
    failure = StepFailure("kitti-gate", "ERROR: Detection rate 0.0%", "", "config: topk=1 in [class-attrs-all]")
    done = [
        StepResult(warned.snapshot(), "passed", 1.0, ""),
        result("kitti_gate", "failed", failure),
        StepResult(late.snapshot(), "passed", 1.0, ""),
    ]
    assert list(summary_lines(done, Path("/r/net.html"))) == [
        "net: kitti_gate FAILED [kitti-gate]",
        "  ERROR: Detection rate 0.0%",
        "  fix: config: topk=1 in [class-attrs-all]",
        "  warning (nvinfer_config): labels.txt has 3 classes",
        "  warning (nvinfer_config): second",
        "  warning (nvinfer_config): third",
        "  1 more warning, see the report",
        "report: /r/net.html",
    ]


def test_two_models_share_the_line_of_the_report() -> None:
    other = EvidenceLog("preflight", "other", "k2", "embedded runtime")
    lines = list(summary_lines([*every_step(), StepResult(other.snapshot(), "passed", 1.0, "")], Path("/r/all.html")))
    assert lines[-1] == "report: /r/all.html"


def test_an_unexpected_exception_shows_its_last_line() -> None:
    (line,) = summary_lines([result("a", "failed", None, "Traceback\nKeyError: 'x'\n")], None)
    assert line == "net: a FAILED: KeyError: 'x'"


def test_an_inconclusive_step_is_not_among_those_that_passed() -> None:
    log = EvidenceLog("model_outputs", "net", "k", "embedded runtime")
    log.inconclusive("preprocessing-unknown", "nobody states\x1b net-scale-factor", "set it")
    done = [StepResult(log.snapshot(), "inconclusive", 1.0, ""), *every_step("model_outputs")]
    assert list(summary_lines(done, None)) == [
        "net: Is the import right? Not known: the preprocessing is not stated, see model_outputs",
        ANSWERS[1],
        "net: model_outputs INCONCLUSIVE [preprocessing-unknown]",
        "  nobody states\N{REPLACEMENT CHARACTER} net-scale-factor",
        "  fix: set it",
        f"net: {len(STEPS) - 1} of {len(STEPS)} steps passed, 1 INCONCLUSIVE",
    ]
