"""The results of a fleet as one page, one JUnit and one JSON: a pure function of the results, made in one pass.

Only a row of the page of each job is kept in memory. What one merge of all results gives, a second merge gives after
the missing results came.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from dsbench.base import files, jsonable
from dsbench.comparison import index_page
from dsbench.comparison.index_page import PageRow
from dsbench.fleet import gather, merged_junit, result
from dsbench.fleet.gather import FoundResult, StateSource
from dsbench.fleet.job import FleetJob
from dsbench.fleet.merged_job import merged_job
from dsbench.fleet.result import JobState
from dsbench.report import html

PAGE, JUNIT, JSON = "index.html", "junit.xml", result.MERGED_FILE
VERSION = 1


@dataclass(frozen=True, slots=True)
class MergedState:
    """What the terminal and the exit status need of a job."""

    title: str
    state: JobState
    reason: str
    source: StateSource
    remarks: tuple[str, ...]
    runtime: str
    machine: str


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge that was written to ``output``."""

    output: Path
    jobs: tuple[MergedState, ...]
    unread: tuple[str, ...]
    """Files and directories that were given or found and could not be read, and why."""
    others: tuple[str, ...]
    """Results that are not of the plan."""

    @property
    def states(self) -> tuple[JobState, ...]:
        """Of every job."""
        return tuple(job.state for job in self.jobs)

    @property
    def exit_status(self) -> int:
        """0, 1 or 3, as ``result.exit_status`` says."""
        return result.exit_status(self.states)

    def of(self, state: JobState) -> tuple[MergedState, ...]:
        """The jobs of a state, by name."""
        return tuple(job for job in self.jobs if job.state is state)


def merge(results: Iterable[Path], output: Path, plan: Iterable[FleetJob] | None = None) -> Merged:
    """Write ``index.html``, ``junit.xml`` and ``fleet.json`` into ``output``, each atomically.

    ``results``: result directories, folders of them at any depth, model directories, records; one that is not there has
    no results. With a plan its jobs are merged and nothing else. Raises NOT_WRITABLE.
    """
    unread: list[str] = []
    chosen = gather.choose(gather.find(results, unread), plan)
    left_out = (*unread, *(f"{path}: not of the plan" for path in chosen.others))
    place = Path(os.path.realpath(output))
    rows: list[PageRow] = []
    with files.replacing(place / JUNIT) as junit, files.replacing(place / JSON) as data:
        data.write(f'{{"version": {VERSION}, "jobs": ['.encode())
        jobs = tuple(_written(chosen.jobs, place, rows, junit, data))
        merged = Merged(output, jobs, tuple(unread), chosen.others)
        data.write(f"\n], {jsonable.dumps(_summary(merged, left_out))[1:]}\n".encode())
    html.write_index(index_page.page(rows, left_out, "dsbench fleet merge"), place / PAGE)
    return merged


def _summary(merged: Merged, left_out: Sequence[str]) -> Mapping[str, object]:
    counts = {state: len(merged.of(state)) for state in JobState}
    return {"counts": counts, "exit_status": merged.exit_status, "left_out": left_out}


def _written(
    jobs: Sequence[FoundResult], place: Path, rows: list[PageRow], junit: BinaryIO, data: BinaryIO
) -> Iterator[MergedState]:
    """Write each job to both files and add its row."""
    merged_junit.begin(junit)
    for number, found in enumerate(jobs):
        job, row = merged_job(found, str(place))
        refused = merged_junit.add(junit, job, place / job.paths.junit if job.paths.junit else None)
        job = replace(job, remarks=(*job.remarks, refused)) if refused else job
        data.write(f"{',' if number else ''}\n{jsonable.dumps(job)}".encode())
        rows.append(row)
        yield MergedState(job.title, job.state, job.reason, job.source, job.remarks, job.runtime, job.machine)
    merged_junit.end(junit)
