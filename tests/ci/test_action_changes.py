"""The action in a real git repository: which models it checks for each event, and what it says where it cannot know."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.ci.action_job import Job, dsbench_command, load, run_action

ZEROS = "0" * 40
NAMES = """import pytest
def names(arguments):
    print(*(one for one in arguments if one.startswith("--model-dir=")), sep="\\n")
    return 0
pytest.main = names
from dsbench.cli import main"""
"""Instead of the run: the model directories that it would have."""


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main")
    done = subprocess.run(("git", *who, *arguments), cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, text: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", text)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``main``, and ``pull``: the merge of a pull request that adds, renames, changes and removes models. ``docs`` and
    ``removal`` lie on top of it."""
    origin = tmp_path_factory.mktemp("the origin")
    git(origin, "init", "--quiet")
    for name in ("kept", "renamed", "gone", "changed"):
        (origin / "models" / name / "model").mkdir(parents=True)
        (origin / "models" / name / "model" / "net.onnx").write_text(name)
    commit(origin, "one")
    git(origin, "switch", "--quiet", "-c", "topic")
    git(origin, "mv", "models/renamed", "models/new name")
    git(origin, "rm", "--quiet", "-r", "models/gone")
    (origin / "models" / "changed" / "parser").mkdir()
    (origin / "models" / "changed" / "parser" / "p.cpp").write_text("x")
    for name in ("::error::x ##[error]", "$(touch owned)", "a[1]"):
        (origin / "models" / name / "model").mkdir(parents=True)
        (origin / "models" / name / "model" / "net.onnx").write_text(name)
    commit(origin, "two")
    git(origin, "switch", "--quiet", "-c", "pull", "main")
    git(origin, "merge", "--quiet", "--no-ff", "-m", "merge", "topic")
    git(origin, "switch", "--quiet", "-c", "docs")
    (origin / "README.md").write_text("x")
    commit(origin, "docs")
    git(origin, "switch", "--quiet", "-c", "removal")
    git(origin, "rm", "--quiet", "-r", "models/kept")
    commit(origin, "removal")
    return origin


@pytest.fixture(scope="module")
def action(repository: Path) -> dict[str, Any]:
    return load(repository)


def checked_out(origin: Path, folder: Path, branch: str, depth: int, action: dict[str, Any], since: str) -> Job:
    """The job of a clone as actions/checkout makes it, without a token."""
    workspace, temporary = folder / "work space", folder / "runner"
    temporary.mkdir()
    limit = [f"--depth={depth}"] if depth else []
    git(folder, "clone", "--quiet", *limit, "--branch", branch, origin.as_uri(), str(workspace))
    inputs = {"changed-since": since, "command": dsbench_command(temporary, NAMES)}
    job = run_action(action, workspace, inputs, temporary)
    assert not (workspace / "owned").exists()
    return job


PULLED = {"models/new name", "models/changed", "models/::error::x ##[error]", "models/$(touch owned)", "models/a[1]"}


@pytest.mark.parametrize(
    ("branch", "depth", "since", "expected"),
    [
        pytest.param("pull", 2, "HEAD^1", PULLED, id="pull request, merge commit"),
        pytest.param("topic", 0, "origin/main", PULLED, id="push of several commits"),
        pytest.param("topic", 1, ZEROS, PULLED | {"models/kept"}, id="push of a new branch"),
        pytest.param("docs", 2, "HEAD^1", set(), id="no model changed"),
        pytest.param("removal", 2, "HEAD^1", set(), id="a model was removed"),
    ],
)
def test_the_models_of_an_event(
    origin: Path, tmp_path: Path, action: dict[str, Any], branch: str, depth: int, since: str, expected: set[str]
) -> None:
    job = checked_out(origin, tmp_path, branch, depth, action, since)
    found = {line.removeprefix("--model-dir=") for line in job.log.splitlines() if line.startswith("--model-dir=")}
    assert (job.status, found) == (0, expected), job.log
    if not expected:
        assert (job.outputs["verdict"], "No changed file" in job.summary) == ("no-model", True)


def test_a_clone_without_the_earlier_commit_is_an_error(origin: Path, tmp_path: Path, action: dict[str, Any]) -> None:
    job = checked_out(origin, tmp_path, "pull", 1, action, "HEAD^1")
    assert (job.status, job.outputs["verdict"]) == (4, "error")
    assert "fetch enough history" in job.summary
    assert "git cannot compare HEAD with" in job.summary
