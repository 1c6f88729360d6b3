"""``dsbench fleet run`` where there is no cluster: what it refuses, and with which status."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from dsbench import cli
from dsbench.fleet import job, ray_session, result
from dsbench.fleet.result import JobResult, JobState
from tests.fleet.plans import a_job


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plan.jsonl"
    path.write_text(job.to_line(a_job(results=tmp_path / "results")) + "\n")
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "model directories or a plan are needed"),
        (["net", "--plan", "plan.jsonl"], "model directories or a plan are needed"),
        (["net"], "no runtime is given"),
        (["--plan", "plan.jsonl", "--runtime", "embedded"], "a plan has its runtime"),
        (["--plan", "plan.jsonl", "--address", "head"], "--address head is not an address"),
        (["--plan", "plan.jsonl", "--label-selector", "zone"], "--label-selector has no KEY=VALUE"),
        (["--plan", "plan.jsonl", "--retries", "-1"], "at least 0"),
        (["--plan", "plan.jsonl", "--wait", "nan"], "at least 0"),
        (["--plan", "none.jsonl"], "the plan cannot be read"),
    ],
)
def test_wrong_usage(plan: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert cli.main(["fleet", "run", *arguments]) == 4
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("address", ["10.0.0.1:6379", "ray://head:10001", "[::1]:6379", "auto", "local"])
def test_known_addresses(address: str) -> None:
    ray_session.check_address(address)


def test_without_ray(plan: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert cli.main(["fleet", "run", "--plan", str(plan)]) == 3
    assert "pip install 'dsbench[fleet]'" in capfd.readouterr().err


def test_a_cluster_that_does_not_answer(
    plan: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", pytest)  # any module: nothing of it is used
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        assert cli.main(["fleet", "run", "--plan", str(plan), "--address", address]) == 3
    assert "[cluster-unavailable] the Ray cluster cannot be reached" in capfd.readouterr().err


@pytest.mark.parametrize("known_to", ["ray", "environment"])
def test_auto_takes_no_address_of_a_cluster_that_is_gone(
    plan: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], known_to: str
) -> None:
    """Ray itself would try for minutes. What it knows is in /tmp/ray, or in RAY_ADDRESS."""
    monkeypatch.setitem(sys.modules, "ray", pytest)  # any module: nothing of it is used
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        services = SimpleNamespace(get_ray_address_from_environment=lambda *_: address)
        if known_to == "ray":
            monkeypatch.setitem(sys.modules, "ray._private", SimpleNamespace(services=services))
        else:
            monkeypatch.setenv("RAY_ADDRESS", address)
        assert cli.main(["fleet", "run", "--plan", str(plan)]) == 3
    said = capfd.readouterr().err
    assert "[cluster-unavailable] the Ray cluster cannot be reached" in said
    assert f"--address {address}" in said


def test_results_that_are_there_need_no_cluster(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    one = a_job(results=tmp_path / "results")
    result.write(JobResult(one.id, one.key, one.model, JobState.FAILED, "too slow"), Path(one.results))
    assert cli.main(["fleet", "run", "--plan", str(plan)]) == 1
    assert (tmp_path / "fleet" / "index.html").is_file()
    assert "FAILED: net: too slow" in capsys.readouterr().out
