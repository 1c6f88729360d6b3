"""dsbench-app as a candidate: its own ``**PERF:`` rows, its processes' time and memory, its boxes from KITTI files."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmarks import consoles
from benchmarks.boxes import Table
from benchmarks.candidates import Sample, busy_seconds
from benchmarks.workload import REPOSITORY, Workload
from dsbench.base.cpus import usable_cpus
from dsbench.embedded.bench import fast

_DISCARDED_ROWS = 1  # the first row with all streams running has the rest of the start in it

FAST_ENGINE = {fast.VARIABLE: "fast"}
_APP = """[application]
enable-perf-measurement={perf}
perf-measurement-interval-sec=1
{kitti}
[source0]
enable=1
type=3
uri=file://{clip}
num-sources={streams}
[sink0]
enable=1
type=1
sync=0
[streammux]
batch-size={streams}
width={width}
height={height}
[primary-gie]
enable=1
batch-size={streams}
config-file={config}
[tests]
file-loop={loop}
"""


@dataclass(frozen=True)
class Row:
    """At a PERF row: frames of each stream in the second before; processor seconds so far of the whole machine
    (``busy``) and of the app's processes (``cpu``), and their resident memory in MiB (``rss``).
    """

    at: float
    fps: tuple[float, ...]
    busy: float
    cpu: float
    rss: float


def measure(work: Workload, streams: int, rows: int, environment: dict[str, str] | None = None) -> Sample:
    """``rows`` seconds of a run behind its start. Raises RuntimeError when the app ends by itself."""
    seen = list(run(work, streams, rows + _DISCARDED_ROWS, environment))
    first, kept = seen[_DISCARDED_ROWS - 1], seen[_DISCARDED_ROWS:]
    frames = sum(sum(row.fps) for row in kept)
    seconds, own = kept[-1].at - first.at, kept[-1].cpu - first.cpu
    others = max(0.0, kept[-1].busy - first.busy - own) / seconds
    return Sample(frames / seconds, 1000 * own / max(1.0, frames), others, usable_cpus())


def run(work: Workload, streams: int, rows: int, environment: dict[str, str] | None = None) -> Iterator[Row]:
    """The run's first ``rows`` rows in which every stream has frames, as they are printed."""
    with tempfile.TemporaryDirectory(prefix="dsbench-bench-") as folder:
        config = _write(Path(folder), work, streams, perf=True)
        with _started(config, environment) as process:
            assert process.stdout is not None
            count = 0
            for line in process.stdout:
                for row in consoles.rows([line]):
                    if not all(row.fps):
                        continue
                    yield Row(time.perf_counter(), tuple(row.fps), busy_seconds(), *_used(process.pid))
                    count += 1
                if count >= rows:
                    return
    raise RuntimeError("dsbench-app ended by itself")


def engine_line(work: Workload) -> str:
    """What the app says about its optional engine, or "" where it says nothing."""
    with tempfile.TemporaryDirectory(prefix="dsbench-bench-") as folder:
        config = _write(Path(folder), work, 1, perf=True)
        with _started(config, FAST_ENGINE, stderr=subprocess.STDOUT) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if "OpenVINO" in line:
                    return line.strip().removeprefix("dsbench-app: ")
                if "Pipeline ready" in line:
                    break
    return ""


def boxes(work: Workload, count: int) -> list[Table]:
    """Of the clip's first frames, as the app writes them to KITTI files."""
    with tempfile.TemporaryDirectory(prefix="dsbench-bench-") as name:
        folder = Path(name)
        kitti = folder / "kitti"
        kitti.mkdir()
        config = _write(folder, work, 1, perf=False, kitti=kitti)
        with _started(config) as process:
            while process.poll() is None and not (kitti / f"00_000_{count:06d}.txt").exists():
                time.sleep(0.05)
        return [_read(kitti / f"00_000_{number:06d}.txt") for number in range(count)]


def _read(path: Path) -> Table:
    found = []
    for line in path.read_text().splitlines():
        words = line.split()
        found.append([float(words[0].removeprefix("class")), float(words[15]), *map(float, words[4:8])])
    return np.array(found, np.float32).reshape(-1, 6)


def _write(folder: Path, work: Workload, streams: int, *, perf: bool, kitti: Path | None = None) -> Path:
    path = folder / "app.txt"
    path.write_text(
        _APP.format(
            perf=int(perf),
            kitti=f"gie-kitti-output-dir={kitti}" if kitti else "",
            clip=work.clip,
            streams=streams,
            height=work.frame[0],
            width=work.frame[1],
            config=work.config,
            loop=int(perf),
        )
    )
    return path


@contextlib.contextmanager
def _started(
    config: Path, environment: dict[str, str] | None = None, stderr: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dsbench.embedded.app", "-c", str(config)],
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        if process.stdout is not None:
            process.stdout.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _used(pid: int) -> tuple[float, float]:
    """Processor seconds and resident MiB of a process and its children."""
    cpu = rss = 0.0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                cpu += times.user + times.system
                rss += process.memory_info().rss / 2**20
    return cpu, rss
