"""How long `dsbench fleet merge` takes, and how much memory: results of N models, made from one run that was real.

    python -m benchmarks.fleet_merge 100 1000 10000 --like models/street [--keep FOLDER]

``--like``: a model directory that was run with --junitxml=.../reports/junit.xml. Its record is given other names,
times, verdicts, figures and failed steps, and has its full size; one job in fifty is INVALID. Printed for each N: the
size of the results, seconds and peak memory of the merge, and the sizes of its files.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsbench.fleet import result
from dsbench.fleet.result import JUNIT, RECORD, REPORT, JobResult, JobState
from dsbench.record import layout

_NAME = "synthetic-model-name"
_VARIANTS = 60
_ADJECTIVES = ("small", "large", "nano", "tiny", "medium", "wide", "deep", "pruned", "quantised", "street")
_NOUNS = ("yolo", "yolox", "detr", "ssd", "retinanet", "peoplenet", "trafficcam", "rtmdet", "damo", "faces")


@dataclass(frozen=True)
class Variant:
    """A record with ``_NAME`` for the model's name."""

    state: JobState
    reason: str
    record: str
    junit: str


def main(argv: Sequence[str] | None = None) -> int:
    """Make results, merge them, print a line for each number of models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", metavar="N", nargs="+", type=int)
    parser.add_argument("--like", metavar="MODEL_DIR", type=Path, required=True)
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="make everything here and keep it")
    options = parser.parse_args(argv)
    if not (options.like / RECORD).is_file():
        print(f"{options.like / RECORD} is not there: run pytest --model-dir={options.like} first")
        return 2
    for count in options.counts:
        with tempfile.TemporaryDirectory(prefix="dsbench-merge-") as own:
            folder = (options.keep or Path(own)) / str(count)
            size = make(folder / "results", options.like, count)
            print(f"{count} results, {size / 1e6:.0f} MB: {measured(folder)}", flush=True)
    return 0


def make(folder: Path, like: Path, count: int) -> int:
    """Write the results; returns the bytes of their records."""
    chance = random.Random(1)
    variants = list(_variants(like, chance))
    samples = sorted((like / "samples").glob("frame_*.jpg"))[:1]
    size = 0
    for number in range(count):
        variant = chance.choice(variants)
        name = f"{chance.choice(_ADJECTIVES)}_{chance.choice(_NOUNS)}_{number:05d}"
        target = folder / f"host-{number % 40:02d}" / f"{name}-{number}"
        (target / "reports").mkdir(parents=True)
        if variant.state is not JobState.INVALID:
            text = variant.record.replace(_NAME, name)
            size += len(text)
            (target / RECORD).write_text(text)
            (target / JUNIT).write_text(variant.junit.replace(_NAME, name))
            (target / REPORT).write_text("<!doctype html><title>a report</title>")
            for sample in samples:
                (target / "samples").mkdir()
                shutil.copy(sample, target / "samples" / sample.name)
        result.write(_result(name, number, variant), target)
    return size


def _result(name: str, number: int, variant: Variant) -> JobResult:
    started = f"2026-01-{1 + number % 28:02d}T{number % 24:02d}:00:00+00:00"
    key = hashlib.sha256(name.encode()).hexdigest()
    host = f"node-{number % 40:02d}.example"
    return JobResult(f"{name}-{number}", key, name, variant.state, variant.reason, 0, started, started, host)


def _variants(like: Path, chance: random.Random) -> Iterator[Variant]:
    text = (like / RECORD).read_text(encoding="utf-8")
    junit = (like / JUNIT).read_text(encoding="utf-8") if (like / JUNIT).is_file() else "<testsuites/>"
    junit = junit.replace(json.loads(text)["model_name"], _NAME)
    for number in range(_VARIANTS):
        data = json.loads(text)
        data["model_name"] = _NAME
        _change_figures(data, chance)
        if number % 50 == 1:
            yield Variant(
                JobState.INVALID, "pytest was killed by SIGKILL, probably by the OOM killer: check dmesg", "", ""
            )
        elif number % 6 == 0:
            step = chance.choice(data["steps"])["step"]
            _fail(data, step)
            yield Variant(JobState.FAILED, f"{step} failed", layout.text(data), junit)
        else:
            yield Variant(JobState.PASSED, "", layout.text(data), junit)


def _change_figures(data: dict[str, Any], chance: random.Random) -> None:
    streams = chance.randrange(1, 120)
    data["deepstream"]["run1"] |= {"streams": streams, "total_fps": round(streams * chance.uniform(25, 60), 2)}
    data["deepstream"]["run2"] |= {"efficiency": round(chance.uniform(60, 99), 1)}
    known = chance.random() < 0.8
    data["answers"] |= {"color": "passed" if known else "amber", "streams": streams if known else None}
    data["answers"]["streams_color"] = data["answers"]["color"]


def _fail(data: dict[str, Any], name: str) -> None:
    step = next(step for step in data["steps"] if step["step"] == name)
    failure = {"code": f"{name.replace('_', '-')}", "what": "a fault of the benchmark", "where": "", "fix": ""}
    step |= {"outcome": "failed", "failure": failure}
    data["verdict"] = "failed"
    data["answers"] |= {"color": "failed", "import_answer": f"No: {name} failed", "import_color": "failed"}


def measured(folder: Path) -> str:
    """One merge in a process of its own."""
    output = folder / "merged"
    command = [sys.executable, "-m", "dsbench.cli", "fleet", "merge", str(folder / "results"), "-o", str(output)]
    begun = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begun
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.2f} MB" for path in sorted(output.iterdir()))
    cpu = used.ru_utime + used.ru_stime
    return (
        f"status {child.returncode}, {seconds:.1f} s ({cpu:.1f} s CPU), peak {used.ru_maxrss / 1024:.0f} MiB; {sizes}"
    )


if __name__ == "__main__":
    sys.exit(main())
