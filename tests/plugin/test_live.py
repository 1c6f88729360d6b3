"""Progress past pytest's capturing: a live line on a terminal, plain lines elsewhere, nothing with -q."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = """
import pytest
from dsbench.base import progress
from dsbench.base.progress import Task
from dsbench.plugin import live

progress.LIVE_S = progress.PLAIN_S = 0.02
STREAMS = pytest.StashKey()

def pytest_configure(config):
    config.stash[STREAMS] = live.Streams.copied(config)

@pytest.fixture
def shown(request):
    return live.progress(request.config, request.config.stash[STREAMS])
"""
TEST = """
import time
from dsbench.base.progress import Task

def test_works(shown):
    with shown.task(Task("net: working", seconds=9)):
        print("captured")
        time.sleep(0.3)
"""


def play(folder: Path, *arguments: str, terminal: bool, **environment: str) -> str:
    """What a session of one long test shows, on a terminal of its own or in a pipe."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(TEST)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "NO_COLOR", "FORCE_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    variables = kept | {"TERM": "xterm", "PYTHONPATH": str(Path(__file__).resolve().parents[2])} | environment
    if not terminal:
        done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr
    ours, theirs = pty.openpty()
    child = subprocess.Popen(command, cwd=folder, env=variables, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b""
    while block := _read(ours):
        text += block
    os.close(ours)
    child.wait()
    return text.decode()


def _read(number: int) -> bytes:
    try:
        return os.read(number, 65536)
    except OSError:  # the other end is closed
        return b""


def test_a_live_line_on_a_terminal(tmp_path: Path) -> None:
    text = play(tmp_path, terminal=True)
    assert "test_it.py \r\nnet: working: 0 of 9 s, at most 9 s left\x1b[K\r" in text
    before, _, after = text.rpartition("\r\x1b[K\x1b[A")
    assert before
    assert after.startswith("\x1b[11C"), "behind `test_it.py `"
    assert "net: working" not in after
    assert "captured" not in text


@pytest.mark.parametrize(
    ("arguments", "terminal"),
    [
        pytest.param(("--color=yes",), False, id="a pipe"),
        pytest.param(("--color=no",), True, id="no escapes"),
        pytest.param(("-n1",), True, id="xdist"),
    ],
)
def test_plain_lines_elsewhere(tmp_path: Path, arguments: tuple[str, ...], terminal: bool) -> None:
    text = play(tmp_path, *arguments, terminal=terminal).replace("\r", "")
    assert "\ndsbench: net: working: 0 of 9 s, at most 9 s left\n" in text
    assert "\x1b[A" not in text
    assert "1 passed" in text


def test_nothing_with_q(tmp_path: Path) -> None:
    text = play(tmp_path, "-q", terminal=True)
    assert "working" not in text
    assert "1 passed" in text
