"""Hostile names of model directories, files, labels and tensors in every place where a person or a program reads them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.hostile_names import HOSTILE, obeyed, unseen
from tests.material import write_clip, write_onnx
from tests.warm import run_pytest

FILE_NAMES = tuple(dict.fromkeys(name.replace("/", "_") for name in HOSTILE if "\ud800" not in name))
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


@pytest.fixture(scope="module")
def sinks(tmp_path_factory: pytest.TempPathFactory) -> Sinks:
    folder = tmp_path_factory.mktemp("hostile")
    names = [os.fspath(hostile_directory(folder / "m", name).relative_to(folder)) for name in FILE_NAMES]
    done = run_pytest(
        folder,
        *(f"--model-dir={name}" for name in names),
        "--runtime=embedded",
        "--junitxml=junit.xml",
        "-rA",
        "-v",
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
