"""Ctrl-C while Python imports pytest or dsbench."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("pytest", "--model-dir", "x"), 2, "dsbench: interrupted before the run began: nothing was written\n"),
        (("-m", "pytest", "--model-dir=x"), 2, "dsbench: interrupted before the run began: nothing was written\n"),
        (("/bin/dsbench", "inspect", "x"), 130, ""),
        (("pytest", "tests"), 1, "KeyboardInterrupt"),
        (("tool.py", "--model-dir=x", "pytest"), 1, "KeyboardInterrupt"),
    ],
)
def test_it_ends_without_a_traceback(words: tuple[str, ...], status: int, said: str, repository: Path) -> None:
    hook = (repository / "dsbench/base/dsbench.pth").read_text()
    code = f"""
import os, signal, sys
sys.argv, sys.orig_argv = {list(words)!r}, ['python', *{list(words)!r}]
{hook}
try:
    os.kill(os.getpid(), signal.SIGINT)
    import time; time.sleep(5)
except KeyboardInterrupt:
    sys.exit("KeyboardInterrupt")
"""
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(repository)!r})\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status
    assert done.stderr.strip() == said.strip()


def test_the_words_of_pytests_variable_are_joined_too(repository: Path) -> None:
    hook = (repository / "dsbench/base/dsbench.pth").read_text()
    code = f"import os, sys; sys.path.append({str(repository)!r}); sys.orig_argv = sys.argv = ['pytest']; {hook}"
    code += "\nprint(os.environ['PYTEST_ADDOPTS'])"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTEST_ADDOPTS": "--model-dir x"},
    )
    assert done.stdout.strip() == "--model-dir=x"
