"""The script for Slurm: its text, and what it does on a real Slurm of one node where that is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dsbench.fleet import job
from dsbench.fleet.job import FleetJob, Needs
from dsbench.fleet.recipes import slurm
from dsbench.fleet.recipes.settings import RecipeSettings
from tests.fleet.plans import a_job
from tests.fleet.recipes import local_slurm, stand_in
from tests.fleet.recipes.local_slurm import LocalSlurm
from tests.hostile_names import HOSTILE

L4 = Needs(gpus=1, gpu_kind="L4")
MIXED = (
    a_job("a", "/data/results", runtime="deepstream", needs=L4),
    a_job("b", "/data/results", runtime="deepstream", needs=Needs(gpus=2, gpu_kind="NVIDIA H200", cpus=8)),
    a_job("c", "/data/results", runtime="deepstream", needs=L4),
    a_job("d", "/data/results"),
)
HOSTILE_JOBS = [
    a_job("net", "/data/r", id=f"x{number}", model=name) for number, name in enumerate(HOSTILE) if "/" not in name
]


def script(jobs: Sequence[FleetJob], **settings: Any) -> str:
    return slurm.render(jobs, RecipeSettings(**settings)).text


@pytest.mark.parametrize(
    ("jobs", "settings"),
    [
        pytest.param(MIXED, {}, id="several needs"),
        pytest.param(MIXED, {"image": "none", "parallel": 2}, id="no container"),
        pytest.param(HOSTILE_JOBS, {"install": "$(touch x)'; touch x"}, id="hostile names"),
        pytest.param([a_job("a", "/data/$(touch x) 'é")], {"image": "/images/$(x).sqsh"}, id="hostile paths"),
    ],
)
def test_the_script_is_sound(jobs: Sequence[FleetJob], settings: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "fleet.sh"
    path.write_text(script(jobs, **settings))
    subprocess.run(["bash", "-n", path], check=True, timeout=20)
    if shutil.which("shellcheck"):
        command = ["shellcheck", "--exclude=SC2016", path]  # names with $ in single quotes
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout


def test_one_array_for_each_need() -> None:
    text = script(MIXED, parallel=1)
    submitted = re.findall(r"^  ids\+=\(\"\$\(sbatch --parsable (.*) \"\$@\" \"\$0\" (\d+)\)\"\)$", text, re.MULTILINE)
    assert submitted == [
        ("--array=0-1%1 --gres=gpu:L4:1 --cpus-per-task=$cpus", "0"),
        ("--array=0-0%1 --gres=gpu:nvidia_h200:2 --cpus-per-task=8", "2"),
        ("--array=0-0%1 --gres=none --exclusive", "3"),
    ]
    assert "#SBATCH --array=0-1%1\n#SBATCH --gres=gpu:L4:1\n" in text
    images = re.findall(r"^  (\d+)\) image=(\S+) ;;$", text, re.MULTILINE)
    assert [(offset, image.partition(":")[0]) for offset, image in images] == [
        ("0", "'nvcr.io#nvidia/deepstream"),
        ("2", "'nvcr.io#nvidia/deepstream"),
        ("3", "python"),
    ]
    assert "--container-mounts=/data:/data " in text


def test_an_array_above_slurms_limit_is_split() -> None:
    text = script([a_job(f"m{number}", "/data/results") for number in range(2001)], parallel=50)
    arrays = re.findall(r"--array=(\S+) .* (\d+)\)\"\)", text)
    assert arrays == [("0-999%50", "0"), ("0-999%50", "1000"), ("0-0%50", "2000")]


def test_a_plan_above_the_limit_of_a_script_lies_with_the_results() -> None:
    recipe = slurm.render([a_job(f"m{number}", "/data/results") for number in range(5000)], RecipeSettings())
    assert f"cat {recipe.plan_path} #" in recipe.text
    assert recipe.plan_path.startswith("/data/results/dsbench-")
    assert len(recipe.plan_text.splitlines()) == 5000
    assert len(recipe.text) < 10_000


def test_the_plan_of_a_script_is_the_plan(tmp_path: Path) -> None:
    text = script(HOSTILE_JOBS)
    plan = re.search(r"<<'END_OF_PLAN'\n(.*\n)END_OF_PLAN\n", text, re.DOTALL)
    assert plan is not None
    assert list(job.from_lines(plan[1].splitlines(), "script")) == HOSTILE_JOBS


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalSlurm]:
    if not local_slurm.is_installed():
        pytest.skip("Slurm is not installed (Debian: slurm-wlm munge), or this is not root")
    with local_slurm.local_slurm() as slurm_here:
        yield slurm_here


@pytest.mark.long
def test_slurm_runs_every_job_tries_lost_ones_again_and_merges(cluster: LocalSlurm, tmp_path: Path) -> None:
    programs = stand_in.install(tmp_path / "bin")
    results = tmp_path / "the $(touch x) results"
    jobs = [a_job(name, results) for name in ("fail", "lost")]
    jobs += [a_job("pass", results, runtime="deepstream", needs=Needs(gpus=1, gpu_kind="l4"))]
    path = tmp_path / "fleet run.sh"
    path.write_text(script(jobs, image="none"))
    environment = {**cluster.environment, "PATH": f"{programs}:{os.environ['PATH']}"}
    subprocess.run(["bash", path], cwd=tmp_path, env=environment, check=True, timeout=30)
    cluster.wait(60)

    assert sorted(stand_in.calls(programs)) == ["fail-1", "lost-1", "lost-1", "lost-1", "pass-1"]
    shown = cluster.output("scontrol", "--oneliner", "show", "job")
    ended = re.findall(r"JobName=(\S+).*?JobState=(\S+).*?Restarts=(\d).*?ExitCode=(\d)", shown)
    *tasks, merge = sorted(ended, key=lambda one: one[0])
    assert sorted(task[1:] for task in tasks) == [("COMPLETED", "0", "0"), ("FAILED", "0", "1"), ("FAILED", "2", "3")]
    assert merge[1:] == ("FAILED", "0", "1")
    (log,) = tmp_path.glob("dsbench-merge-*.log")
    assert "1 passed, 1 failed, 1 invalid" in log.read_text().lower()
    assert (results / "_merged" / "index.html").is_file()
    assert not list(tmp_path.rglob("x"))


def test_a_slurm_without_pyxis_gets_no_job(cluster: LocalSlurm, tmp_path: Path) -> None:
    path = tmp_path / "fleet.sh"
    path.write_text(script([a_job("a", tmp_path)]))
    done = subprocess.run(
        ["bash", path], env=cluster.environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 4
    assert "no pyxis: plan with --image none" in done.stderr
    assert not cluster.output("squeue", "--noheader")


def test_slurm_takes_the_options_of_a_gpu_job(cluster: LocalSlurm, tmp_path: Path) -> None:
    path = tmp_path / "fleet.sh"
    path.write_text(script([a_job("a", tmp_path, runtime="deepstream", needs=Needs(gpus=1, gpu_kind="l4"))]))
    done = subprocess.run(
        ["sbatch", "--test-only", path],
        env=cluster.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_script_that_is_no_file_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash"], input=script(MIXED), cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (4, "write this script to a file: sbatch reads it again\n")
