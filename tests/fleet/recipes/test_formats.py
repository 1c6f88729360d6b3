"""``dsbench fleet plan --format``: what is written where, and the statuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench import cli
from dsbench.fleet import job, result, status
from dsbench.fleet.recipes import kubernetes
from dsbench.fleet.recipes.formats import RECIPES
from dsbench.fleet.recipes.settings import FORMATS
from dsbench.fleet.result import JobResult, JobState
from tests.fleet.plans import model_dir
from tests.fleet.recipes import examples


@pytest.mark.parametrize("kind", examples.NAMES)
def test_the_examples_are_what_plan_writes(kind: str) -> None:
    shown = (examples.FOLDER / examples.NAMES[kind]).read_text(encoding="utf-8")
    assert shown == examples.text(kind), "run python -m tests.fleet.recipes.examples"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    model_dir(tmp_path / "models", "a b")
    return tmp_path


def plan(*words: str) -> int:
    return cli.main(["fleet", "plan", "models/*", "--runtime", "embedded", *words])


def test_every_format_has_a_recipe_but_the_plan_itself() -> None:
    assert tuple(RECIPES) == FORMATS[1:]


@pytest.mark.parametrize("name", FORMATS[1:])
def test_a_recipe_is_printed_or_written(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan("--format", name) == 0
    printed = capsys.readouterr().out
    assert plan("--format", name, "-o", "file") == 0
    assert (folder / "file").read_text() == printed
    assert not (folder / "fleet-results").exists()


def test_a_plan_that_does_not_fit_is_written_to_the_results(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kubernetes, "CONFIG_MAP_LIMIT", 10)
    assert plan("--format", "k8s", "--results", "results") == 0
    (written,) = (folder / "results").iterdir()
    said = capsys.readouterr()
    assert f'value: "{written}"' in said.out
    assert str(written) in said.err
    assert [one.model for one in job.from_lines(written.read_text().splitlines(), "plan")] == ["a b"]


def test_github_is_given_the_arguments_and_not_the_paths_of_this_machine(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "o.toml").write_text("[options]\nperf-seconds = 3\n")
    assert plan("--format", "github", "--options-file", "o.toml", "--time-limit", "30") == 0
    text = capsys.readouterr().out
    assert 'MODELS: |\n        [\n          "models/*"\n        ]\n' in text
    for word in ("--runtime", "embedded", "--options-file", "o.toml", "--time-limit 30", "--timeout 1800"):
        assert word in text
    assert str(folder) not in text


@pytest.mark.parametrize(
    "words",
    [
        ("--format", "k8s", "--image", "none"),
        ("--format", "k8s", "--claim", "A_B"),
        ("--format", "slurm", "--mount", "elsewhere"),
        ("--format", "slurm", "--parallel", "0"),
        ("--format", "slurm", "--time-limit", "ten"),
        ("--format", "helm"),
    ],
)
def test_what_an_engine_does_not_take_is_wrong_usage(words: tuple[str, ...], folder: Path) -> None:
    assert plan(*words) == status.USAGE_STATUS


def test_nothing_left_to_run_is_no_recipe(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan() == 0
    (found,) = job.from_lines(capsys.readouterr().out.splitlines(), "plan")
    Path(found.results).mkdir(parents=True)
    result.write(JobResult(found.id, found.key, found.model, JobState.PASSED), Path(found.results))
    assert plan("--format", "slurm", "--missing-from", "fleet-results") == status.USAGE_STATUS
    assert "no job is left to run" in capsys.readouterr().err
