"""``dsbench fleet run``: one Ray task for each job. Ray schedules; the driver serves files, takes results, and counts
attempts, because only it knows that a failed pytest is a result and a lost machine is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dsbench import __version__
from dsbench.base.text import console, counted
from dsbench.fleet import job, ray_endings, ray_files, ray_nodes, ray_requests, ray_session, result, work
from dsbench.fleet.ending import INTERRUPTED
from dsbench.fleet.job import FleetJob
from dsbench.fleet.live_table import JobPhase, LiveTable, TableRow, duration
from dsbench.fleet.ray_files import ArrivingResults
from dsbench.fleet.ray_nodes import Demand
from dsbench.fleet.ray_requests import BEGIN, END, FILE, RESULTS, SAY, Request
from dsbench.fleet.result import JobState

_ASK_S, _LOOK_S = 0.3, 1.0
_REQUESTS = 8
"""Requests that are taken at a time: results come in batches of about 8 MiB."""
_GRACE_S, _FORCED_S = 45.0, 10.0
"""After Ctrl-C for a run to end and to write what it has; after the second one, for Ray to end its workers."""
_GIVEN_UP = 2
"""Stops after which nothing more is waited for."""
_PHASES = {JobState.PASSED: JobPhase.PASSED, JobState.FAILED: JobPhase.FAILED, JobState.INVALID: JobPhase.INVALID}


@dataclass(frozen=True, slots=True)
class RaySettings:
    """``labels``: Ray's label selector for all jobs. ``retries``: of a job that could not be run. ``wait_s``: for a
    node that can run a job, as an autoscaler takes its time."""

    labels: tuple[tuple[str, str], ...] = ()
    retries: int = 2
    wait_s: float = 60.0


@dataclass
class TrackedJob:
    """A job on its way. ``avoided``: ids of nodes that could not run it; ``changed``: when its phase began, in
    monotonic seconds; ``unfit_since``: since when no node of the cluster could run it."""

    job: FleetJob
    demand: Demand
    phase: JobPhase = JobPhase.WAITING
    attempt: int = 1
    host: str = ""
    node: str = ""
    note: str = ""
    seconds: float = 0.0
    changed: float = 0.0
    unfit_since: float | None = None
    avoided: list[str] = field(default_factory=list)
    arriving: ArrivingResults | None = None
    ref: Any = None

    @property
    def unfinished(self) -> bool:
        return self.phase in (JobPhase.WAITING, JobPhase.RUNNING)

    def row(self) -> TableRow:
        """As the live table shows it."""
        running = self.phase is JobPhase.RUNNING
        seconds = time.monotonic() - self.changed if running else self.seconds
        return TableRow(self.job.model, self.phase, self.host, seconds, self.note)


class RayDriver:
    """Runs jobs in the cluster that Ray is connected to. ``show`` makes the table of a function that gives its rows;
    ``interrupts``: how often the user asked to stop."""

    def __init__(
        self,
        jobs: Sequence[FleetJob],
        how: RaySettings,
        show: Callable[[Any], LiveTable],
        interrupts: Callable[[], int],
    ) -> None:
        self._how = how
        self._interrupts = interrupts
        self._nodes = ray_session.nodes()
        self._jobs = {one.id: TrackedJob(one, ray_nodes.demand(one, self._nodes, how.labels)) for one in jobs}
        self._by_ref: dict[Any, TrackedJob] = {}
        self._table = show(lambda: [tracked.row() for tracked in self._jobs.values()])
        self._desk, self._task = ray_session.desk_and_task()
        self._stopping = 0
        self._deadline = 0.0
        self._next_look = 0.0

    def drive(self) -> None:
        """Until every job has a result, or the user stopped the run."""
        for text in ray_nodes.unused((tracked.demand for tracked in self._jobs.values()), self._nodes):
            self._table.event(text)
        for tracked in self._jobs.values():
            self._submit(tracked)
        while any(tracked.unfinished for tracked in self._jobs.values()):
            for number, request in self._asked():
                self._desk.reply.remote(number, self._answer(request))
            if time.monotonic() >= self._next_look:
                self._next_look = time.monotonic() + _LOOK_S
                self._look()
            if self._interrupts() > self._stopping or (self._stopping and time.monotonic() > self._deadline):
                self._stop()
            self._table.tick()
        self._table.end()

    def _submit(self, tracked: TrackedJob) -> None:
        arguments = (self._desk, tracked.job.id, tracked.attempt, __version__)
        options = tracked.demand.options(tracked.avoided)
        tracked.ref = self._task.options(name=f"dsbench: {tracked.job.id}", **options).remote(*arguments)
        tracked.phase, tracked.note, tracked.unfit_since = JobPhase.WAITING, "", None
        self._by_ref[tracked.ref] = tracked

    # what tasks ask

    def _asked(self) -> list[tuple[int, Request]]:
        found: list[tuple[int, Request]] = ray_requests.ask(lambda: self._desk.asked.remote(_ASK_S, _REQUESTS))
        return found

    def _answer(self, request: Request) -> Any:
        """The reply to a task. One of an attempt that was given up gets False, and nothing of it is kept."""
        kind, job_id, attempt, what = request
        tracked = self._jobs.get(job_id)
        if tracked is None or attempt != tracked.attempt or not tracked.unfinished:
            return False
        if kind == BEGIN:
            return self._begin(tracked, *what)
        if kind == FILE:
            return _chunk(tracked.job, *what)
        try:
            if kind == SAY:
                tracked.note = str(what)
            elif kind == RESULTS:
                tracked.arriving = tracked.arriving or ArrivingResults(Path(tracked.job.results))
                tracked.arriving.add(*what)
            elif kind == END:
                self._finish(tracked)
        except (OSError, ValueError, RecursionError) as error:
            self._lost(tracked, f"its results cannot be kept: {error}")
        return True

    def _begin(self, tracked: TrackedJob, host: str, node: str) -> str | bool:
        if self._stopping:
            return False
        if tracked.phase is JobPhase.WAITING:
            tracked.phase, tracked.host, tracked.node, tracked.changed = JobPhase.RUNNING, host, node, time.monotonic()
            self._say(tracked, f"runs on {host}")
        return job.to_line(tracked.job)

    def _finish(self, tracked: TrackedJob) -> None:
        """All pieces of the result are there."""
        if tracked.arriving is None:
            raise ValueError("nothing came")
        arriving, tracked.arriving = tracked.arriving, None
        arriving.finish()
        found = result.read(Path(tracked.job.results))
        if found.state is not JobState.INVALID or not self._again(tracked, found.reason):
            self._ended(tracked, _PHASES[found.state], found.reason)

    # what Ray says

    def _look(self) -> None:
        import ray

        refs = list(self._by_ref)
        ready, _ = ray.wait(refs, num_returns=len(refs), timeout=0) if refs else ([], [])
        for ref in ready:
            tracked = self._by_ref.pop(ref)
            reason, node = ray_endings.reason_of(ref, tracked.host)
            if tracked.ref is ref and tracked.unfinished:
                tracked.node = tracked.node or node
                self._lost(tracked, reason)
        self._nodes = ray_session.nodes()
        known: dict[Demand, str] = {}
        for tracked in self._jobs.values():
            if tracked.phase is JobPhase.WAITING and not self._stopping:
                if tracked.demand not in known:
                    known[tracked.demand] = tracked.demand.missing(self._nodes)
                self._check_place(tracked, known[tracked.demand])

    def _check_place(self, tracked: TrackedJob, missing: str) -> None:
        """A job that no node of the cluster can run waits for one, but not for ever. ``missing``: what none has."""
        if not missing:
            tracked.unfit_since, tracked.note = None, ""
            return
        fresh = ray_nodes.demand(tracked.job, self._nodes, self._how.labels)
        if fresh != tracked.demand and not fresh.missing(self._nodes):  # the largest nodes are gone
            ray_session.cancel(tracked.ref)
            tracked.demand = fresh
            self._submit(tracked)
        elif tracked.unfit_since is None:
            tracked.unfit_since, tracked.note = time.monotonic(), missing
            self._say(tracked, f"waits for at most {duration(self._how.wait_s)}: {missing}")
        elif time.monotonic() - tracked.unfit_since >= self._how.wait_s:
            ray_session.cancel(tracked.ref)
            self._invalid(tracked, f"{missing}; waited {duration(self._how.wait_s)} for one")

    # how attempts end

    def _lost(self, tracked: TrackedJob, reason: str) -> None:
        """An attempt left no result."""
        if tracked.arriving is not None:
            tracked.arriving.drop()
            tracked.arriving = None
        if self._stopping:
            self._invalid(tracked, INTERRUPTED)
        elif not self._again(tracked, reason):
            self._invalid(tracked, reason)

    def _again(self, tracked: TrackedJob, reason: str) -> bool:
        """Start the next attempt, unless it was the last or the user stopped the run."""
        if self._stopping or tracked.attempt > self._how.retries:
            return False
        tracked.attempt += 1
        tracked.avoided += [tracked.node] if tracked.node and tracked.node not in tracked.avoided else []
        self._say(tracked, f"{reason}; tried again ({tracked.attempt} of {self._how.retries + 1})")
        tracked.host = tracked.node = ""
        self._submit(tracked)
        return True

    def _invalid(self, tracked: TrackedJob, reason: str) -> None:
        work.invalid(tracked.job, console(reason), tracked.attempt)
        self._ended(tracked, JobPhase.INVALID, reason)

    def _ended(self, tracked: TrackedJob, phase: JobPhase, reason: str) -> None:
        tracked.seconds = time.monotonic() - tracked.changed if tracked.host else 0.0
        tracked.phase, tracked.note = phase, reason
        after = f" after {duration(tracked.seconds)}" if tracked.seconds else ""
        self._say(tracked, f"{phase}{after}{f': {reason}' if reason else ''}")

    def _stop(self) -> None:
        """First let the runs end and write what they have; then end Ray's workers; then give up."""
        self._stopping = max(self._stopping + 1, min(self._interrupts(), 2))
        self._deadline = time.monotonic() + (_GRACE_S if self._stopping == 1 else _FORCED_S)
        for tracked in self._jobs.values():
            if tracked.phase is JobPhase.WAITING:
                tracked.phase, tracked.note = JobPhase.STOPPED, "did not run"
                ray_session.cancel(tracked.ref)
            elif tracked.phase is JobPhase.RUNNING and self._stopping > _GIVEN_UP:
                self._lost(tracked, "it did not end")
            elif tracked.phase is JobPhase.RUNNING:
                ray_session.cancel(tracked.ref, force=self._stopping > 1)
        running = sum(tracked.unfinished for tracked in self._jobs.values())
        if self._stopping == 1 and running:
            self._table.event(f"stopping: {counted(running, 'run')} left to end; Ctrl-C again kills what is left")

    def _say(self, tracked: TrackedJob, text: str) -> None:
        self._table.event(f"{tracked.job.model}: {text}")


def _chunk(one: FleetJob, sha256: str, offset: int) -> bytes | str:
    """Of an input file; a text says why it cannot be read."""
    try:
        return ray_files.chunk_of(one, sha256, offset)
    except (OSError, LookupError) as error:
        return getattr(error, "strerror", None) or str(error)
