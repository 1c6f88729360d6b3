"""The verdict in words: green only for what was proved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dsbench.base.steps import STEPS
from dsbench.judge.run.measurement import Interval, Measurement, Reason, State
from dsbench.record import verdict
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.record.schema import Figures, Record, RunMeasurement, StepRecord, StreamFigures

HERE = "embedded runtime on 2 CPU cores, not a DeepStream figure"
PARITY = {"f1": 1.0, "reference": 733, "frames": 47}
REAL_TIME = Figures(
    target_fps=30.0,
    run1=StreamFigures(4, 130.0, 32.5),
    run2=StreamFigures(4, 128.0, 32.0),
    real_time=True,
    confirmed_streams=4,
    every_stream="YES",
)
TOO_SLOW = replace(
    REAL_TIME, run2=StreamFigures(1, 11.5, 11.5), real_time=False, confirmed_streams=0, every_stream="NO"
)


def measured(name: str, *reasons: str, streams: int = 4, lowest: float = 31.2, low: float = 31.0) -> RunMeasurement:
    found = Measurement(
        state=State.INCONCLUSIVE if reasons else State.VALID,
        reasons=tuple(Reason(code, "text") for code in reasons),
        streams=streams,
        target_fps=30.0,
        warm_up_s=2.0,
        windows=20,
        total=None,
        per_stream=(Interval(33.0, low, 35.0),) * streams,
        stalled=(),
        lowest=(lowest,) * streams,
    )
    return RunMeasurement(name, found)


def record(figures: Figures, *measurements: RunMeasurement, **outcomes: str) -> Record:
    """All steps passed but for ``outcomes``; a step given as "" did not run."""
    steps = tuple(
        StepRecord(EvidenceLog(step.name, "net", "k", "embedded").snapshot(), outcome, 1.0)
        for step in STEPS
        if (outcome := outcomes.get(step.name, "passed"))
    )
    blank = Record("net", "/net", "embedded", "embedded runtime", "0.1", "s", "t", "t", steps=steps)
    environment, beyond = (("CPU cores", "2"),), {"import_parity": PARITY}
    return replace(blank, figures=figures, measurements=measurements, environment=environment, beyond=beyond)


def with_step(before: Record, log: EvidenceLog, outcome: str) -> Record:
    """``before``, the step of ``log`` replaced."""
    mine = StepRecord(log.snapshot(), outcome, 1.0)
    return replace(before, steps=tuple(mine if one.evidence.step == log.step else one for one in before.steps))


def log_of(step: str) -> EvidenceLog:
    return EvidenceLog(step, "net", "k", "embedded")


def streams(figures: Figures, *measurements: RunMeasurement, **outcomes: str) -> tuple[str, str]:
    found = verdict.of_record(record(figures, *measurements, **outcomes))
    return found.streams_answer, found.streams_color


def test_a_complete_run_is_green() -> None:
    found = verdict.of_record(record(REAL_TIME, measured("Run 1"), measured("Run 2")))
    assert found.color == "passed"
    assert found.import_answer == "Yes: the boxes are the model's (F1 1.000 over 733 reference boxes in 47 frames)"
    every = "4 streams in real time (30 FPS), every window of every stream 31.2 FPS or more"
    assert (found.streams_answer, found.streams_color) == (f"{every}; {HERE}", "passed")


def test_what_the_boxes_were_compared_with() -> None:
    accuracy = {"map": 0.7018, "map50": 0.9563}
    both = replace(record(REAL_TIME), beyond={"import_parity": PARITY, "accuracy": accuracy})
    assert verdict.of_record(both).import_answer.endswith("47 frames); mAP@0.5 0.956, mAP@0.5:0.95 0.702")
    neither = verdict.of_record(replace(record(REAL_TIME), beyond={"import_parity": None}))
    assert neither.import_answer == "Yes: every import step passed, but the boxes were not compared with a reference"


def test_warnings_of_the_import_are_named() -> None:
    log = log_of("kitti_gate")
    log.warn("the clip is frozen")
    found = verdict.of_record(with_step(record(REAL_TIME), log, "passed"))
    assert found.import_answer.endswith("; with warnings, see kitti_gate")


@pytest.mark.parametrize(
    ("figures", "measurements", "answer", "color"),
    [
        (REAL_TIME, [measured("Run 2", lowest=29.0)], "4 streams in real time (30 FPS), slowest stream 31.0", "passed"),
        (TOO_SLOW, [measured("Run 2", streams=1)], "None confirmed: 11.5 of 30 FPS with 1 stream; emb", "amber"),
        (
            replace(REAL_TIME, every_stream="UNSURE"),
            [measured("Run 2", "near-target", low=29.5, lowest=29.0)],
            "Not known: run 2 with 4 streams does not decide: near-target (slowest stream 29.5 to 35.0 FPS, target 30)",
            "amber",
        ),
        (
            replace(REAL_TIME, every_stream="NO"),
            [measured("Run 2", low=29.5)],
            "None confirmed: with 4 streams stream 0 reaches 33.0 of 30 FPS; fewer were not tried",
            "amber",
        ),
        (
            REAL_TIME,
            [measured("Run 1", "other-load"), measured("Run 2")],
            "4 streams in real time (30 FPS), every window of every stream 31.2 FPS or more; maybe more, since run 1 "
            "is in doubt (other-load)",
            "amber",
        ),
        (
            replace(REAL_TIME, every_stream="UNSURE"),
            [measured("Run 2", "near-target"), measured("Decision", streams=3)],
            "3 streams in real time (30 FPS), every window of every stream 31.2 FPS or more; decided by one more run, "
            "since run 2 with 4 streams did not decide",
            "passed",
        ),
        (replace(REAL_TIME, every_stream=None), [], "4 streams at 30 FPS or more, by stream 0", "amber"),
        (Figures(), [], "Not measured", "amber"),
        (Figures(run1=StreamFigures(4, 130.0, 32.5)), [], "Not known: run 2 has no result", "amber"),
    ],
)
def test_streams(figures: Figures, measurements: list[RunMeasurement], answer: str, color: str) -> None:
    found, found_color = streams(figures, *measurements)
    assert found.startswith(answer)
    assert found_color == color
    assert not figures.run2.streams or found.endswith(HERE)


def test_fewer_streams_than_asked_for() -> None:
    answer, color = streams(REAL_TIME, measured("Run 2"), run2_validation="failed")
    assert "; fewer than --min-streams asks for; " in answer
    assert color == "failed"


TRIED = replace(REAL_TIME, run2=StreamFigures(2, 64.0, 32.0), run2_first=StreamFigures(5, 140.0, 28.0))


@pytest.mark.parametrize(
    ("reason", "warning", "color", "said"),
    [
        ("near-target", "Run 2: INCONCLUSIVE, near-target: text", "passed", "31.2 FPS or more; embedded"),
        (
            "other-load",
            "Run 2: INCONCLUSIVE, other-load: text",
            "amber",
            "maybe more, since run 2 with 5 streams is in",
        ),
        ("near-target", "Retry: no PERF row in the last 3.0 s", "amber", "with warnings, see run2_validation"),
    ],
)
def test_the_first_attempt_of_run_2_does_not_colour_its_retry(reason: str, warning: str, color: str, said: str) -> None:
    log = log_of("run2_validation")
    log.warn(warning)
    runs = (measured("Run 1"), measured("Run 2", reason, streams=5), measured("Retry", streams=2))
    found = verdict.of_record(with_step(record(TRIED, *runs), log, "passed"))
    assert found.streams_answer.startswith("2 streams in real time (30 FPS), every window of every stream 31.2 FPS")
    assert said in found.streams_answer
    assert found.streams_color == color


@pytest.mark.parametrize("step", ["run1_calibration", "run2_validation"])
def test_a_measurement_with_a_warning_is_never_green(step: str) -> None:
    log = log_of(step)
    log.warn("Run 1: the trtexec log is of another machine")
    found = verdict.of_record(with_step(record(REAL_TIME, measured("Run 2")), log, "passed"))
    assert (found.color, found.import_color, found.streams_color) == ("amber", "passed", "amber")
    assert f"; with warnings, see {step}; " in found.streams_answer


def test_an_invalid_measurement_gives_no_number_of_streams() -> None:
    log = log_of("run2_validation")
    log.failure = StepFailure("measurement-invalid", "what", "where", "fix")
    found = verdict.of_record(with_step(record(REAL_TIME, measured("Run 2")), log, "failed"))
    assert (found.color, found.streams_color) == ("failed", "failed")
    assert found.streams_answer == "Not known: the measurement is invalid, see run2_validation"


@pytest.mark.parametrize(
    ("outcomes", "answer", "color"),
    [
        ({"kitti_gate": "failed"}, "No: kitti_gate failed", "failed"),
        ({"visual_validation": "failed"}, "No: visual_validation failed", "failed"),
        ({"preflight": "failed", "model_outputs": "skipped"}, "Not known: pre-flight stopped the run", "failed"),
        ({"kitti_gate": "skipped"}, "Not known: kitti_gate did not run", "amber"),
        ({"kitti_gate": "", "accuracy": ""}, "Not known: kitti_gate and accuracy did not run", "amber"),
        ({"run1_calibration": "failed"}, "Yes: the boxes are the model's", "failed"),
    ],
)
def test_the_answer_about_the_import(outcomes: dict[str, Any], answer: str, color: str) -> None:
    found = verdict.of_record(record(REAL_TIME, **outcomes))
    assert found.import_answer.startswith(answer)
    assert found.color == color


def test_a_failure_that_says_nothing_about_the_import() -> None:
    log = log_of("kitti_gate")
    log.failure = StepFailure("kitti-gate", "what", "where", "fix")
    log.import_unknown = "the clip shows too little"
    blank = with_step(record(Figures(), import_parity="skipped"), log, "failed")
    for stopped in (blank, replace(blank, interrupted_in="accuracy")):
        found = verdict.of_record(stopped)
        assert found.import_answer == "Not known: the clip shows too little, see kitti_gate"
        assert (found.color, found.import_color) == ("failed", "amber")
    both = with_step(record(Figures(), visual_validation="failed"), log, "failed")
    assert verdict.of_record(both).import_answer == "No: visual_validation and kitti_gate failed"


def test_an_interrupted_run_is_never_green() -> None:
    assert verdict.of_record(replace(record(REAL_TIME), interrupted_in="summary")).color == "amber"


def test_what_an_interrupted_run_did_not_reach_is_not_known() -> None:
    partly = record(Figures(), run1_calibration="", run2_validation="", accuracy="")
    found = verdict.of_record(replace(partly, interrupted_in="accuracy"))
    said = "Not known: the run was interrupted in accuracy"
    assert (found.import_answer, found.streams_answer) == (said, said)
    skipped = record(Figures(), kitti_gate="failed", run2_validation="skipped")
    found = verdict.of_record(replace(skipped, interrupted_in="summary"))
    assert (found.import_answer, found.streams_answer) == ("No: kitti_gate failed", "Not measured")


def test_the_import_is_not_known_while_a_step_is_inconclusive() -> None:
    log = log_of("model_outputs")
    log.inconclusive("preprocessing-unknown", "nobody states net-scale-factor", "set it")
    found = verdict.of_record(with_step(record(REAL_TIME), log, "inconclusive"))
    assert (found.color, found.import_color, found.streams_color) == ("amber", "amber", "passed")
    assert found.import_answer == "Not known: the preprocessing is not stated, see model_outputs"
    worse = with_step(record(REAL_TIME, kitti_gate="failed"), log, "inconclusive")
    assert verdict.of_record(worse).import_answer == "No: kitti_gate failed"


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c", "d"], "a, b, c and d"),
        (list("abcdef"), "a, b, c and 3 more"),
    ],
)
def test_listed(names: list[str], text: str) -> None:
    assert verdict.listed(names) == text
