"""The three main answers of the report: green only for what was proved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsbench.base.steps import STEPS
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.record.schema import Figures, RecordState, StreamFigures
from dsbench.report.collector import StepResult
from dsbench.report.verdict import model_verdict

REAL_TIME = Figures(
    target_fps=30.0, run1=StreamFigures(4, 130.0, 32.5), run2=StreamFigures(4, 128.0, 32.0), confirmed_streams=4
)
NOT_REAL_TIME = Figures(
    target_fps=30.0, run1=StreamFigures(1, 12.0, 12.0), run2=StreamFigures(1, 11.5, 11.5), confirmed_streams=0
)


def results(figures: Figures, **outcomes: str) -> list[StepResult]:
    """All steps passed but for ``outcomes``; a step given as "" did not run."""
    state = RecordState(figures, "", "/r.json")
    return [
        StepResult(EvidenceLog(step.name, "net", "k", "embedded").snapshot(), outcome, 1.0, "", state)
        for step in STEPS
        if (outcome := outcomes.get(step.name, "passed"))
    ]


def test_a_complete_run_is_green() -> None:
    found = model_verdict(results(REAL_TIME))
    assert (found.color, found.import_answer) == ("passed", "Yes: every import step passed")
    assert (found.streams_answer, found.streams_color) == ("4 at 30 FPS or more", "passed")
    assert found.runtime == "embedded"


def test_not_real_time_is_amber_though_nothing_failed() -> None:
    found = model_verdict(results(NOT_REAL_TIME))
    assert (found.color, found.streams_color) == ("amber", "amber")
    assert found.streams_answer == "None confirmed: 11.5 of 30 FPS with 1 stream"


@pytest.mark.parametrize("step", ["run1_calibration", "run2_validation"])
def test_a_measurement_with_a_warning_is_never_green(step: str) -> None:
    log = EvidenceLog(step, "net", "k", "embedded")
    log.warn("Run 1: all streams together varied")
    state = RecordState(REAL_TIME, "", "/r.json")
    warned = StepResult(log.snapshot(), "passed", 1.0, "", state)
    found = model_verdict([warned if each.evidence.step == step else each for each in results(REAL_TIME)])
    assert (found.color, found.import_color, found.streams_color) == ("amber", "passed", "amber")
    assert found.streams_answer == "4 at 30 FPS or more; the measurement has warnings, see runs 1 and 2"


@pytest.mark.parametrize("said", ["NO", "UNSURE"])
def test_stream_0_alone_is_never_green(said: str) -> None:
    found = model_verdict(results(replace(REAL_TIME, every_stream=said)))
    assert (found.color, found.streams_color) == ("amber", "amber")
    assert found.streams_answer.startswith(f"4 at 30 FPS or more by stream 0; every stream: {said}")
    assert model_verdict(results(replace(REAL_TIME, every_stream="YES"))).color == "passed"


def test_an_invalid_measurement_gives_no_number_of_streams() -> None:
    log = EvidenceLog("run2_validation", "net", "k", "embedded")
    log.failure = StepFailure("measurement-invalid", "what", "where", "fix")
    failed = StepResult(log.snapshot(), "failed", 1.0, "", RecordState(REAL_TIME, "", "/r.json"))
    found = model_verdict([failed if each.evidence.step == "run2_validation" else each for each in results(REAL_TIME)])
    assert (found.color, found.streams_color) == ("failed", "failed")
    assert found.streams_answer == "Not known: the measurement is invalid, see run2_validation"


def test_interrupted_is_never_green() -> None:
    assert model_verdict(results(REAL_TIME), interrupted=True).color == "amber"


@pytest.mark.parametrize(
    ("outcomes", "answer", "color"),
    [
        ({"kitti_gate": "failed"}, "No: kitti_gate failed", "failed"),
        ({"visual_validation": "failed"}, "No: visual_validation failed", "failed"),
        ({"preflight": "failed", "model_outputs": "skipped"}, "Not known: pre-flight stopped the run", "failed"),
        ({"kitti_gate": "skipped"}, "Not known: some import steps did not run", "amber"),
        ({"kitti_gate": ""}, "Not known: some import steps did not run", "amber"),
        ({"run1_calibration": "failed"}, "Yes: every import step passed", "failed"),
    ],
)
def test_the_answer_about_the_import(outcomes: dict[str, str], answer: str, color: str) -> None:
    found = model_verdict(results(REAL_TIME, **outcomes))
    assert (found.import_answer, found.color) == (answer, color)


def test_streams_that_were_not_measured_or_too_few() -> None:
    assert model_verdict(results(Figures())).streams_answer == "Not measured"
    half = Figures(target_fps=30.0, run1=StreamFigures(4, 130.0, 32.5))
    assert model_verdict(results(half, run2_validation="failed")).streams_answer == "Not known: run 2 has no result"
    few = model_verdict(results(REAL_TIME, run2_validation="failed"))
    assert few.streams_answer == "4 at 30 FPS or more, fewer than --min-streams asks for"
    assert few.streams_color == "failed"


def undecided(step: str) -> StepResult:
    log = EvidenceLog(step, "net", "k", "embedded")
    log.inconclusive("preprocessing-unknown", "nobody states net-scale-factor", "set it")
    return StepResult(log.snapshot(), "inconclusive", 1.0, "", RecordState(REAL_TIME, "", "/r.json"))


def test_the_import_is_not_known_while_a_step_is_inconclusive() -> None:
    mine = undecided("model_outputs")
    found = model_verdict([mine if each.evidence.step == "model_outputs" else each for each in results(REAL_TIME)])
    assert (found.color, found.import_color, found.streams_color) == ("amber", "amber", "passed")
    assert found.import_answer == "Not known: preprocessing-unknown, see model_outputs"


def test_a_failure_is_worse_than_an_inconclusive_step() -> None:
    mine = undecided("model_outputs")
    steps = results(REAL_TIME, kitti_gate="failed")
    found = model_verdict([mine if each.evidence.step == "model_outputs" else each for each in steps])
    assert (found.color, found.import_answer) == ("failed", "No: kitti_gate failed")
