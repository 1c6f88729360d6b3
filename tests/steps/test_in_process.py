"""The steps without pytest: order, dependencies, and what a failure leaves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.steps import STEPS
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import in_process
from dsbench.steps.in_process import IMPORT_STEPS
from dsbench.steps.model_run import ModelRun

MODEL = cast(
    ModelRun,
    SimpleNamespace(
        layout=SimpleNamespace(name="net", key="net"), runtime=SimpleNamespace(label="embedded")
    ),
)  # fmt: skip


def made_up(monkeypatch: pytest.MonkeyPatch, failing: str = "", crashing: str = "") -> None:
    def function(name: str) -> Any:
        def run(model: ModelRun, log: EvidenceLog) -> None:
            log.warn("careful")
            if name == failing:
                raise DsbenchError(Code.KITTI_GATE, "what", where="where", fix="fix")
            if name == crashing:
                raise ZeroDivisionError

        return run

    monkeypatch.setattr(in_process, "IMPORT_STEPS", {name: function(name) for name in IMPORT_STEPS})
    monkeypatch.setattr(in_process.parser_check, "begin", lambda model: None)


def test_the_steps_stand_in_the_order_of_a_run() -> None:
    names = [step.name for step in STEPS if step.name in IMPORT_STEPS]
    assert list(IMPORT_STEPS) == names


def test_every_step_runs_and_says_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up(monkeypatch)
    ends = list(in_process.run_steps(MODEL, IMPORT_STEPS))
    assert [end.name for end in ends] == list(IMPORT_STEPS)
    assert all(end.passed and end.evidence.warnings == ("careful",) for end in ends)


def test_what_needs_a_failed_step_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up(monkeypatch, failing="nvinfer_config")
    ends = list(in_process.run_steps(MODEL, IMPORT_STEPS))
    assert [end.name for end in ends] == [*list(IMPORT_STEPS)[:6], "parser_check"]
    failed = ends[5]
    assert failed.evidence.failure is not None
    assert (failed.passed, failed.evidence.failure.code) == (False, "kitti-gate")


def test_known_steps_are_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up(monkeypatch)
    ends = in_process.run_steps(MODEL, ("parser_source", "accuracy"), in_process.MODEL_STEPS)
    assert [end.name for end in ends] == ["parser_source"]


def test_an_error_of_dsbench_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up(monkeypatch, crashing="preflight")
    with pytest.raises(ZeroDivisionError):
        list(in_process.run_steps(MODEL, IMPORT_STEPS))
    (end,) = in_process.run_steps(MODEL, IMPORT_STEPS, keep_crashes=True)
    assert not end.passed
    assert "ZeroDivisionError" in end.crash
