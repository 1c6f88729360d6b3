"""What needs an action: failures first, then what could not be decided; warnings by step. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dsbench.base.steps import STEPS
from dsbench.base.text import last_line
from dsbench.record.evidence import StepFailure
from dsbench.report.collector import StepResult
from dsbench.report.page.failure_text import first_line, listed_errors
from dsbench.report.page.views import StepProblem, Warned

_KEY_VALUE = re.compile(r"[a-z][a-z0-9-]*=[^\s,]+")
_SECTIONS = {step.name: step.section for step in STEPS}


def problems(results: Sequence[StepResult], prefix: str) -> tuple[StepProblem, ...]:
    """Failures in the order of the steps, then the undecided; ``prefix``: of the anchors of the steps.

    An undecided question with the cause of a failure is named there and has no entry of its own.
    """
    every = [problem for result in results for problem in _of(result, prefix)]
    failed = [one for one in every if one.state == "failed"]
    found = []
    for one in failed:
        same = tuple((other.anchor, other.step, other.code) for other in every if _repeats(other, one))
        found.append(replace(one, same=same))
    left = (one for one in every if one.state != "failed" and not any(_repeats(one, other) for other in failed))
    return (*found, *left)


def _repeats(question: StepProblem, failure: StepProblem) -> bool:
    """Whether an undecided question names no other keys and values than the failure; without any, has its fix."""
    if question.state == "failed":
        return False
    fix = question.fix.partition("; if you mean it")[0]
    if keys := _keys(f"{question.cause} {fix}"):
        return keys <= _keys(f"{failure.cause} {failure.details} {failure.fix}")
    return bool(fix) and failure.fix.startswith(fix)


def _keys(text: str) -> set[str]:
    """Keys of configs with their values: ``topk=200``."""
    return {found.rstrip(".,;:)") for found in _KEY_VALUE.findall(text)}


def _of(result: StepResult, prefix: str) -> Iterator[StepProblem]:
    evidence = result.evidence
    step, anchor, section = evidence.step, f"{prefix}-{evidence.step}", _SECTIONS.get(evidence.step, "")
    if result.outcome == "failed" and evidence.failure is None:
        cause = last_line(result.detail, "no text")
        yield StepProblem(anchor, section, step, "failed", "", cause, traceback=result.detail)
    elif evidence.failure is not None:
        yield _failed(StepProblem(anchor, section, step, "failed", evidence.failure.code, ""), evidence.failure)
    for one in evidence.undecided:
        cause, details = first_line(one.what)
        yield StepProblem(anchor, section, step, "inconclusive", one.code, cause, details, fix=one.fix)


def _failed(problem: StepProblem, failure: StepFailure) -> StepProblem:
    """``problem`` with what the failure says; of several errors the first, with the others as ``more``."""
    if errors := listed_errors(failure.what):
        first, *more = errors
        return replace(problem, cause=first.what, where=first.where, fix=first.fix, more=tuple(more))
    cause, details = first_line(failure.what)
    return replace(problem, cause=cause, details=details, where=failure.where, fix=failure.fix)


def warned(results: Sequence[StepResult], prefix: str) -> tuple[Warned, ...]:
    """The warnings of the steps that have any."""
    return tuple(
        Warned(f"{prefix}-{result.evidence.step}", result.evidence.step, result.evidence.warnings)
        for result in results
        if result.evidence.warnings
    )
