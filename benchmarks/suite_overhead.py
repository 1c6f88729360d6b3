"""What dsbench itself adds to a run: wall time of ``pytest --model-dir`` less the time inside the app's runs.

    python benchmarks/suite_overhead.py [--model-dir DIR] [--perf-seconds S] [--runs N]

Runs the whole pipeline on a copy of the model directory, N times in a row on the same copy, and splits each run's wall
time into: the app (visual check, KITTI dumps, benchmark runs), the network being measured alone (Steps 4-5's stand-in
in the first run, what limits throughput in each), other child programs by name (compiler, the probes that run model and
parser apart from pytest; the parser under sanitizers runs beside the app), and what is left, dsbench's own Python.
*Overhead* is the time in which neither of those measurements ran. Processor seconds of the whole run stand beside it:
on a busy machine they vary less.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
_PURPOSES = (
    ("embedded.probe", "model probe (6a)"),
    ("parser_probe", "parser probe (6d)"),
    ("parser-check/parser", "make, with sanitizers"),
    ("make -B", "make (6d)"),
    ("ASAN_OPTIONS", "parser under sanitizers"),
)
APP, ENGINE = "app runs", "network measured alone"


@dataclass(frozen=True)
class Child:
    """One child program: when it ran (seconds, any zero) and what it was for."""

    began: float
    ended: float
    purpose: str


@dataclass(frozen=True)
class Split:
    """Wall seconds of one run of the pipeline, and those of its children by purpose.

    ``overhead_s``: the time in which nothing that is measured ran; ``own_s``: in which no child program did. Some run
    beside others.
    """

    wall_s: float
    purposes: tuple[tuple[str, float], ...]
    overhead_s: float
    own_s: float


def purpose(command: list[str]) -> str:
    """What a child program is for, by its command line."""
    text = " ".join(command)
    if "dsbench.embedded.app" in text or Path(command[0]).name in ("dsbench-app", "deepstream-app", "gst-launch-1.0"):
        return APP
    if "dsbench.embedded.throughput" in text or "trtexec" in Path(command[0]).name:
        return ENGINE
    for part, name in _PURPOSES:
        if part in text:
            return name
    return Path(command[0]).name


def split(wall_s: float, children: list[Child]) -> Split:
    """Sum the children by purpose, the longest first."""
    sums: defaultdict[str, float] = defaultdict(float)
    for child in children:
        sums[child.purpose] += child.ended - child.began
    measured = [child for child in children if child.purpose in (APP, ENGINE)]
    by_purpose = tuple(sorted(sums.items(), key=lambda item: -item[1]))
    return Split(wall_s, by_purpose, wall_s - covered(measured), wall_s - covered(children))


def covered(children: list[Child]) -> float:
    """Seconds in which at least one of them ran."""
    seconds, until = 0.0, -math.inf
    for child in sorted(children, key=lambda one: one.began):
        seconds += max(0.0, child.ended - max(child.began, until))
        until = max(until, child.ended)
    return seconds


def read_children(path: Path) -> list[Child]:
    """The lines that child_times wrote."""
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [Child(began, ended, purpose(command)) for began, ended, command in rows]


def measure(model: Path, video: Path, perf_seconds: int, times: Path) -> Split:
    """Run the pipeline once in the directory of ``model``. Raises CalledProcessError when a step fails."""
    times.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-p", "child_times", f"--model-dir={model}", f"--video={video}"]
    command += ["--runtime=embedded", f"--perf-seconds={perf_seconds}", "--perf-interval=1", "-q"]
    env = {**os.environ, "CHILD_TIMES": str(times), "PYTHONPATH": str(HERE)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # the first run compiles dsbench, as after any installation
    started = time.monotonic()
    subprocess.run(command, cwd=model.parent, env=env, check=True, stdout=subprocess.DEVNULL)
    return split(time.monotonic() - started, read_children(times))


def show(number: int, result: Split, cpu_s: float) -> None:
    """Print one run's split."""
    print(f"\nrun {number}: wall {result.wall_s:.2f} s, overhead (all but what is measured) {result.overhead_s:.2f} s")
    for name, seconds in result.purposes:
        print(f"  {seconds:7.2f} s  {name}")
    print(f"  {result.own_s:7.2f} s  dsbench itself (pytest, imports, files, report)")
    print(f"  processor time of the whole run: {cpu_s:.1f} s; load {os.getloadavg()[0]:.1f}")


def main() -> int:
    """Measure; 0 if every run passed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model-dir", type=Path, default=HERE.parent / "models" / "street")
    parser.add_argument("--video", type=Path, default=HERE.parent / "models" / "street" / "street.mp4")
    parser.add_argument("--perf-seconds", type=int, default=12)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dsbench-overhead-") as folder:
        model = Path(folder) / arguments.model_dir.name
        shutil.copytree(arguments.model_dir, model, ignore=shutil.ignore_patterns("benchmarks", "reports", "samples"))
        for number in range(1, arguments.runs + 1):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            result = measure(model, arguments.video.resolve(), arguments.perf_seconds, Path(folder) / "children.jsonl")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            show(number, result, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 0


if __name__ == "__main__":
    sys.exit(main())
