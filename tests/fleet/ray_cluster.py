"""A Ray cluster of two nodes on this machine, and model directories for it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

STREET = Path(__file__).resolve().parents[2] / "models" / "street"
_RAY = (sys.executable, "-m", "ray.scripts.scripts")
_RUN_LEAVES = ("reports", "samples", "benchmarks", "parser", "training")
KILLER = """
KILLED := $(shell pid=$$$$; while [ $$pid -gt 1 ]; do \\
  grep -q '^ray::' /proc/$$pid/cmdline && kill -9 $$pid; pid=$$(awk '/^PPid/{print $$2}' /proc/$$pid/status); done)
all:
"""
"""A Makefile that kills the Ray worker above it."""


@dataclass
class TwoNodes:
    """``second`` is the raylet of the node that can be killed."""

    address: str
    second: psutil.Process
    mark: dict[str, str]

    def kill_second(self) -> None:
        """As if the machine were gone: its workers end with their raylet."""
        self.second.kill()


@contextmanager
def two_nodes(folder: Path, hidden: Path | None = None, head_cpus: int = 2) -> Iterator[TwoNodes]:
    """A head node and a second one with two CPUs and a GPU that is not there. The second one does not see ``hidden``.

    Everything that was started ends with the block.
    """
    mark = {"DSBENCH_TEST_CLUSTER": str(folder)}
    environment = {**os.environ, **mark, "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    blinds = ("bwrap", "--dev-bind", "/", "/", "--tmpfs", str(hidden)) if hidden else ()
    common = ("--include-dashboard=false", "--disable-usage-stats", "--labels")
    head = (*_RAY, "start", "--head", f"--port={port}", f"--num-cpus={head_cpus}", *common, "place=head")
    second = (*blinds, *_RAY, "start", f"--address=127.0.0.1:{port}", "--num-cpus=2", "--num-gpus=1", *common[2:])
    try:
        for command in (head, (*second, "place=second")):
            before = _raylets(mark)
            subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True, timeout=120)
        [new] = _raylets(mark) - before
        yield TwoNodes(f"127.0.0.1:{port}", new, mark)
    finally:
        for process in _marked(mark):
            _kill(process)


def _raylets(mark: dict[str, str]) -> set[psutil.Process]:
    return {process for process in _marked(mark) if process.name() == "raylet"}


def _marked(mark: dict[str, str]) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if mark.items() <= _environment(process).items()]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return


def model(folder: Path, name: str, makefile: str = "", *, labels: bool = True) -> Path:
    """A copy of the demo model. Without ``labels`` it fails in pre-flight, after seconds."""
    root = folder / name
    shutil.copytree(STREET, root, ignore=lambda path, _: _RUN_LEAVES if Path(path) == STREET else ())
    (root / "model" / "street.onnx").rename(root / "model" / f"{name}.onnx")
    if makefile:
        (root / "parser").mkdir()
        (root / "parser" / "Makefile").write_text(makefile)
    if not labels:
        (root / "config" / "labels.txt").unlink()
    return root


def options_file(folder: Path) -> Path:
    """Options of a short benchmark."""
    path = folder / "options.toml"
    path.write_text("[options]\nperf-seconds = 6\nperf-interval = 1\n")
    return path


def fleet_run(folder: Path, nodes: TwoNodes, *arguments: str) -> subprocess.Popen[str]:
    """``dsbench fleet run`` of all models below ``folder/models``, started in ``folder`` in a session of its own."""
    given = ("--runtime=embedded", f"--options-file={options_file(folder)}", f"--address={nodes.address}", *arguments)
    return subprocess.Popen(
        (sys.executable, "-m", "dsbench.cli", "fleet", "run", "models/*", *given),
        cwd=folder,
        env={**os.environ, "RAY_AUTH_MODE": "disabled"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def lines_until(run: subprocess.Popen[str], text: str) -> list[str]:
    """What the run prints until a line has ``text``."""
    assert run.stdout is not None
    seen = []
    for line in run.stdout:
        seen.append(line)
        if text in line:
            return seen
    raise AssertionError(f"ended without {text!r}: {''.join(seen)}")


def ended(run: subprocess.Popen[str], number: signal.Signals | None = None) -> str:
    """Send a signal, and return what the run prints until it ends."""
    if number is not None:
        run.send_signal(number)
    return run.communicate(timeout=900)[0]


def left_of_jobs(nodes: TwoNodes, seconds: float = 15.0) -> Sequence[str]:
    """Command lines of the cluster's processes that belong to a job and are still there after a while."""
    deadline = time.monotonic() + seconds
    while found := [words for process in _marked(nodes.mark) if _of_job(words := _words(process))]:
        if time.monotonic() > deadline:
            return found
        time.sleep(0.5)
    return []


def _of_job(words: str) -> bool:
    return "python_child" in words or "ray::dsbench" in words or "dsbench-fleet" in words


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
