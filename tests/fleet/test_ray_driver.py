"""The driver with a cluster that is played: what it does with each end of a task. Ray itself is not needed."""

from __future__ import annotations

import io
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dsbench.base import jsonable
from dsbench.fleet import ray_driver, ray_requests, ray_session, result
from dsbench.fleet.job import FleetJob, Needs, from_lines
from dsbench.fleet.live_table import LiveTable
from dsbench.fleet.ray_driver import RayDriver, RaySettings
from dsbench.fleet.ray_nodes import ClusterNode
from dsbench.fleet.ray_requests import BEGIN, END, RESULTS, SAY
from dsbench.fleet.result import JobResult, JobState
from tests.fleet.plans import a_job

NODE = ClusterNode("n1", "host-1", {"CPU": 4.0}, {})
PASSED, FAILED, INVALID = JobState
KILLED, UNFIT, RUNS_ON, NEVER = "killed", "no dsbench", "runs on", "never begins"


class WorkerCrashedError(Exception):
    pass


@dataclass(eq=False)
class PlayedTask:
    """A task of the played cluster; it has ended when all its requests were replied to."""

    job_id: str
    attempt: int
    options: dict[str, Any]
    end: object
    asks: deque[tuple[str, Any]] = field(default_factory=deque)
    replies: list[Any] = field(default_factory=list)
    cancelled: bool = False


class PlayedCluster:
    """``ends``: of each attempt of a job: a state, or a word of above; ``RUNS_ON``: until it is cancelled."""

    def __init__(self, ends: dict[str, Sequence[object]]) -> None:
        self.ends = ends
        self.tasks: list[PlayedTask] = []
        self.interrupts = 0
        self._open: dict[int, PlayedTask] = {}
        self.desk = SimpleNamespace(
            asked=SimpleNamespace(remote=lambda seconds, most: self._asked(most)),
            reply=SimpleNamespace(remote=lambda number, value: self._open.pop(number).replies.append(value)),
        )
        self.task = SimpleNamespace(
            options=lambda **options: SimpleNamespace(remote=lambda *given: self._start(options, *given))
        )

    def _start(self, options: dict[str, Any], _: object, job_id: str, attempt: int, __: str) -> PlayedTask:
        task = PlayedTask(job_id, attempt, options, self.ends[job_id][attempt - 1])
        task.asks.append((BEGIN, (NODE.host, NODE.id)))
        if isinstance(task.end, JobState):
            task.asks.extend(_sent(job_id, attempt, task.end))
        elif task.end in (UNFIT, NEVER):
            task.asks.clear()
        self.tasks.append(task)
        return task

    def _asked(self, most: int) -> list[tuple[int, tuple[str, str, int, Any]]]:
        found = []
        for task in self.tasks:
            if task.asks and len(found) < most and not (task.cancelled and not task.replies):
                self._open[id(task)] = task
                kind, what = task.asks.popleft()
                found.append((id(task), (kind, task.job_id, task.attempt, what)))
        return found

    def cancel(self, task: PlayedTask, *, force: bool = False) -> None:
        task.cancelled = True
        if task.end == RUNS_ON and task.replies and not force:
            task.asks.extend(_sent(task.job_id, task.attempt, INVALID, "interrupted"))

    def wait(self, tasks: Sequence[PlayedTask], **_: object) -> tuple[list[PlayedTask], list[PlayedTask]]:
        over = [task for task in tasks if not task.asks and (task.end not in (RUNS_ON, NEVER) or task.cancelled)]
        return over, []

    def get(self, task: PlayedTask) -> tuple[str, str]:
        if task.end == KILLED or task.cancelled:
            raise WorkerCrashedError
        return (UNFIT, NODE.id) if task.end == UNFIT else ("", NODE.id)


def _sent(job_id: str, attempt: int, state: JobState, reason: str = "a reason") -> list[tuple[str, Any]]:
    found = JobResult(job_id, "0" * 64, job_id, state, reason if state is not PASSED else "", attempts=attempt)
    content = jsonable.dumps(found).encode()
    return [(SAY, "runs pytest"), (RESULTS, (0, [("result.json", content)])), (END, None)]


Drive = Callable[..., tuple[PlayedCluster, str]]


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """Runs a job for each key of ``ends``; returns the cluster and what was printed."""
    monkeypatch.setattr(ray_driver, "_LOOK_S", 0.0)

    def driven(
        ends: dict[str, Sequence[object]],
        how: RaySettings | None = None,
        needs: Needs | None = None,
        interrupt: Callable[[PlayedCluster], int] = lambda _: 0,
    ) -> tuple[PlayedCluster, str]:
        cluster, said = PlayedCluster(ends), io.StringIO()
        fake = SimpleNamespace(
            wait=cluster.wait, get=cluster.get, exceptions=SimpleNamespace(RayError=WorkerCrashedError)
        )
        monkeypatch.setitem(sys.modules, "ray", fake)
        monkeypatch.setattr(ray_session, "nodes", lambda: [NODE])
        monkeypatch.setattr(ray_session, "desk_and_task", lambda: (cluster.desk, cluster.task))
        monkeypatch.setattr(ray_session, "cancel", cluster.cancel)
        monkeypatch.setattr(ray_requests, "ask", lambda call: call())
        planned = (a_job(id=name, needs=needs or Needs()) for name in ends)
        jobs = [replace(one, results=str(tmp_path / one.id)) for one in planned]
        RayDriver(jobs, how or RaySettings(), lambda rows: LiveTable(said, rows), lambda: interrupt(cluster)).drive()
        return cluster, said.getvalue()

    return driven


@pytest.mark.parametrize(
    ("ends", "state", "attempts", "reason"),
    [
        ([PASSED], PASSED, 1, ""),
        ([FAILED], FAILED, 1, "a reason"),
        ([KILLED, PASSED], PASSED, 2, ""),
        ([INVALID, KILLED, FAILED], FAILED, 3, "a reason"),
        ([KILLED, KILLED, KILLED], INVALID, 3, "its worker process on host-1 was killed"),
        ([KILLED, KILLED, INVALID], INVALID, 3, "a reason"),
        ([UNFIT, UNFIT, UNFIT], INVALID, 3, "no dsbench"),
    ],
)
def test_ends_of_a_job(
    drive: Drive, tmp_path: Path, ends: list[object], state: JobState, attempts: int, reason: str
) -> None:
    cluster, said = drive({"net": ends})
    found = result.read(tmp_path / "net")
    assert (found.state, found.attempts, found.reason) == (state, attempts, reason), said
    assert len(cluster.tasks) == attempts
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


def test_a_task_gets_its_job_and_its_files(drive: Drive, tmp_path: Path) -> None:
    cluster, _ = drive({"a": [PASSED], "b": [KILLED, PASSED]})
    [line] = [task.replies[0] for task in cluster.tasks if task.job_id == "a"]
    assert [one.id for one in from_lines([line], "")] == ["a"]
    assert all(task.options["num_cpus"] == 3 for task in cluster.tasks)


def test_the_next_attempt_prefers_another_node(drive: Drive) -> None:
    for end in (KILLED, UNFIT):
        cluster, _ = drive({"net": [end, PASSED]})
        assert cluster.tasks[1].options["label_selector"] == {"ray.io/node-id": "!in(n1)"}


def test_what_no_node_can_run_is_invalid_after_the_wait(drive: Drive, tmp_path: Path) -> None:
    cluster, said = drive({"net": [NEVER]}, RaySettings(wait_s=0.0), Needs(gpus=1))
    assert result.read(tmp_path / "net").reason == "no node of the cluster has 1 GPU; waited 0 s for one"
    assert "waits for at most 0 s: no node of the cluster has 1 GPU" in said
    assert [task.cancelled for task in cluster.tasks] == [True]


def test_an_attempt_that_was_given_up_is_not_heard(drive: Drive, tmp_path: Path) -> None:
    """A node that was lost for Ray may live on."""

    def late(cluster: PlayedCluster) -> int:
        if len(cluster.tasks) > 1 and len(cluster.tasks[0].replies) == 1:
            cluster.tasks[0].asks.extend(_sent("net", 1, FAILED))
        return 0

    cluster, _ = drive({"net": [KILLED, PASSED]}, interrupt=late)
    assert cluster.tasks[0].replies[1:]
    assert not any(cluster.tasks[0].replies[1:])
    assert (result.read(tmp_path / "net").state, result.read(tmp_path / "net").attempts) == (PASSED, 2)


def test_an_interrupt_keeps_what_is_there(drive: Drive, tmp_path: Path) -> None:
    def once_it_runs(cluster: PlayedCluster) -> int:
        return int(any(task.replies for task in cluster.tasks if task.job_id == "runs"))

    cluster, said = drive({"runs": [RUNS_ON], "passed": [PASSED]}, interrupt=once_it_runs)
    assert result.read(tmp_path / "runs").reason == "interrupted", said
    assert "stopping: " in said
    assert all(task.cancelled for task in cluster.tasks if task.job_id == "runs")
    assert not list(tmp_path.glob(".*"))


def test_a_second_interrupt_does_not_wait(drive: Drive, tmp_path: Path) -> None:
    def twice(cluster: PlayedCluster) -> int:
        return 2 * any(task.replies for task in cluster.tasks)

    _, said = drive({"runs": [RUNS_ON]}, interrupt=twice)
    assert result.read(tmp_path / "runs").reason == "interrupted", said


def test_a_job_reads_only_its_own_files(tmp_path: Path) -> None:
    one: FleetJob = a_job()
    assert ray_driver._chunk(one, "0" * 64, 0) == "no file of the job"
    assert ray_driver._chunk(one, one.files[0].sha256, 0) == "No such file or directory"
