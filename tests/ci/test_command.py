"""``dsbench ci``: pytest's command line from inputs, and what a run that does not start leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import DsbenchError
from dsbench.ci import command
from dsbench.ci.inputs import INPUTS
from dsbench.ci.service import CiService
from dsbench.cli import main
from tests.ci.material import read_outputs, runner_commands

NOTHING = {one.name: "" for one in INPUTS}


def test_every_value_is_one_argument() -> None:
    values = {**NOTHING, "video": "--help", "runtime": "embedded", "min-streams": "4", "arguments": "-n 2 -k 'a or b'"}
    assert command.pytest_arguments(values, ("models/x", "-p no:dsbench", "::error::")) == (
        "--model-dir=models/x",
        "--model-dir=-p no:dsbench",
        "--model-dir=::error::",
        "--runtime=embedded",
        "--video=--help",
        "--min-streams=4",
        "--junitxml=reports/junit.xml",
        *("-n", "2", "-k", "a or b"),
    )


def test_a_junit_file_of_the_user_stays() -> None:
    values = {**NOTHING, "arguments": "--junitxml=mine.xml"}
    assert command.pytest_arguments(values, ("x",)) == ("--model-dir=x", "--junitxml=mine.xml")


def test_scope_import_stops_before_the_benchmark() -> None:
    flag, selection = command.pytest_arguments({**NOTHING, "scope": "import"}, ("x",))[1:3]
    assert flag == "-k"
    assert "test_import_parity" in selection
    assert not any(name in selection for name in ("benchmark", "run1", "run2", "summary"))
    assert selection.endswith(" or test_report"), "it shows the change that the findings name"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"scope": "half"}, "scope 'half' is not known"),
        ({"arguments": "-k 'a"}, "cannot be split"),
    ],
)
def test_wrong_inputs(values: dict[str, str], said: str) -> None:
    with pytest.raises(DsbenchError, match=said):
        command.pytest_arguments({**NOTHING, **values}, ("x",))


def test_given_and_changed_directories(tmp_path: Path) -> None:
    (tmp_path / "models" / "x").mkdir(parents=True)
    (tmp_path / "models" / "x" / "dsbench.toml").touch()
    values = {**NOTHING, "model-dirs": " models/* \n\nmodels/a b\n", "changed-files": "models/x/a\nREADME.md\n"}
    assert command.wanted_dirs(values, tmp_path) == ("models/*", "models/a b", "models/x")
    with pytest.raises(DsbenchError, match="no model directory is given"):
        command.wanted_dirs(NOTHING, tmp_path)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A step of a job on GitHub, in an empty repository."""
    for one in INPUTS:
        monkeypatch.delenv(one.variable, raising=False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_change_without_models_passes_and_says_so(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSBENCH_CHANGED_FILES", "README.md\nsrc/a.py")
    assert main(["ci"]) == 0
    assert read_outputs((job / "output").read_text())["verdict"] == "no-model"
    assert "nothing to check" in (job / "summary.md").read_text()


def test_wrong_usage_is_status_4_and_no_command(
    job: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DSBENCH_MODEL_DIRS", "models/x")
    monkeypatch.setenv("DSBENCH_ARGUMENTS", "'\n::add-mask::e")
    assert main(["ci"]) == 4
    assert [name for name, _, _ in runner_commands(capsys.readouterr().out)] == ["error"]
    assert read_outputs((job / "output").read_text())["verdict"] == "error"
    assert "close every quote" in (job / "summary.md").read_text()


def test_options_win_over_variables(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(pytest, "main", lambda arguments: seen.append(arguments) or 0)
    monkeypatch.setenv("DSBENCH_MODEL_DIRS", "models/a")
    monkeypatch.setenv("DSBENCH_VIDEO", "a.mp4")
    assert main(["ci", "--model-dirs", "models/b"]) == 0
    assert seen == [["--model-dir=models/b", "--video=a.mp4", "--junitxml=reports/junit.xml"]]


@pytest.mark.parametrize(("status", "said"), [(3, "internal error"), (4, "arguments"), (5, "no step")])
def test_a_run_that_did_not_start_is_no_verdict(tmp_path: Path, status: int, said: str) -> None:
    printed: list[str] = []
    service = CiService("github", tmp_path, printed.append, {"GITHUB_OUTPUT": str(tmp_path / "output")})
    assert command.run_pytest((), service, lambda _: status) == status
    assert said in printed[0]
    assert read_outputs((tmp_path / "output").read_text())["verdict"] == "error"
