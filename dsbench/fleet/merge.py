"""The results of a fleet as one page, one JUnit and one JSON: a pure function of the results, made in one pass.

Only a row of the page of each job is kept in memory. What one merge of all results gives, a second merge gives after
the missing results came.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from dsbench.base import files, jsonable
from dsbench.comparison import index_page
from dsbench.comparison.index_page import PageRow
from dsbench.fleet import gather, merged_junit, result
from dsbench.fleet.gather import Chosen, StateSource
from dsbench.fleet.job import FleetJob
from dsbench.fleet.merged_job import merged_job
from dsbench.fleet.result import JobState
from dsbench.report import html

PAGE, JUNIT, JSON = "index.html", "junit.xml", "fleet.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class MergedState:
    """What the terminal and the exit status need of a job."""

    model: str
    state: JobState
    reason: str
    source: StateSource
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge that was written to ``output``."""

    output: Path
    jobs: tuple[MergedState, ...]
    left_out: tuple[str, ...]

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
    trouble: list[str] = []
    chosen = gather.choose(gather.find(results, trouble), plan)
    chosen = replace(chosen, left_out=(*trouble, *chosen.left_out))
    place = Path(os.path.realpath(output))
    rows: list[PageRow] = []
    with files.replacing(place / JUNIT) as junit, files.replacing(place / JSON) as data:
        states = tuple(_written(chosen, place, rows, junit, data))
    html.write_index(index_page.page(rows, chosen.left_out, "dsbench fleet merge"), place / PAGE)
    return Merged(output, states, chosen.left_out)


def _written(
    chosen: Chosen, place: Path, rows: list[PageRow], junit: BinaryIO, data: BinaryIO
) -> Iterator[MergedState]:
    """Write each job to both files and add its row."""
    counts = dict.fromkeys(JobState, 0)
    merged_junit.begin(junit)
    data.write(f'{{"version": {VERSION}, "jobs": ['.encode())
    for number, found in enumerate(chosen.jobs):
        job, row = merged_job(found, str(place))
        refused = merged_junit.add(junit, job, place / job.paths.junit if job.paths.junit else None)
        job = replace(job, remarks=(*job.remarks, refused)) if refused else job
        data.write(f"{',' if number else ''}\n{jsonable.dumps(job)}".encode())
        rows.append(row)
        counts[job.state] += 1
        yield MergedState(job.model, job.state, job.reason, job.source, job.remarks)
    merged_junit.end(junit)
    ending = {"counts": counts, "exit_status": result.exit_status(_present(counts)), "left_out": chosen.left_out}
    data.write(f"\n], {jsonable.dumps(ending)[1:]}\n".encode())


def _present(counts: dict[JobState, int]) -> Iterator[JobState]:
    return (state for state, count in counts.items() if count)
