"""``dsbench fleet run`` on a Ray cluster of two nodes. The tests are skipped where Ray is not installed.

``ray_trial.py`` has what takes longer: runs that pass, a node that is lost.
"""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsbench.fleet import result
from dsbench.fleet.result import JobResult, JobState
from tests.fleet import ray_cluster
from tests.fleet.ray_cluster import TwoNodes

pytest.importorskip("ray", reason="needs Ray: pip install 'dsbench[fleet]'")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, TwoNodes]]:
    """A folder that the second node does not see where bubblewrap is there, and the cluster."""
    folder = tmp_path_factory.mktemp("cluster")
    hidden = folder / "hidden"
    hidden.mkdir()
    with ray_cluster.two_nodes(folder, hidden if shutil.which("bwrap") else None, head_cpus=0) as nodes:
        yield hidden, nodes


@pytest.fixture
def folder(cluster: tuple[Path, TwoNodes], request: pytest.FixtureRequest) -> Path:
    made = cluster[0] / request.node.name
    made.mkdir()
    return made


@pytest.fixture
def nodes(cluster: tuple[Path, TwoNodes]) -> TwoNodes:
    return cluster[1]


def results(folder: Path) -> dict[str, JobResult]:
    return {one.model: one for one in map(result.read, (folder / "fleet-results").iterdir())}


def test_a_failed_run_is_a_result_and_a_killed_worker_is_none(folder: Path, nodes: TwoNodes) -> None:
    """The node has neither the models nor the place of the results: both travel through Ray."""
    ray_cluster.model(folder / "models", "broken", labels=False)
    ray_cluster.model(folder / "models", "killer", ray_cluster.KILLER)
    run = ray_cluster.fleet_run(folder, nodes, "--retries=1")
    said = ray_cluster.ended(run)
    found = results(folder)
    assert (found["broken"].state, found["broken"].attempts) == (JobState.FAILED, 1), said
    assert (found["killer"].state, found["killer"].attempts) == (JobState.INVALID, 2), said
    assert re.search("its worker process on .* was killed", found["killer"].reason)
    assert run.returncode == 1
    assert (folder / "fleet" / "index.html").is_file()
    assert not ray_cluster.left_of_jobs(nodes)
    again = ray_cluster.fleet_run(folder, nodes, "--wait=0", "--label-selector=place=nowhere")
    assert "1 job of 2 left out" in (said := ray_cluster.ended(again))
    assert "INVALID: no node of the cluster has label place=nowhere" in said
    assert again.returncode == 1


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_nothing_runs_on_when_the_command_ends(
    folder: Path, nodes: TwoNodes, number: signal.Signals, status: int
) -> None:
    ray_cluster.model(folder / "models", "street")
    run = ray_cluster.fleet_run(folder, nodes)
    ray_cluster.lines_until(run, "runs on")
    said = ray_cluster.ended(run, number)
    assert run.returncode == status, said
    assert not ray_cluster.left_of_jobs(nodes)
    if number is signal.SIGINT:
        assert results(folder)["street"].reason == "interrupted"
