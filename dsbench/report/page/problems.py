"""What needs an action: failures first, then what could not be decided; warnings by step. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsbench.base.steps import STEPS
from dsbench.base.text import last_line
from dsbench.report.collector import StepResult
from dsbench.report.page.headlines import first_line
from dsbench.report.page.views import StepProblem, Warned

_SECTIONS = {step.name: step.section for step in STEPS}


def problems(results: Sequence[StepResult], prefix: str) -> tuple[StepProblem, ...]:
    """Failures in the order of the steps, then the undecided; ``prefix``: of the anchors of the steps."""
    every = [problem for result in results for problem in _of(result, prefix)]
    return tuple(sorted(every, key=lambda one: one.state != "failed"))


def _of(result: StepResult, prefix: str) -> Iterator[StepProblem]:
    evidence = result.evidence
    step, anchor, section = evidence.step, f"{prefix}-{evidence.step}", _SECTIONS.get(evidence.step, "")
    if result.outcome == "failed" and evidence.failure is None:
        cause = last_line(result.detail, "no text")
        yield StepProblem(anchor, section, step, "failed", "", cause, traceback=result.detail)
    elif evidence.failure is not None:
        failure = evidence.failure
        cause, details = first_line(failure.what)
        yield StepProblem(anchor, section, step, "failed", failure.code, cause, details, failure.where, failure.fix)
    for one in evidence.undecided:
        cause, details = first_line(one.what)
        yield StepProblem(anchor, section, step, "inconclusive", one.code, cause, details, fix=one.fix)


def warned(results: Sequence[StepResult], prefix: str) -> tuple[Warned, ...]:
    """The warnings of the steps that have any."""
    return tuple(
        Warned(f"{prefix}-{result.evidence.step}", result.evidence.step, result.evidence.warnings)
        for result in results
        if result.evidence.warnings
    )
