"""The first screen: two answers with their reasons, and what else a reviewer asks. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from dsbench.base.steps import STEPS
from dsbench.base.text import counted, last_line
from dsbench.record.schema import INCONCLUSIVE, ModelVerdict, RunMeasurement
from dsbench.record.verdict import DECISION, IMPORT_STEPS
from dsbench.report.answers import answer, step_answers
from dsbench.report.collector import StepResult
from dsbench.report.page.failure_text import first_line, listed_errors
from dsbench.report.page.views import Headline, Line

_DECIDING_RUNS = ("Run 2", "Retry", DECISION)
_MAX_NAMED = 8


def headlines(results: Sequence[StepResult], verdict: ModelVerdict) -> tuple[Headline, ...]:
    """Is the import right, and how many real-time streams."""
    return (
        Headline("Is the import right?", verdict.import_answer, verdict.import_color, _import_reason(results)),
        Headline(
            "How many real-time streams?", verdict.streams_answer, verdict.streams_color, _streams_reason(results)
        ),
    )


def _import_reason(results: Sequence[StepResult]) -> str:
    """What the first import step that did not pass says; empty if all did, or where the answer itself says it."""
    mine = [result for result in results if result.evidence.step in ("preflight", *IMPORT_STEPS)]
    for result in sorted(mine, key=lambda one: one.outcome != "failed"):
        if result.evidence.import_unknown:
            return ""
        if result.outcome == "failed":
            failure = result.evidence.failure
            return _first(failure.what) if failure else last_line(result.detail, "no text")
        if result.evidence.undecided:
            return _first(result.evidence.undecided[0].what)
    return ""


def _streams_reason(results: Sequence[StepResult]) -> str:
    """How sure it is: the interval of the slowest stream in the run that decides; else why nothing was measured."""
    run = deciding_run(results)
    found = run.measurement if run else None
    if found is not None and found.per_stream and found.slowest is not None:
        one = found.per_stream[found.slowest]
        windows = f"{counted(found.windows, 'window')} after {found.warm_up_s:.1f} s of warm-up"
        if one.high == float("inf"):
            return f"slowest stream {one.mean:.1f} FPS, {windows}: no confidence interval"
        return f"slowest stream {one.mean:.1f} FPS, 95 % interval {one.low:.1f} to {one.high:.1f}; {windows}"
    for result in results:
        if result.evidence.step in ("run1_calibration", "run2_validation"):
            if result.evidence.failure:
                return _first(result.evidence.failure.what)
            if result.evidence.skipped_for:
                return f"the benchmark was skipped: {result.evidence.skipped_for}"
    return ""


def deciding_run(results: Sequence[StepResult]) -> RunMeasurement | None:
    """The last run that decides how many streams keep up."""
    pages = [result.page for result in results if result.page is not None and result.page.measurements]
    runs = pages[-1].measurements if pages else ()
    return next((run for run in reversed(runs) if run.name in _DECIDING_RUNS), None)


def lines(
    results: Sequence[StepResult], verdict: ModelVerdict, folder: Path, interrupted_in: str = ""
) -> tuple[Line, ...]:
    """What failed and what to do, the answers of single steps, what was not measured, the runtime, the record.

    ``folder``: of the page; ``interrupted_in``: the model's step in which the run was interrupted.
    """
    return (*_lines(results, verdict, interrupted_in), *_record(results, folder))


def _lines(results: Sequence[StepResult], verdict: ModelVerdict, interrupted_in: str) -> Iterator[Line]:
    failed = [result for result in results if result.outcome == "failed"]
    if failed:
        yield Line("What failed?", ", ".join(map(_failed_step, failed)), "failed")
        fixes = [one.evidence.failure.fix for one in failed if one.evidence.failure and one.evidence.failure.fix]
        errors = [error for one in failed if one.evidence.failure for error in listed_errors(one.evidence.failure.what)]
        fixes += [error.fix for error in errors if error.fix]
        if fixes:
            yield Line("What to do?", _first(fixes[0]))
    elif doubts := [(one.evidence.step, doubt) for one in results for doubt in one.evidence.undecided]:
        yield Line("What is not decided?", ", ".join(f"{step} ({doubt.code})" for step, doubt in doubts), "amber")
        yield Line("What to do?", _first(doubts[0][1].fix))
    if undecided := _undecided_streams(results, verdict):
        yield Line("Why are the streams not known?", undecided)
    yield from (Line(question, answer) for question, answer in step_answers(results))
    missing = not_measured(results, interrupted_in)
    if missing:
        yield Line("What was not measured?", "; ".join(missing))
    yield Line("On which runtime?", verdict.runtime)


def _failed_step(result: StepResult) -> str:
    """The step, and the code of its failure if that says more."""
    step, failure = result.evidence.step, result.evidence.failure
    return step if failure is None or failure.code.replace("-", "_") == step else f"{step} ({failure.code})"


def _undecided_streams(results: Sequence[StepResult], verdict: ModelVerdict) -> str:
    """What speaks against the run that decides, and what to do about each; empty if it decides."""
    run = deciding_run(results)
    if run is None or verdict.streams is not None:
        return ""
    return "; ".join(dict.fromkeys(reason.text for reason in run.measurement.reasons))


def _record(results: Sequence[StepResult], folder: Path) -> Iterator[Line]:
    record = next((result.record for result in reversed(results) if result.record is not None), None)
    if record is not None and record.path and not record.trouble:
        path = os.path.relpath(record.path, folder)
        yield Line("Record", path, link=quote(path.encode("utf-8", "surrogateescape")))


def not_measured(results: Sequence[StepResult], interrupted_in: str = "") -> tuple[str, ...]:
    """Steps that were skipped, left out or not requested, with the reason. A step that a line of
    its own answers is left out."""
    by_step = {result.evidence.step: result for result in results}
    reasons: dict[str, list[str]] = {}
    not_reached = f"the run was interrupted in {interrupted_in}" if interrupted_in else "not selected or not reached"
    for step in STEPS:
        result = by_step.get(step.name)
        if result is None:
            reasons.setdefault(not_reached, []).append(step.name)
        elif result.outcome == "skipped":
            why = result.evidence.skipped_for or last_line(result.detail, "skipped")
            reasons.setdefault(why, []).append(step.name)
        elif result.evidence.left_out and not answer(result):
            reasons.setdefault(result.evidence.left_out, []).append(step.name)
    return tuple(f"{_named(names)}: {why}" for why, names in reasons.items())


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MAX_NAMED])
    return f"{shown} and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else shown


def counts(results: Sequence[StepResult]) -> str:
    """How many steps had which outcome, of how many."""
    words = [
        f"{count} {word}"
        for word in ("passed", "failed", INCONCLUSIVE, "skipped")
        if (count := sum(result.shown_outcome == word for result in results))
    ]
    left_out = len(STEPS) - len(results)
    return ", ".join([*words, *([f"{left_out} not run"] if left_out > 0 else [])])


def _first(text: str) -> str:
    return first_line(text)[0]
