"""pytest must not take the value of one of dsbench's options for a test path."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from dsbench.base.pytest_words import join_words, joined, starts_pytest


@pytest.mark.parametrize(
    ("words", "result"),
    [
        ("--model-dir models/x -k preflight", "--model-dir=models/x -k preflight"),
        ("--model-dir=models/x --video a.mp4 -x", "--model-dir=models/x --video=a.mp4 -x"),
        ("--html r.html tests", "--html=r.html tests"),
        ("--ci --model-dir", "--ci=--model-dir"),
        ("tests --model-dir", "tests --model-dir"),
        ("--no-such x", "--no-such x"),
    ],
)
def test_an_option_and_its_value_are_one_word(words: str, result: str) -> None:
    assert joined(words.split()) == result.split()


@pytest.mark.parametrize(
    ("command", "starts"),
    [
        ("python /venv/bin/pytest --model-dir x", True),
        ("python -X dev /venv/bin/py.test", True),
        ("python -m pytest --model-dir x", True),
        ("python -Im pytest", True),
        ("python -mpytest", True),
        ("python -Impytest", True),
        ("python /venv/bin/coverage run -m pytest --model-dir x", True),
        ("python /venv/bin/pdoc --html pytest", False),
        ("python -m pip install pytest", False),
        ("python -m json.tool pytest", False),
        ("python /venv/bin/dsbench fix models/pytest --video x", False),
        ("python", False),
    ],
)
def test_only_the_words_of_pytest_are_joined(command: str, starts: bool) -> None:
    given = command.split()
    first = next((index for index, word in enumerate(given[1:], 1) if word.startswith("/venv")), 1)
    assert starts_pytest(given, given[first:]) is starts


def test_pytest_addopts_is_joined_too() -> None:
    words, environment = ["pytest", "--model-dir", "a b"], {"PYTEST_ADDOPTS": "-q --model-dir 'c d'"}
    join_words(words, environment)
    assert words == ["pytest", "--model-dir=a b"]
    assert environment == {"PYTEST_ADDOPTS": "-q '--model-dir=c d'"}
    broken = {"PYTEST_ADDOPTS": "--model-dir 'x"}
    join_words(words, broken)
    assert broken == {"PYTEST_ADDOPTS": "--model-dir 'x"}


def test_an_installation_takes_no_configuration_from_the_model_directory(tmp_path: Path, repository: Path) -> None:
    """``pytest.ini`` in the model directory names a plugin; neither it nor conftest.py is imported."""
    evil = tmp_path / "models" / "evil"
    evil.mkdir(parents=True)
    (evil / "pytest.ini").write_text("[pytest]\naddopts = -p evil_plugin\npythonpath = .\n")
    for name in ("evil_plugin.py", "conftest.py"):
        (evil / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    venv.create(tmp_path / "venv", symlinks=True)
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (packages / "a.pth").write_text("\n".join(path for path in sys.path if os.path.isdir(path)))
    (packages / "dsbench.pth").write_bytes((repository / "dsbench/base/dsbench.pth").read_bytes())
    done = subprocess.run(
        [tmp_path / "venv/bin/python", "-m", "pytest", "--model-dir", "models/evil", "--collect-only", "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "test_preflight[evil]" in done.stdout
    assert not (tmp_path / "ran").exists()


def test_a_current_directory_that_is_gone_is_named(tmp_path: Path, repository: Path) -> None:
    """pytest ends in a traceback there, before it loads a plugin."""
    hook = (repository / "dsbench/base/dsbench.pth").read_text()
    code = f"import os, sys; os.rmdir(os.getcwd()); sys.orig_argv = sys.argv = ['pytest', '--model-dir', 'x']; {hook}"
    there = tmp_path / "there"
    there.mkdir()
    done = subprocess.run([sys.executable, "-c", code], cwd=there, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.splitlines()[0] == "[usage] the current directory no longer exists"
    assert "Traceback" not in done.stderr
