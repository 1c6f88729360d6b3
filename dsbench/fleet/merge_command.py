"""``dsbench fleet merge RESULT_DIRS... -o DIR``."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from dsbench.base.console import print_outcome
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import counted, printable
from dsbench.fleet import merge, plan_file
from dsbench.fleet.gather import StateSource
from dsbench.fleet.merge import Merged
from dsbench.fleet.result import JobState

_NAMED = 20
"""Lines of one kind."""
_MODELS = 3
"""Models in one line."""


def run(arguments: argparse.Namespace) -> int:
    """Merge, print a summary; returns 0, 1 or 3. Raises USAGE, NOT_WRITABLE."""
    start = Path.cwd()
    given = [start / os.path.expanduser(one) for one in arguments.results]
    gone = [path for path in given if not path.exists()]
    if gone and arguments.plan is None:  # a plan says what is missing: its jobs are INVALID
        raise DsbenchError(Code.USAGE, "no such result directory", where=str(gone[0]), fix="correct the path")
    with nullcontext() if arguments.plan is None else plan_file.jobs(arguments.plan) as plan:
        merged = merge.merge(given, start / os.path.expanduser(arguments.output), plan)
    hints = _measured_again(merged) if arguments.plan is None else ()
    print_outcome(map(printable, (*summary(merged), *hints)))
    return merged.exit_status


def summary(merged: Merged) -> Iterable[str]:
    """A few lines: counts, failed and INVALID models with their reasons, what the states rest on, what was not read."""
    states = {state: merged.of(state) for state in JobState}
    counts = ", ".join(f"{len(jobs)} {state.upper()}" for state, jobs in states.items() if jobs)
    yield f"{merged.output / merge.PAGE}: {counted(len(merged.jobs), 'job')}{f': {counts}' if counts else ''}"
    for state in (JobState.FAILED, JobState.INVALID):
        named = [f"{one.title}: {one.reason or 'no reason was given'}" for one in states[state]]
        yield from _cut(f"  {state.upper()}: ", named)
    if by_record := sum(one.source is StateSource.RECORD for one in merged.jobs):
        yield f"{counted(by_record, 'record')} without result.json: the state follows from the record's verdict"
    yield from _cut("not read: ", [f"{one.title}: {remark}" for one in merged.jobs for remark in one.remarks])
    yield from _cut("left out: ", merged.unread)
    if merged.others:
        yield f"left out: {counted(len(merged.others), 'result')} not of the plan, the first is {merged.others[0]}"
    if not merged.jobs:
        yield "no result was found"


def _measured_again(merged: Merged) -> Iterable[str]:
    """Names models with results of several jobs of one runtime and machine: without a plan all of them count."""
    jobs = [(one.title, one.runtime, one.machine) for one in merged.jobs if one.source is StateSource.RESULT]
    models = sorted({model for (model, _, _), count in Counter(jobs).items() if count > 1})
    if models:
        named = ", ".join(models[:_MODELS]) + (f" and {len(models) - _MODELS} more" if len(models) > _MODELS else "")
        yield f"several results, of other files, options or versions: {named}"
        yield "  give --plan PLAN.jsonl to merge the results of that plan alone"


def _cut(prefix: str, lines: Sequence[str]) -> Iterable[str]:
    yield from (f"{prefix}{line}" for line in lines[:_NAMED])
    if len(lines) > _NAMED:
        yield f"{prefix}{len(lines) - _NAMED} more"
