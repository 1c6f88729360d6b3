"""Search for DeepStream's installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.runtimes import deepstream


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """deepstream-app on PATH is a link into an installation elsewhere."""
    root = tmp_path / "opt/deepstream-9.1"
    program = root / "bin/deepstream-app"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/deepstream-app").symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path / "usr"))
    monkeypatch.delenv("DEEPSTREAM_DIR", raising=False)
    monkeypatch.setattr(deepstream, "DEEPSTREAM_DIR", tmp_path / "standard")
    return root


def headers(folder: Path) -> None:
    (folder / "sources/includes").mkdir(parents=True)
    (folder / "sources/includes/nvdsinfer_custom_impl.h").touch()


def test_environment_then_standard_path_then_folder_of_the_program(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = deepstream.DeepStreamRuntime()
    assert runtime.deepstream_dir == tmp_path / "standard", "nothing has the headers"
    headers(installed)
    assert runtime.deepstream_dir == installed
    headers(tmp_path / "standard")
    assert runtime.deepstream_dir == tmp_path / "standard"
    monkeypatch.setenv("DEEPSTREAM_DIR", str(tmp_path / "mine"))
    assert runtime.deepstream_dir == tmp_path / "mine", "the user's word counts, right or wrong"
