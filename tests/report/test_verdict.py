"""The verdict of a session's results is that of the last state of the record."""

from __future__ import annotations

import pytest

from dsbench.record.evidence import EvidenceLog
from dsbench.record.schema import Figures, ModelVerdict, RecordState
from dsbench.report.collector import StepResult
from dsbench.report.verdict import interrupted_step, model_verdict


def result(color: str | None) -> StepResult:
    evidence = EvidenceLog("preflight", "net", "k", "embedded").snapshot()
    verdict = ModelVerdict(color, "Yes", color, "4", color, "embedded") if color else None
    return StepResult(evidence, "passed", 1.0, "", RecordState(Figures(), "", "/r.json", verdict))


def test_the_last_state_counts() -> None:
    assert model_verdict([result("amber"), result("passed")]).color == "passed"


def test_interrupted_is_never_green() -> None:
    assert model_verdict([result("passed")], running="run1_calibration").color == "amber"
    assert model_verdict([result("failed")], running="run1_calibration").color == "failed"


@pytest.mark.parametrize(
    ("running", "step"),
    [("", ""), ("run1_calibration of models/net", "run1_calibration"), ("run1_calibration of .", "run1_calibration"),
     ("run1_calibration of models/other", ""), ("preflight of models/net", "preflight")],
)  # fmt: skip
def test_the_step_that_was_interrupted(running: str, step: str) -> None:
    assert interrupted_step([result("passed")], running) == step


def test_a_step_before_the_last_one_was_not_interrupted() -> None:
    assert interrupted_step([result("passed"), result("passed")], "preflight of models/net") == ""


def test_without_a_record_the_steps_speak() -> None:
    found = model_verdict([result(None)])
    assert found.color == "amber"
    assert found.import_answer == "Not known: model_outputs, parser_source, parser_makefile and 8 more did not run"
    assert found.streams_answer == "Not measured"
