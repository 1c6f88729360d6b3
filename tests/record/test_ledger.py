"""Reasons to skip a step, and sessions that prove nothing."""

from __future__ import annotations

from dsbench.base.steps import STEPS, Step
from dsbench.record.evidence import StepFailure
from dsbench.record.ledger import Ledger

FIRST, SECOND, THIRD = Step("a", "", ""), Step("b", "", "", ("a",)), Step("c", "", "", ("b",))


def test_a_passed_step_lets_the_next_one_run() -> None:
    ledger = Ledger()
    ledger.note("m", "a", "passed", None)
    assert ledger.cause_to_skip("m", SECOND) is None


def test_the_first_failure_of_the_chain_is_the_reason() -> None:
    ledger = Ledger()
    ledger.note("m", "a", "failed", StepFailure("onnx-missing", "", "", ""))
    assert str(ledger.cause_to_skip("m", SECOND)) == "a failed [onnx-missing]"
    ledger.note("m", "b", "skipped", None)
    assert str(ledger.cause_to_skip("m", THIRD)) == "a failed [onnx-missing]"


def test_models_are_independent() -> None:
    ledger = Ledger()
    ledger.note("broken", "a", "failed", None)
    ledger.note("whole", "a", "passed", None)
    assert ledger.cause_to_skip("whole", SECOND) is None


def test_a_step_that_did_not_run_proves_nothing() -> None:
    ledger = Ledger()
    cause = ledger.cause_to_skip("m", THIRD)
    assert str(cause) == "b did not run"
    assert Ledger.proves_nothing(str(cause))
    assert not Ledger.proves_nothing("a failed [x]")


def test_every_need_is_an_earlier_step() -> None:
    seen: set[str] = set()
    for step in STEPS:
        assert set(step.needs) <= seen
        seen.add(step.name)
