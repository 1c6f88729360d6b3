"""A job as the merged files have it: its state, what its record answers, and where its files lie."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from dsbench.comparison import index_page, rows
from dsbench.comparison.index_page import PageRow
from dsbench.comparison.rows import IndexRow, Unread
from dsbench.fleet import ending
from dsbench.fleet.gather import FoundResult, StateSource
from dsbench.fleet.result import JUNIT, LOG, RECORD, REPORT, RESULT_FILE, JobState

_STEP_8 = "reports/benchmark_report.html"
_CONTRADICTION = (
    f"{RESULT_FILE} says passed, the record says failed: the directory has files of two runs, remove it and run again"
)
_COLORS = {JobState.FAILED: "failed", JobState.INVALID: "invalid"}


@dataclass(frozen=True, slots=True)
class Paths:
    """Relative to the directory of the merge; empty where there is no such file."""

    directory: str = ""
    record: str = ""
    report: str = ""
    junit: str = ""
    log: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the record says. Colours are passed, failed and amber; a number that is not known is null."""

    verdict: str
    color: str
    import_answer: str
    import_color: str
    streams_answer: str
    streams_color: str
    streams: int | None
    total_fps: float | None
    fps_per_stream: float | None
    efficiency: float | None
    f1: float | None
    map50: float | None
    map: float | None
    failed: str
    comparison: str


@dataclass(frozen=True, slots=True)
class MergedJob:
    """An entry of ``fleet.json``."""

    id: str
    key: str
    model: str
    state: JobState
    reason: str
    source: StateSource
    exit_status: int | None
    attempts: int
    host: str
    machine: str
    gpu_kind: str
    runtime: str
    started: str
    ended: str
    paths: Paths
    answers: Answers | None
    remarks: tuple[str, ...] = ()
    """Files of the job that could not be read, and why."""

    @property
    def title(self) -> str:
        """The model, and which of its jobs if the plan names kinds of GPU."""
        return f"{self.model} ({self.gpu_kind})" if self.gpu_kind else self.model


def merged_job(found: FoundResult, output: str) -> tuple[MergedJob, PageRow]:
    """The job and its row of the page. ``output``: the directory of the merge, a real path."""
    paths = _paths(found, output)
    record = found.record or (os.path.join(found.folder, RECORD) if paths.record else "")
    read = rows.read(Path(record)) if record else None
    row = read if isinstance(read, IndexRow) else None
    mine = found.result
    if found.source is StateSource.RECORD:
        state, reason = _judged(read)
        mine = replace(mine, state=state, reason=reason)
        if row is not None:
            mine = replace(mine, model=row.model, started=row.started, ended=row.ended)
    elif row is not None and mine.state is JobState.PASSED and _judged(row)[0] is JobState.FAILED:
        mine = replace(mine, state=JobState.INVALID, reason=_CONTRADICTION)
    job = MergedJob(
        id=mine.id,
        key=mine.key,
        model=mine.model,
        state=mine.state,
        reason=mine.reason,
        source=found.source,
        exit_status=mine.exit_status,
        attempts=mine.attempts,
        host=mine.host,
        machine=row.machine if row else "",
        gpu_kind=found.gpu_kind,
        runtime=row.runtime if row else found.runtime,
        started=mine.started,
        ended=mine.ended,
        paths=paths,
        answers=_answers(row) if row else None,
        remarks=(f"{RECORD}: {read.reason}",) if isinstance(read, Unread) else (),
    )
    return job, _page_row(job, row, found, output)


def _judged(read: IndexRow | Unread | None) -> tuple[JobState, str]:
    """The state that a record without ``result.json`` gives, as if pytest's exit status were known."""
    if not isinstance(read, IndexRow):
        return JobState.INVALID, f"the record cannot be read: {read.reason if read else 'it is gone'}"
    if read.cut:
        return JobState.INVALID, read.cut
    if read.verdict == "failed":
        of_machine = bool(read.failures) and all(map(ending.of_machine, read.failures))
        return (JobState.INVALID if of_machine else JobState.FAILED), read.failed
    if read.verdict == "inconclusive":
        return JobState.FAILED, f"INCONCLUSIVE: {read.answers.import_answer}"
    return JobState.PASSED, ""


def _paths(found: FoundResult, output: str) -> Paths:
    if not found.folder:
        return Paths(record=os.path.relpath(found.record, output) if found.record else "")
    directory = os.path.relpath(found.folder, output)

    def relative(name: str) -> str:
        return os.path.join(directory, name) if os.path.isfile(os.path.join(found.folder, name)) else ""

    return Paths(directory, relative(RECORD), relative(REPORT) or relative(_STEP_8), relative(JUNIT), relative(LOG))


def _answers(row: IndexRow) -> Answers:
    found = row.answers
    return Answers(
        verdict=row.verdict,
        color=found.color,
        import_answer=found.import_answer,
        import_color=found.import_color,
        streams_answer=found.streams_answer,
        streams_color=found.streams_color,
        streams=found.streams,
        total_fps=row.total_fps,
        fps_per_stream=row.fps_per_stream,
        efficiency=row.efficiency,
        f1=row.f1,
        map50=row.map50,
        map=row.map,
        failed=row.failed,
        comparison=row.comparison,
    )


def _page_row(job: MergedJob, row: IndexRow | None, found: FoundResult, output: str) -> PageRow:
    """An INVALID job shows its reason and no answers: they would be those of a run that was cut."""
    paths = job.paths
    shown = paths.report or paths.record or paths.log
    if not shown and paths.directory and found.source is StateSource.RESULT:
        shown = os.path.join(paths.directory, RESULT_FILE)
    link = index_page.address(shown)
    if job.state is JobState.INVALID or row is None:
        verdict = f"INVALID: {job.reason}" if job.state is JobState.INVALID else _by_state(job)
        color = _COLORS.get(job.state, "amber")
        where = ", ".join(part for part in (job.runtime, job.gpu_kind, job.host) if part)
        return PageRow(color, job.model, verdict, link, found.folder, where=where, started=job.started)
    made = index_page.of_record(row, link, job.host)
    if job.state is JobState.FAILED:
        return replace(
            made,
            name=job.model,
            color="failed",
            verdict=f"failed: {row.failed}" if row.failed else _by_state(job),
        )
    return replace(made, name=job.model, color="passed" if made.color == "passed" else "amber")


def _by_state(job: MergedJob) -> str:
    return f"failed: {job.reason}" if job.state is JobState.FAILED else "passed, without a record"
