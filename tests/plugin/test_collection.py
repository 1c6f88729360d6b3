"""Names and expansion of model directories."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from dsbench.base import text
from dsbench.model import given_dirs
from dsbench.model.layout import ModelLayout
from dsbench.plugin import collection


def names(given: list[str], start: Path) -> list[str]:
    return [layout.given for layout in given_dirs.expand_model_dirs(given, start)]


def test_globs_names_and_duplicates(tmp_path: Path) -> None:
    for name in ("a", "b", "[x]", "file"):
        (tmp_path / name).mkdir() if name != "file" else (tmp_path / name).touch()
    assert names(["*"], tmp_path) == ["[x]", "a", "b"], "files are no model directories"
    assert names(["a/", "./a", str(tmp_path / "a")], tmp_path) == ["a"]
    assert names(["[x]"], tmp_path) == ["[x]"], "a directory whose name looks like a pattern"
    assert names(["nothing*"], tmp_path) == ["nothing*"]


@pytest.mark.parametrize("name", ["<img src=x>", "a b", "模型", "-n", "..", "x" * 300, "con", "a/../b"])
def test_ascii_names_are_safe_and_distinct(name: str) -> None:
    safe = text.ascii_name(name)
    assert safe.isascii()
    assert not set(safe) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert not safe.startswith((".", "-"))
    assert len(safe) < 100
    assert safe != text.ascii_name(name + "_")


def test_a_plain_name_stays_itself() -> None:
    assert text.ascii_name("yolov8n-1.0") == "yolov8n-1.0"


def test_ids_of_equal_names_differ(tmp_path: Path) -> None:
    layouts = [ModelLayout.at("a/net", tmp_path), ModelLayout.at("b/net", tmp_path), ModelLayout.at("c", tmp_path)]
    ids = collection.test_ids(layouts)
    assert len(set(ids)) == 3
    assert ids[2] == "c"


def test_report_names(tmp_path: Path) -> None:
    layouts = [ModelLayout.at(name, tmp_path) for name in "abcde"]
    assert collection.report_name(layouts[:1]) == "a.html"
    assert collection.report_name(layouts[:2]) == "a+b.html"
    assert collection.report_name(layouts).startswith("a_and_4_more-")


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("", []),
        ("run1 or run2", []),
        ("not run1 and not run2", ["run1", "run2"]),
        ("import_parity and not (run1 or not run2)", ["run1"]),
        ("not not run1", []),
        ("not (a or b) and c and not d", ["a", "b", "d"]),
    ],
)
def test_names_that_are_excluded(expression: str, names: list[str]) -> None:
    assert list(collection.negated_names(expression)) == names


@pytest.mark.parametrize(
    ("name", "text", "refused"),
    [
        ("pytest.ini", "[pytest]\n", True),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '-q'\n", True),
        ("pyproject.toml", "[project]\nname = 'training'\n", False),
    ],
)
def test_only_a_file_that_configures_pytest_is_refused(tmp_path: Path, name: str, text: str, refused: bool) -> None:
    layout = ModelLayout.at("models/net", tmp_path)
    layout.root.mkdir(parents=True)
    (layout.root / name).write_text(text)
    config = SimpleNamespace(inipath=layout.root / name, option=SimpleNamespace(inifilename=None))
    with pytest.raises(pytest.UsageError, match="from the model directory") if refused else nullcontext():
        collection.refuse_models_configuration(config, [layout], tmp_path)  # type: ignore[arg-type]
