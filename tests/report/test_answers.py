"""Answers of single steps at the top of the report: only if the step has one, with its reason."""

from __future__ import annotations

from dsbench.record.evidence import EvidenceLog
from dsbench.report import answers
from dsbench.report.collector import StepResult


def result(step: str, *fact: str) -> StepResult:
    log = EvidenceLog(step, "net", "k", "embedded")
    log.fact(*fact)
    return StepResult(log.snapshot(), "passed", 1.0, "", None)


def test_answers_of_the_steps_that_have_one() -> None:
    found = answers.step_answers(
        [
            result("throughput_limit", "Limit", "decode (NVDEC)", "the run reaches 97% of what decoding alone does"),
            result("stream_sweep", "Sweep", "not requested (--sweep)"),
            result("frame_latency", "Latency under load", "mean 41.0 ms", "900 frames of 3 streams: median 40.0 ms"),
        ]
    )
    assert found == (
        ("What limits the throughput?", "decode (NVDEC): the run reaches 97% of what decoding alone does"),
        ("How long does a frame take?", "mean 41.0 ms: 900 frames of 3 streams: median 40.0 ms"),
    )


def test_a_bare_number_has_its_name() -> None:
    step = result("import_parity", "F1 against the reference", "1.000", "the boxes are the model's")
    assert answers.answer(step) == "F1 against the reference 1.000: the boxes are the model's"
    assert answers.answer(result("kitti_gate", "Frames written", "100", "100 expected")) == ""


def test_a_reference_that_rests_on_an_open_question_says_so() -> None:
    log = EvidenceLog("model_outputs", "net", "k", "embedded")
    log.inconclusive("preprocessing-unknown", "nobody states the scale", "state it")
    open_question = StepResult(log.snapshot(), "inconclusive", 1.0, "", None)
    compared = result("import_parity", "F1 against the reference", "1.000", "the boxes are the model's")
    (found,) = answers.step_answers([open_question, compared])
    assert found[1].endswith("the boxes are the model's; the reference rests on what model_outputs could not decide")


def test_what_was_not_measured_is_not_answered() -> None:
    assert (
        answers.step_answers([result("throughput_limit", "Limit", "not measured: not requested, --limits never")]) == ()
    )
