"""The summary on the terminal: results of each model, and cause and fix of each failure without truncation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from dsbench.base.steps import STEPS
from dsbench.base.text import console, counted, last_line
from dsbench.record import baseline
from dsbench.record.baseline import BaselineOrigin
from dsbench.record.schema import INCONCLUSIVE
from dsbench.record.verdict import IMPORT_STEPS, listed
from dsbench.report.collector import StepResult
from dsbench.report.verdict import interrupted_step, model_verdict

_SHOWN = frozenset(step.name for step in STEPS if step.shown)
_BLOCK = "summary"
"""The step that prints the specification's closing block."""
_VIDEO = "visual_validation"
"""The step whose video people look for: if it made none, the summary says so."""
_MAX_HINTS = 3


def print_line(config: pytest.Config, text: str) -> None:
    """Print a line on standard output past pytest's capturing, as it is."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
        print(text, flush=True)


def summary_lines(
    results: Sequence[StepResult], html_path: Path | None, verbose: bool = False, running: str = ""
) -> Iterator[str]:
    """Lines of the summary. A failure shows code, cause, where and fix: pytest truncates them in its own summary.

    A run without a failure shows the two answers and the specification's closing block, 12 lines at most. ``verbose``:
    also the printed lines of the steps that measure, and every warning. ``running``: the step that was interrupted, as
    the collector has it.
    """
    report = f"report: {html_path}" if html_path is not None else ""
    keys = list(dict.fromkeys(result.evidence.model_key for result in results))
    alone = report if len(keys) == 1 and not any(result.outcome == "failed" for result in results) else ""
    for model_key in keys:
        mine = [result for result in results if result.evidence.model_key == model_key]
        failed = [result for result in mine if result.outcome == "failed"]
        yield from map(console, _failed_lines(mine, failed) if failed else _answer_lines(mine, running))
        if verbose:
            yield from map(console, _details(mine, failed))
        if not failed:
            counts = f"{mine[0].evidence.model}: {_counts(mine)}{'' if verbose else _warned(mine)}"
            yield console(counts) + (f"; {alone}" if alone else "")
        if (record := mine[-1].record) is not None and record.trouble:
            yield f"  warning: {console(record.trouble)}"
    if report and not alone:
        yield report


def _answer_lines(results: Sequence[StepResult], running: str) -> Iterator[str]:
    """A model without a failure: the two answers, what is not decided, the closing block."""
    name, verdict = results[0].evidence.model, model_verdict(results, interrupted_step(results, running))
    yield f"{name}: Is the import right? {verdict.import_answer}"
    yield f"{name}: How many real-time streams? {verdict.streams_answer}"
    for result in results:
        for one in result.evidence.undecided if result.outcome == INCONCLUSIVE else ():
            yield f"{name}: {result.evidence.step} {INCONCLUSIVE.upper()} [{one.code}]"
            yield from (f"  {line}" for line in one.what.splitlines())
            yield from _indented("fix: ", one.fix)
    for result in results:
        if result.evidence.step == _VIDEO and result.evidence.left_out:
            yield f"{name}: visual check (6f) skipped: {result.evidence.left_out}"
        if result.evidence.step == _BLOCK:
            yield from (f"  {line}" for line in result.evidence.lines)


def _counts(results: Sequence[StepResult]) -> str:
    """``18 of 20 steps passed; nothing to do for stream_sweep and frame_latency``, or what was not selected."""
    outcomes = [result.shown_outcome for result in results]
    passed, undecided = outcomes.count("passed"), outcomes.count(INCONCLUSIVE)
    skipped = [result.evidence.step for result in results if result.outcome == "skipped"]
    left_out = [result.evidence.step for result in results if result.shown_outcome != result.outcome]
    ran = {result.evidence.step for result in results}
    never = [step.name for step in STEPS if step.name not in ran]
    named = (("nothing to do for", left_out), ("not run:", never))
    counts = ((undecided, INCONCLUSIVE.upper()), (len(skipped), "skipped"))
    also = "".join(f", {count} {word}" for count, word in counts if count)
    of_all = f" of {len(STEPS)}" if passed < len(STEPS) else ""
    # the closing block has the runtime
    where = "" if _BLOCK in ran and not skipped else f" on {results[0].evidence.runtime}"
    rest = "".join(f"; {word} {listed(names)}" for word, names in named if names)
    return f"{passed}{of_all} steps passed{also}{where}{rest}{_compared(results)}"


def _compared(results: Sequence[StepResult]) -> str:
    """The comparison with a baseline that the user chose, or with the last good run if there is one like it."""
    found = baseline.shown(result.evidence for result in results)
    if found is None or not found.origin:
        return ""
    if found.origin == BaselineOrigin.LAST_GOOD:
        return f"; {found.word} against the last good run" if found.word != "not comparable" else ""
    return f"; baseline: {found.word if found.word == 'no regression' else found.line}"


def _warned(results: Sequence[StepResult]) -> str:
    steps = [result.evidence.step for result in results if result.evidence.warnings]
    count = sum(len(result.evidence.warnings) for result in results)
    return f"; {counted(count, 'warning')} ({listed(steps)}: -v or the report)" if count else ""


def _failed_lines(results: Sequence[StepResult], failed: Sequence[StepResult]) -> Iterator[str]:
    """A model with a failure: cause and fix of each, and what earlier import steps warned of."""
    name = results[0].evidence.model
    for result in failed:
        step, failure = result.evidence.step, result.evidence.failure
        if failure is None:
            yield f"{name}: {step} FAILED: {last_line(result.detail, 'no text')}"
            continue
        yield f"{name}: {step} FAILED [{failure.code}]"
        yield from (f"  {line}" for line in failure.what.splitlines())
        if failure.where:
            yield f"  where: {failure.where}"
        if failure.fix:
            yield from _indented("fix: ", failure.fix)
    yield from _hints(results, failed[0].evidence.step)
    undecided = [
        f"{result.evidence.step} [{one.code}]"
        for result in results
        if result.outcome == INCONCLUSIVE
        for one in result.evidence.undecided
    ]
    if undecided:
        yield f"  {INCONCLUSIVE.upper()}: {listed(undecided)}, see the report"
    record = results[-1].record
    if failed[0].evidence.step == "preflight" and record is not None and record.kept:
        yield f"  the record of the earlier run was kept: {record.kept}"
    if skipped := sum(result.outcome == "skipped" for result in results):
        yield f"  {skipped} later step{'s' if skipped != 1 else ''} skipped"


def _hints(results: Sequence[StepResult], failed: str) -> Iterator[str]:
    """Warnings of the import steps up to the one that failed: they may be the cause."""
    steps = IMPORT_STEPS[: IMPORT_STEPS.index(failed) + 1] if failed in IMPORT_STEPS else ()
    warnings = [(result.evidence.step, text) for result in results for text in result.evidence.warnings]
    said = "".join(result.evidence.failure.fix for result in results if result.evidence.failure is not None)
    mine = [(step, text) for step, text in warnings if step in steps and text.split(" (")[0] not in said]
    yield from (f"  warning ({step}): {text}" for step, text in mine[:_MAX_HINTS])
    if len(mine) > _MAX_HINTS:
        more = len(mine) - _MAX_HINTS
        yield f"  {counted(more, 'more warning')}, see the report"


def _details(results: Sequence[StepResult], failed: Sequence[StepResult]) -> Iterator[str]:
    """With -v: printed lines of the steps that measure, and every warning that is not shown yet."""
    for result in results:
        if result.evidence.step in _SHOWN and (failed or result.evidence.step != _BLOCK):
            yield from (f"  {line}" for line in result.evidence.lines)
    shown = set(_hints(results, failed[0].evidence.step)) if failed else set()
    for result in results:
        lines = (f"  warning ({result.evidence.step}): {text}" for text in result.evidence.warnings)
        yield from (line for line in lines if line not in shown)


def _indented(head: str, text: str) -> Iterator[str]:
    lines = text.splitlines()
    yield f"  {head}{lines[0]}"
    yield from (f"  {line}" for line in lines[1:])
