"""Answers of single steps at the top of the report, after the three main answers of ``verdict``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dsbench.base.steps import STEPS
from dsbench.report.collector import StepResult

_FED, _COMPARED = "model_outputs", "import_parity"
"""The step that decides how the network is fed and read, and the one whose reference is made so."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?%?")


def step_answers(results: Sequence[StepResult]) -> tuple[tuple[str, str], ...]:
    """(question, answer) of each step that has both; the answer is the value and origin of the step's first fact. A
    value that is a bare number has the fact's name before it."""
    answers = {result.evidence.step: answer(result) for result in results}
    undecided = any(result.evidence.step == _FED and result.evidence.undecided for result in results)
    if undecided and answers.get(_COMPARED):
        answers[_COMPARED] += f"; the reference rests on what {_FED} could not decide"
    asked = ((step.question, answers.get(step.name)) for step in STEPS)
    return tuple((question, said) for question, said in asked if said)


def answer(result: StepResult) -> str:
    """The step's answer to its question; empty without a question or an answer."""
    question = next((step.question for step in STEPS if step.name == result.evidence.step), "")
    fact = result.evidence.facts[0] if result.evidence.facts else None
    if not question or fact is None or not fact.origin:
        return ""
    value = f"{fact.name} {fact.value}" if _NUMBER.fullmatch(fact.value) else fact.value
    return f"{value}: {fact.origin}"
