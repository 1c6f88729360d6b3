"""``python -m pytest`` as a process of its own that need not import anything: 1.6 s of CPU less per run.

The process is forked from a server (multiprocessing's forkserver) that has imported pytest, its plugins and dsbench
once. Everything else is the run's own: working directory, environment, output, exit status. Children that it starts
are started cold. The command from a cold start is tested in tests/test_wheel.py.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def _nothing() -> None:
    """What is done before a run unless it is given."""


def run_pytest(
    cwd: Path, *arguments: str, timeout_s: float = 300, before: Callable[[], None] = _nothing, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m pytest ARGUMENTS`` in ``cwd``; the result is as subprocess.run's, with captured text.

    ``before`` is called in the process first. ``more``: variables added to this process's environment, which is passed
    on without pytest's and DS_VIDEO.
    """
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "DS_VIDEO"))}
    command = ("pytest", *arguments)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.warm_imports"])
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder, name) for name in ("stdout", "stderr")]
        child = context.Process(target=_run, args=(cwd, command, {**variables, **more}, outputs, before))
        child.start()
        child.join(timeout_s)
        if child.exitcode is None:
            child.kill()
            child.join()
            raise subprocess.TimeoutExpired(command, timeout_s)
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in outputs]
    return subprocess.CompletedProcess(command, child.exitcode, *texts)


def _run(
    cwd: Path,
    command: Sequence[str],
    variables: Mapping[str, str],
    outputs: Sequence[Path],
    before: Callable[[], None],
) -> None:
    from tests import warm_imports

    for descriptor, path in enumerate(outputs, 1):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(cwd)
    before()
    os.environ.clear()
    os.environ.update(variables)
    python_path = [part for part in variables.get("PYTHONPATH", "").split(os.pathsep) if part]
    sys.path[:] = [str(cwd), *python_path, *warm_imports.PATH]
    sys.argv[:] = command
    import pytest

    status = pytest.main()
    sys.stdout.flush()
    sys.exit(int(status))
