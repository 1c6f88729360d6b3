"""The workflow against GitHub's schema, and its steps as a runner runs them: plan, a job for each entry, merge."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from dsbench.base.errors import DsbenchError
from dsbench.fleet.job import FleetJob, Needs
from dsbench.fleet.recipes import github
from dsbench.fleet.recipes.settings import RecipeSettings
from tests.ci.material import read_outputs
from tests.fleet.plans import a_job, model_dir
from tests.fleet.recipes import stand_in
from tests.hostile_names import HOSTILE

L4 = Needs(gpus=1, gpu_kind="L4")
GPU_JOBS = [a_job("a", runtime="deepstream", needs=L4), a_job("b", runtime="deepstream", needs=Needs(gpus=1))]
NAMES = tuple(name for name in HOSTILE if "\ud800" not in name)  # no file has such a name
Workflow = dict[str, Any]
Ended = tuple[int, dict[str, str], str]


def rendered(jobs: Sequence[FleetJob], **settings: Any) -> Workflow:
    loaded: Workflow = yaml.safe_load(github.render(jobs, RecipeSettings(**settings)).text)
    return loaded


def entries(jobs: Sequence[FleetJob]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(github.matrix(jobs, RecipeSettings()).text)["include"]
    return found


CASES = [
    pytest.param(GPU_JOBS, {"parallel": 4, "mounts": ("/data",)}, id="GPUs"),
    pytest.param([a_job("a")], {}, id="CPUs"),
    pytest.param([a_job("a")], {"image": "registry/x:1", "models": NAMES}, id="hostile names"),
]


@pytest.mark.parametrize(("jobs", "settings"), CASES)
def test_the_schema_of_github_holds(jobs: Sequence[FleetJob], settings: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("check_jsonschema")
    from check_jsonschema.cli import main

    path = tmp_path / "workflow.yml"
    path.write_text(github.render(jobs, RecipeSettings(**settings)).text)
    main(["--builtin-schema", "vendor.github-workflows", str(path)], standalone_mode=False)


@pytest.mark.parametrize(("jobs", "settings"), CASES)
def test_a_workflow_needs_no_rights_and_no_secret_and_names_never_reach_a_shell_line(
    jobs: Sequence[FleetJob], settings: dict[str, Any]
) -> None:
    loaded = rendered(jobs, **settings)
    assert set(loaded[True]) == {"workflow_dispatch", "schedule"}  # YAML 1.1 reads `on` as true
    assert loaded["permissions"] == {"contents": "read"}
    for one in loaded["jobs"].values():
        assert "permissions" not in one
        assert one["timeout-minutes"]
        for step in one["steps"]:
            assert "${{" not in step.get("run", "")
            assert "secrets." not in str(step)
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False
            assert re.fullmatch(r"(actions/[a-z-]+@v\d+)?", step.get("uses", ""))


def test_runners_have_the_labels_of_their_gpus_and_containers_only_for_them() -> None:
    assert [one["labels"] for one in entries([*GPU_JOBS, a_job("c")])] == [
        ["self-hosted", "linux", "gpu"],
        ["self-hosted", "linux", "gpu", "L4"],
        ["self-hosted", "linux"],
    ]
    with_gpu, without = rendered(GPU_JOBS)["jobs"], rendered([a_job("c")])["jobs"]
    assert "--gpus all" in with_gpu["run"]["container"]["options"]
    assert "options" not in with_gpu["merge"]["container"]
    assert not any("container" in one for one in without.values())


@pytest.mark.parametrize(("count", "kinds", "size"), [(256, 1, 1), (257, 1, 2), (1000, 1, 4), (1000, 3, 4), (7, 7, 1)])
def test_a_matrix_has_at_most_256_jobs_and_every_model_once(count: int, kinds: int, size: int) -> None:
    jobs = [a_job(f"m{n}", needs=Needs(gpus=1, gpu_kind=f"k{n % kinds}")) for n in range(count)]
    found = entries(jobs)
    models = [path for one in found for path in json.loads(one["models"])]
    assert len(found) <= 256
    assert max(len(json.loads(one["models"])) for one in found) == size
    assert sorted(models) == sorted(one.model_dir for one in jobs)
    assert len({one["name"] for one in found}) == len(found)
    for one in found:
        assert one["minutes"] == 250 * len(json.loads(one["models"]))
        assert re.fullmatch(r"[\w-]+", one["name"])


def test_more_models_than_a_variable_holds_are_an_error() -> None:
    with pytest.raises(DsbenchError, match="do not fit"):
        rendered([a_job("a")], models=tuple(f"models/{number:090}" for number in range(2000)))


def test_names_of_any_kind_are_in_the_variables(tmp_path: Path) -> None:
    jobs = rendered([a_job("a")], models=NAMES)["jobs"]
    (step,) = (one["run"] for one in jobs["plan"]["steps"] if one.get("id") == "plan")
    reads = step.partition("mkdir")[0] + "printf '%s\\0' \"${models[@]}\""
    variables = {"PATH": os.environ["PATH"], "MODELS": jobs["plan"]["env"]["MODELS"], "ARGUMENTS": "[]"}
    done = subprocess.run(["bash", "-ec", reads], env=variables, capture_output=True, check=True, timeout=20)
    assert [os.fsdecode(one) for one in done.stdout.split(b"\0")[:-1]] == list(NAMES)


@dataclass
class Runner:
    """A self-hosted runner: bash, variables by ``env`` only, a failed step ends the job. Actions do not run: checkouts
    are copies, artifacts folders."""

    folder: Path
    programs: Path
    artifacts: dict[str, Path] = field(default_factory=dict)

    def run(self, workflow: Workflow, name: str, origin: Path, values: dict[str, str]) -> Ended:
        """One job; ``values`` are those of its expressions. Its status, outputs and log."""
        here = self.folder / f"{name}-{len(list(self.folder.iterdir()))}"
        workspace = here / "work space"
        workspace.mkdir(parents=True)
        files = {variable: here / variable for variable in ("GITHUB_OUTPUT", "GITHUB_PATH")}
        for path in files.values():
            path.touch()
        job = workflow["jobs"][name]
        given = {**workflow["env"], **job.get("env", {})}
        base = {"PATH": f"{self.programs}:{os.environ['PATH']}", "RUNNER_TEMP": str(here), "GITHUB_ACTIONS": "true"}
        environment = {**base, **{key: str(path) for key, path in files.items()}}
        environment |= {key: evaluated(text, values) for key, text in given.items()}
        status, log = 0, ""
        for step in job["steps"]:
            if "uses" in step:
                self._action(step, workspace, origin, values)
            elif not status:
                command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
                done = subprocess.run(
                    command, cwd=workspace, env=environment, capture_output=True, text=True, timeout=60, check=False
                )
                status, log = done.returncode, log + done.stdout + done.stderr
        return status, read_outputs(files["GITHUB_OUTPUT"].read_text(encoding="utf-8")), log

    def _action(self, step: dict[str, Any], workspace: Path, origin: Path, values: dict[str, str]) -> None:
        action, given = step["uses"].partition("@")[0], step.get("with", {})
        if action == "actions/checkout":
            shutil.copytree(origin, workspace, dirs_exist_ok=True)
        elif action == "actions/upload-artifact":
            if (workspace / given["path"]).exists():
                self.artifacts[evaluated(given["name"], values)] = workspace / given["path"]
        elif "pattern" in given:
            for name, path in self.artifacts.items():
                if name.startswith(given["pattern"].rstrip("*")):
                    shutil.copytree(path, workspace / given["path"] / name)
        else:
            folder = workspace / given["path"]
            folder.mkdir()
            shutil.copy(self.artifacts[given["name"]], folder)


def evaluated(text: str, values: dict[str, str]) -> str:
    """``text`` with the expressions that the workflow has; an unknown one is an error."""
    known = {**values, "'${{'": "${{"}
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: known[found[1]], text)


def test_the_steps_plan_run_and_merge_models_of_any_name(tmp_path: Path) -> None:
    programs = stand_in.install(tmp_path / "bin")
    origin = tmp_path / "origin"
    names = ("pass $(touch x) ${{ secrets.X }}", "fail\n::error::x")
    for name in names:
        model_dir(origin / "models", name, name.encode())
    models = tuple(f"models/{name}" for name in names)
    (tmp_path / "runner").mkdir()
    runner = Runner(tmp_path / "runner", programs)
    workflow = rendered([a_job("net")], models=models, command=("--runtime", "embedded"))

    status, outputs, log = runner.run(workflow, "plan", origin, {})
    assert status == 0, log
    found = json.loads(outputs["matrix"])["include"]
    assert sorted(json.loads(one["models"])[0] for one in found) == sorted(models)
    statuses = {}
    for one in found:
        values = {f"matrix.{key}": str(value) for key, value in one.items()}
        statuses[json.loads(one["models"])[0]], _, log = runner.run(workflow, "run", origin, values)
    assert statuses == dict(zip(models, (0, 1), strict=True)), log
    status, _, log = runner.run(workflow, "merge", origin, {})
    assert status == 1, log
    assert "2 jobs: 1 passed, 1 failed" in log.lower()
    assert (runner.artifacts["merged"] / "index.html").is_file()
    assert not list(tmp_path.rglob("x"))
