"""Answers of single steps at the top of the report, after the three main answers of ``verdict``."""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.base.steps import STEPS
from dsbench.report.collector import StepResult


def step_answers(results: Sequence[StepResult]) -> tuple[tuple[str, str], ...]:
    """(question, answer) of each step that has both; the answer is the value and origin of the step's first fact."""
    first = {result.evidence.step: result.evidence.facts[0] for result in results if result.evidence.facts}
    asked = ((step.question, first.get(step.name)) for step in STEPS if step.question)
    return tuple((question, f"{fact.value}: {fact.origin}") for question, fact in asked if fact and fact.origin)
