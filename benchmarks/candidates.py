"""Who runs in how many processes, and how one measurement of all of them at once is taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.boxes import Table, of_lists
from benchmarks.workload import REPOSITORY
from dsbench.embedded.app.workers import with_large_pages

BOUND = "bound"
_MIN_LEFT = 0.1  # processors: with less left to a candidate nothing can be said
PEERS = {
    "opencv-loop": "OpenCV + ONNX Runtime, one loop, defaults",
    "opencv-ort": "OpenCV + ONNX Runtime, a process per core",
    "supervision-ort": "supervision + ONNX Runtime, a process per core",
    "opencv-dnn": "OpenCV + OpenCV DNN, a process per core",
    "gstreamer-ort": "GStreamer + ONNX Runtime, a process per core",
}


@dataclass(frozen=True)
class Sample:
    """One measurement: frames a second of all streams together, processor milliseconds a frame.

    ``others``: processors that other programs used in that time. ``alone``: the rate on the processors that they left,
    brought up to all of them: what a machine of one's own would have shown.
    """

    fps: float
    cpu_ms: float
    others: float = 0.0
    cpus: int = 1

    @property
    def alone(self) -> float:
        return self.fps * self.cpus / max(self.cpus - self.others, _MIN_LEFT)


def busy_seconds() -> float:
    """Processor seconds that the machine has worked so far, for whomever."""
    times = psutil.cpu_times()
    steal = getattr(times, "steal", 0.0)
    return float(times.user + times.nice + times.system + times.irq + times.softirq + steal)


@dataclass(frozen=True)
class Division:
    """``shares``: streams of each process; ``threads`` for inference in each (0: the library's default)."""

    shares: tuple[int, ...]
    threads: int


def division(name: str, streams: int, cpus: int) -> Division:
    """A process per core where there are streams enough; fewer streams give each process more threads."""
    if name == BOUND:
        return Division((1,) * cpus, 1)
    if name == "opencv-loop":
        return Division((streams,), 0)
    count = min(streams, cpus)
    shares = tuple(streams // count + (index < streams % count) for index in range(count))
    return Division(shares, max(1, cpus // count))


class Candidate:
    """The running processes of one candidate, idle between measurements."""

    def __init__(self, name: str, workload: Path, streams: int, cpus: int) -> None:
        self.name = name
        self._cpus = cpus
        parts = division(name, streams, cpus)
        shared = {"BENCH_SHARED": "1"} if len(parts.shares) > 1 else {}
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", **shared}
        if name == BOUND:
            environment = with_large_pages(environment)  # as dsbench-app's workers
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", *_arguments(name, workload, share, parts.threads)],
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for share in parts.shares
        ]
        try:
            self._answers()
            self.run(0.5)
        except RuntimeError:
            self.close()
            raise

    def run(self, seconds: float) -> Sample:
        """All processes at once for ``seconds``. Raises RuntimeError when one has ended."""
        busy, begun = busy_seconds(), time.perf_counter()
        answers = self._ask(f"run {seconds}")
        busy, lasted = busy_seconds() - busy, time.perf_counter() - begun
        frames = sum(answer["frames"] for answer in answers)
        fps = sum(answer["frames"] / answer["seconds"] for answer in answers)
        own = sum(answer["cpu"] for answer in answers)
        return Sample(fps, 1000 * own / frames, max(0.0, busy - own) / lasted, self._cpus)

    def boxes(self, count: int) -> list[Table]:
        """Of the clip's first frames. Only for a candidate that was started with one stream."""
        return of_lists(self._ask(f"boxes {count}")[0]["boxes"])

    def close(self) -> None:
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _ask(self, command: str) -> list[dict[str, Any]]:
        for process in self._processes:
            assert process.stdin is not None
            try:
                process.stdin.write(command + "\n")
                process.stdin.flush()
            except BrokenPipeError:
                raise RuntimeError(f"{self.name} has ended") from None
        return self._answers()

    def _answers(self) -> list[dict[str, Any]]:
        lines = [process.stdout.readline() for process in self._processes if process.stdout is not None]
        if not all(lines):
            raise RuntimeError(f"{self.name} has ended")
        return [json.loads(line) for line in lines]


def _arguments(name: str, workload: Path, share: int, threads: int) -> Sequence[str]:
    if name == BOUND:
        return "benchmarks.bound", str(workload)
    recipe = "opencv-ort" if name == "opencv-loop" else name
    return "benchmarks.peers", recipe, str(workload), str(share), str(threads)
