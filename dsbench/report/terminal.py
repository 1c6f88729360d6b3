"""The summary on the terminal: results of each model, and cause and fix of each failure without truncation."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from dsbench.base.steps import STEPS
from dsbench.base.text import last_line, without_controls
from dsbench.record.schema import INCONCLUSIVE
from dsbench.report.collector import StepResult

_SHOWN = frozenset(step.name for step in STEPS if step.shown)


def announce(config: pytest.Config, text: str) -> None:
    """Print a progress line past pytest's capturing, on standard error: the only output of an xdist worker."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\ndsbench: {without_controls(text)}", file=sys.stderr, flush=True)


def print_line(config: pytest.Config, text: str) -> None:
    """Print a line on standard output past pytest's capturing, as it is."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
        print(text, flush=True)


def summary_lines(results: Sequence[StepResult], html_path: Path | None) -> Iterator[str]:
    """Lines of the summary. A failure shows code, cause, where and fix: pytest truncates them in its own summary."""
    for model_key in dict.fromkeys(result.evidence.model_key for result in results):
        mine = [result for result in results if result.evidence.model_key == model_key]
        yield from _model_lines(mine)
    if html_path is not None:
        yield f"report: {html_path}"


def _model_lines(results: Sequence[StepResult]) -> Iterator[str]:
    evidence = results[0].evidence
    name = without_controls(evidence.model)
    failed = [result for result in results if result.outcome == "failed"]
    undecided = [result for result in results if result.outcome == INCONCLUSIVE]
    skipped = sum(result.outcome == "skipped" for result in results)
    if not failed:
        passed = sum(result.outcome == "passed" for result in results)
        counts = ((len(undecided), INCONCLUSIVE.upper()), (skipped, "skipped"))
        rest = "".join(f", {count} {word}" for count, word in counts if count)
        of_all = f" of {len(STEPS)}" if len(results) < len(STEPS) else ""  # selected with -k, or interrupted
        yield f"{name}: {passed}{of_all} steps passed{rest} on {evidence.runtime}"
    for result in failed:
        step, failure = result.evidence.step, result.evidence.failure
        if failure is None:
            yield f"{name}: {step} FAILED: {without_controls(last_line(result.detail, 'no text'))}"
            continue
        yield f"{name}: {step} FAILED [{failure.code}]"
        yield from (f"  {without_controls(line)}" for line in failure.what.splitlines())
        if failure.where:
            yield f"  where: {without_controls(failure.where)}"
        if failure.fix:
            yield from _indented("fix: ", failure.fix)
    for result in undecided:
        for one in result.evidence.undecided:
            yield f"{name}: {result.evidence.step} {INCONCLUSIVE.upper()} [{one.code}]"
            yield from (f"  {without_controls(line)}" for line in one.what.splitlines())
            yield from _indented("fix: ", one.fix)
    if failed and skipped:
        yield f"  {skipped} later step{'s' if skipped != 1 else ''} skipped"
    for result in results:
        if result.evidence.step in _SHOWN:
            yield from (f"  {without_controls(line)}" for line in result.evidence.lines)
    record = next((result.record for result in reversed(results) if result.record is not None), None)
    if record is not None and record.trouble:
        yield f"  warning: {without_controls(record.trouble)}"
    for result in results:
        yield from (
            f"  warning ({result.evidence.step}): {without_controls(text)}" for text in result.evidence.warnings
        )


def _indented(head: str, text: str) -> Iterator[str]:
    lines = text.splitlines()
    yield f"  {head}{without_controls(lines[0])}"
    yield from (f"  {without_controls(line)}" for line in lines[1:])
