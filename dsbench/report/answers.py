"""The answers at the top of a report that steps give beside the three main ones."""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.base.steps import STEPS
from dsbench.report.collector import StepResult


def beside(results: Sequence[StepResult]) -> tuple[tuple[str, str], ...]:
    """Question and answer of each step that has both: the value of its first fact, and where the value comes from."""
    first = {result.evidence.step: result.evidence.facts[0] for result in results if result.evidence.facts}
    asked = ((step.question, first.get(step.name)) for step in STEPS if step.question)
    return tuple((question, f"{fact.value}: {fact.origin}") for question, fact in asked if fact and fact.origin)
