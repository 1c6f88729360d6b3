"""``dsbench fleet job``: one job of a plan on this machine, for the array tasks of any engine."""

from __future__ import annotations

import argparse
import difflib
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from dsbench.base.console import print_outcome
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import counted
from dsbench.fleet import collecting, job, plan_file, result, work
from dsbench.fleet.ending import INTERRUPTED
from dsbench.fleet.job import FleetJob
from dsbench.fleet.notes import say
from dsbench.fleet.result import JobResult, JobState
from dsbench.fleet.status import INTERRUPTED_STATUS

_NAMED = 3
"""Ids that an error names."""


def run(arguments: argparse.Namespace) -> int:
    """Run the job; returns 0 for PASSED, 1 for FAILED, 3 for INVALID, 130 if it was interrupted. Raises USAGE."""
    if arguments.timeout < 0:
        raise DsbenchError(Code.USAGE, f"--timeout {arguments.timeout} is less than 0", fix="give seconds, 0: no limit")
    with plan_file.jobs(arguments.plan) as plan:
        one = _chosen(plan, arguments)
    job.require_unchanged(one)
    if arguments.results is not None:
        one = replace(one, results=os.path.abspath(Path(os.path.expanduser(arguments.results), one.id)))
    found = collecting.earlier(Path(one.results), one.key)
    if found is not None and found.state is not JobState.INVALID and not arguments.again:
        say(f"{one.id}: is not run again, its result is there with equal hashes (--again runs it)")
        return _ended(found, one)
    attempts = found.attempts + 1 if found is not None else 1
    timeout_s = arguments.timeout or math.inf
    return _ended(work.run_job(one, attempts=attempts, timeout_s=timeout_s, announce=say), one)


def _ended(found: JobResult, one: FleetJob) -> int:
    reason = f": {found.reason}" if found.reason else ""
    print_outcome((f"{one.id}: {found.state.upper()}{reason}", f"  results: {one.results}"))
    return INTERRUPTED_STATUS if found.reason == INTERRUPTED else result.exit_status([found.state])


def _chosen(plan: Iterable[FleetJob], arguments: argparse.Namespace) -> FleetJob:
    """The job with ``--id``, or at the place ``--number``. Raises USAGE if the plan has none."""
    ids: list[str] = []
    for one in plan:
        if arguments.id == one.id or arguments.number == len(ids):
            return one
        ids.append(one.id)
    asked = f"no job number {arguments.number}" if arguments.id is None else f"no job {arguments.id}"
    what = f"the plan has {asked}; it has {counted(len(ids), 'job')}"
    raise DsbenchError(Code.USAGE, what, where=arguments.plan, fix=_other_choice(ids, arguments.id or ""))


def _other_choice(ids: Sequence[str], asked: str) -> str:
    """``asked``: a model's name, the beginning of an id or an id with a typing error; empty for a number."""
    if not ids:
        return "nothing is left to run: merge the results"
    begun = [one for one in ids if asked and one.startswith(asked)]
    near = (begun or difflib.get_close_matches(asked, ids))[:_NAMED]
    number = "--number 0" if len(ids) == 1 else f"--number 0 to {len(ids) - 1}"
    return f"give {' or '.join([*(f'--id {one}' for one in near), number])}"
