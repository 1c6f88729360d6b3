"""``dsbench fleet plan`` as it is typed: its output, its notes, its exit status."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from dsbench import cli
from dsbench.base.errors import Code, DsbenchError
from dsbench.fleet import hashing, job, plan_command, result
from dsbench.fleet.job import FleetJob
from dsbench.fleet.result import JobResult, JobState
from tests.fleet.plans import model_dir
from tests.hostile_names import HOSTILE, obeyed, unseen


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DS_VIDEO", raising=False)
    for name in ("a", "b"):
        model_dir(tmp_path / "models", name)


def fleet_plan(*words: str) -> int:
    return cli.main(["fleet", "plan", *words])


def read(path: Path) -> list[FleetJob]:
    return list(job.from_lines(path.read_text().splitlines(), str(path)))


def test_a_plan_is_printed_or_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fleet_plan("models/*", "--runtime", "embedded", "--results", "out") == 0
    shown = capsys.readouterr()
    jobs = list(job.from_lines(shown.out.splitlines(), "stdout"))
    assert [(one.model, one.results) for one in jobs] == [(one.model, f"{tmp_path}/out/{one.id}") for one in jobs]
    assert shown.err.splitlines() == [
        "dsbench fleet: 2 models without a video (a): the machine of the job must have DeepStream's sample_720p.mp4",
        "dsbench fleet: 2 jobs, 4 files of 0.0 MB",
    ]
    assert fleet_plan("models/*", "--runtime", "embedded", "--results", "out", "-o", "new/plan.jsonl") == 0
    assert capsys.readouterr().out == ""
    assert read(tmp_path / "new/plan.jsonl") == jobs
    assert fleet_plan("models/*", "--runtime", "embedded", "--results", "out", "-o", "-") == 0
    assert capsys.readouterr().out == shown.out


def test_a_table_for_a_model_that_is_not_planned_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fleet.toml").write_text('[models.b]\nsweep = true\n[models."yolo x"]\nsweep = true\n')
    assert fleet_plan("models/*", "--runtime", "deepstream", "--options-file", "fleet.toml") == 0
    shown = capsys.readouterr()
    assert 'no model of the plan is named as [models."yolo x"]' in shown.err
    assert ["--sweep" in line for line in shown.out.splitlines()] == [False, True]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required"),
        (["models/a"], "--runtime"),
        (["models/a", "--runtime", "auto"], "invalid choice"),
        (["models/a", "--runtime", "embedded", "--gpu-kind", "L4\n"], "control characters"),
        (["models", "--runtime", "embedded"], "folder of model directories (a, b)"),
        (["/", "--runtime", "embedded"], "root of the file system"),
        (["models/none*", "--runtime", "embedded"], "no directory matches"),
        (["models/a", "--runtime", "embedded", "--options-file", "none.toml"], "cannot be read"),
        (["models/a", "--runtime", "embedded", "--sweep"], "unrecognized arguments"),
    ],
)
def test_wrong_usage_has_status_4(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fleet_plan(*words, "-o", "plan.jsonl") == 4
    assert said in capsys.readouterr().err
    assert not os.path.exists("plan.jsonl")


def test_help_has_status_0_and_no_command_4(capsys: pytest.CaptureFixture[str]) -> None:
    assert fleet_plan("--help") == 0
    assert cli.main(("fleet",)) == 4
    assert cli.main(["fleet", "plna"]) == 4


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "models/a/model/net.onnx"

    def refuse(path: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    original = hashing.of_file
    monkeypatch.setattr(hashing, "of_file", lambda path, count: (refuse if path == str(file) else original)(path))
    assert fleet_plan("models/*", "--runtime", "embedded") == 3
    shown = capsys.readouterr()
    assert str(file) in shown.err
    assert shown.out == "", "no part of a plan"


def test_a_plan_in_a_file_says_what_runs_its_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("models/*", "--runtime", "embedded", "-o", "my plan.jsonl")
    assert fleet_plan(*words) == 0
    assert "run each with: dsbench fleet job 'my plan.jsonl' --number N, from 0 to 1" in capsys.readouterr().err
    assert fleet_plan(*words[:-2]) == 0
    assert fleet_plan(*words, "--format", "slurm", "--results", "out") == 0
    assert "run each" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"),
    [(DsbenchError(Code.NOT_WRITABLE, "x"), 3), (DsbenchError(Code.USAGE, "x"), 4), (ZeroDivisionError(), 3)],
)
def test_no_error_of_a_fleet_command_has_the_status_of_a_failed_model(
    error: Exception, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr(plan_command, "run", fail)
    assert fleet_plan("models/a", "--runtime", "embedded") == status


def test_hostile_names_are_planned_and_not_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = sorted({name for name in HOSTILE if not re.search("[/\\0\ud800]", name)} - {"", ".", ".."})
    for name in names:
        os.mkfifo(model_dir(tmp_path / "hostile", name) / f"{name[:20]}.fifo")
    given = [str(tmp_path / "hostile" / name) for name in names]
    assert fleet_plan("--runtime", "embedded", *given) == 0
    shown = capsys.readouterr()
    assert [one.model for one in job.from_lines(shown.out.splitlines(), "stdout")] == names
    assert not obeyed(shown.out + shown.err)
    assert not unseen(shown.out + shown.err)


def test_jobs_with_a_result_of_equal_hashes_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("models/*", "--runtime", "embedded", "-o", "plan.jsonl", "--missing-from", "out", "--missing-from", "no")
    assert fleet_plan(*words) == 0
    first, second = read(tmp_path / "plan.jsonl")
    _result(tmp_path / "out" / first.id, first, JobState.FAILED)
    _result(tmp_path / "out" / second.id, second, JobState.INVALID)
    (tmp_path / "out/broken").mkdir()
    (tmp_path / "out/broken/result.json").write_text("{")
    capsys.readouterr()
    assert fleet_plan(*words) == 0
    assert read(tmp_path / "plan.jsonl") == [second], "what could not be run is planned again"
    shown = capsys.readouterr().err
    assert "1 job of 2 left out" in shown
    assert "out/broken: result.json is not valid" in shown
    (tmp_path / "models/a/config/labels.txt").write_text("bus\n")
    assert fleet_plan(*words) == 0
    assert [one.model for one in read(tmp_path / "plan.jsonl")] == ["a", "b"], "an input has changed"


def test_of_equal_models_each_needs_a_result_of_its_own(tmp_path: Path) -> None:
    model_dir(tmp_path / "copies", "a")
    words = ("models/a", "copies/a", "--runtime", "embedded", "-o", "plan.jsonl", "--missing-from", "out")
    assert fleet_plan(*words) == 0
    first, second = read(tmp_path / "plan.jsonl")
    assert first.key == second.key
    _result(tmp_path / "out" / first.id, first, JobState.PASSED)
    assert fleet_plan(*words) == 0
    assert read(tmp_path / "plan.jsonl") == [second]
    assert fleet_plan(*words[1:]) == 0
    assert read(tmp_path / "plan.jsonl") == [], "alone it has the id of the first"


def _result(folder: Path, one: FleetJob, state: JobState) -> None:
    folder.mkdir(parents=True)
    result.write(JobResult(one.id, one.key, one.model, state), folder)
