"""Which models a change touches; a model that a change adds is never overlooked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from dsbench.base.errors import DsbenchError
from dsbench.ci.changed import changed_since, model_dirs_of


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("there", "changed", "expected"),
    [
        ("models/x/model/x.onnx", "models/x/config/labels.txt", "models/x"),
        ("models/x/model/x.ONNX", "models/x/model/x.ONNX", "models/x"),
        ("models/x/x.onnx", "models/x/x.onnx", "models/x"),  # in the wrong place: pre-flight says so
        ("models/x/dsbench.toml", "models/x/dsbench.toml", "models/x"),
        ("models/x/config/labels.txt", "models/x/config/labels.txt", "models/x"),
        ("models/x/model/x.onnx", "./models//x/parser/deep/a.cpp", "models/x"),
        ("models/x/model/x.onnx", "models/README.md", None),
        ("models/x/model/x.onnx", "models/gone/model/y.onnx", None),
        ("models/x/model/x.onnx", "../w/models/x/model/x.onnx", None),
        ("src/model/net.py", "src/model/net.py", None),
        ("models/x/model/x.onnx", "models/x", "models/x"),  # a link, or a submodule
        ("x.onnx", "README.md", None),
        ("model/x.onnx", "config/labels.txt", "."),  # the repository is one model
    ],
)
def test_the_model_directory_of_a_file(tmp_path: Path, there: str, changed: str, expected: str | None) -> None:
    write(tmp_path / there)
    assert model_dirs_of([changed], tmp_path) == (() if expected is None else (expected,))


def test_each_model_directory_once_in_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path / "models" / name / "model" / "net.onnx")
    files = ["models/b/model/net.onnx", "models/a/config/labels.txt", "models/b/dsbench.toml"]
    assert model_dirs_of(files, tmp_path) == ("models/b", "models/a")


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    subprocess.run(("git", *who, *arguments), cwd=folder, check=True, capture_output=True)


def test_git_names_what_a_change_adds_whatever_it_is_called(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    write(tmp_path / "models/old/model/net.onnx")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    names = ["new", "a b", "::error::x", 'quo"te\\', "ラベル", os.fsdecode(b"\xff\xfe"), "line\nend", "-k"]
    for name in names:
        write(tmp_path / "models" / name / "model" / "net.onnx")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "two")
    dirs = model_dirs_of(changed_since("HEAD^1", tmp_path), tmp_path)
    assert sorted(dirs) == sorted(f"models/{name}" for name in names)
    assert model_dirs_of(changed_since("HEAD^1", tmp_path / "models"), tmp_path / "models") != ()


def test_a_repository_of_another_user_is_to_be_trusted_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "--quiet")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    with pytest.raises(DsbenchError, match=r"git cannot read the repository: fatal: .*dubious") as raised:
        changed_since("HEAD^1", tmp_path)
    assert "git config --global --add safe.directory" in raised.value.fix


def test_in_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(DsbenchError, match="git cannot read the repository: fatal: not a git repository") as raised:
        changed_since("HEAD^1", tmp_path)
    assert "--changed-files" in raised.value.fix
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DsbenchError, match="cannot be started: No such file"):
        changed_since("HEAD^1", tmp_path)


@pytest.mark.parametrize("revision", ["HEAD^1", "--output=x", "no-such"])
def test_an_unknown_revision_is_an_error_and_no_empty_list(tmp_path: Path, revision: str) -> None:
    git(tmp_path, "init", "--quiet")
    write(tmp_path / "a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    with pytest.raises(DsbenchError, match="git cannot compare"):
        changed_since(revision, tmp_path)
    assert not (tmp_path / "x").exists()
