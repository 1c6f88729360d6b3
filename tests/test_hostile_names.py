"""Hostile names of directories, files, labels and tensors in every place where a person or a program reads them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.hostile_names import HOSTILE, obeyed, unseen, without_blocks
from tests.warm import run_pytest

COMMANDS = tuple(name for name in HOSTILE if re.search("::|##|section", name))
OWN_COMMAND = re.compile(r"::(stop-commands::)?[0-9a-f]{32}(::)?|::(error|warning|notice) [^\n]*")


@dataclass(frozen=True)
class Sinks:
    """What one run of pytest over many directories printed and wrote."""

    printed: str
    workspace: Path

    def text(self, name: str) -> str:
        return (self.workspace / name).read_text(encoding="utf-8")


def hostile_directory(folder: Path, name: str) -> Path:
    """A model directory of a hostile name whose pre-flight finds two ONNX files of hostile names."""
    model = folder / name
    for number in range(2):
        path = model / "model" / f"{number}{name}.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<html>")
    (model / "config").mkdir()
    (model / "config" / "labels.txt").write_text(f"{name}\n", encoding="utf-8", errors="surrogateescape")
    (model / "dsbench.toml").write_text(f"video = {json.dumps(ascii(name))}\n")
    return model


def file_names() -> Iterator[str]:
    """The hostile names as few names of files: a text that a runner obeys begins its name, the others are joined."""
    yield from (name.replace("/", "_") for name in COMMANDS)
    joined = ""
    for name in HOSTILE:
        if name not in COMMANDS and "\ud800" not in name:
            part = name.replace("/", "_")
            if len(os.fsencode(joined + part)) > 180:
                yield joined
                joined = ""
            joined += part
    yield joined


@pytest.fixture(scope="module")
def sinks(tmp_path_factory: pytest.TempPathFactory) -> Sinks:
    folder = tmp_path_factory.mktemp("hostile")
    names = [os.fspath(hostile_directory(folder / "m", name).relative_to(folder)) for name in file_names()]
    done = run_pytest(
        folder,
        *(f"--model-dir={name}" for name in names),
        "--runtime=embedded",
        "--junitxml=junit.xml",
        "-rA",
        "-v",
        "-k=parser_source",
        "--color=no",
        GITHUB_ACTIONS="true",
        GITHUB_OUTPUT="output",
        GITHUB_STEP_SUMMARY="summary.md",
    )
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-3000:]
    return Sinks(done.stdout + done.stderr, folder)


def test_the_terminal_shows_names_and_obeys_none(sinks: Sinks) -> None:
    lines = [line for line in sinks.printed.split("\n") if not OWN_COMMAND.fullmatch(line)]
    assert not unseen("\n".join(lines))
    assert not obeyed("\n".join(lines))
    assert sinks.printed.count("Traceback") == 0


def test_files_for_ci_and_the_page_have_no_unseen_character(sinks: Sinks) -> None:
    (page,) = (sinks.workspace / "reports").glob("*.html")
    for name in ("junit.xml", "summary.md", "output", os.fspath(page)):
        assert not unseen(sinks.text(name)), name
    assert "<script>alert" not in sinks.text(os.fspath(page))
    assert not re.search(r"<(script|img|svg)|\]\(javascript|@octocat", without_blocks(sinks.text("summary.md")))
    values = [one.get("value", "") for one in ElementTree.parse(sinks.workspace / "junit.xml").iter("property")]
    assert "m/::error::x/reports/benchmark_data.json" in values
