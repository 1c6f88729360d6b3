"""A candidate's process: loads, reports ready, then executes commands from stdin. One JSON line on stdout for each.

run SECONDS    frames until the time is over: {"frames", "seconds", "cpu"}, cpu in seconds with children
boxes COUNT    boxes of the clip's first COUNT frames, [class, score, left, top, right, bottom] each
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Protocol

from benchmarks import boxes
from benchmarks.boxes import Table


class Loop(Protocol):
    """One process's share of the streams, in turns."""

    def step(self) -> Table | None:
        """One frame of the next stream from the decoder to its boxes (None where it makes none)."""

    def restart(self) -> None:
        """The next ``step`` is the first stream's first frame."""

    def close(self) -> None:
        """Ends what was started."""


def serve(loop: Loop) -> int:
    """Until stdin ends."""
    out = os.fdopen(os.dup(1), "w")  # libraries may print to stdout
    os.dup2(2, 1)
    loop.step()
    print(json.dumps({"ready": True}), file=out, flush=True)
    for line in sys.stdin:
        word, value = line.split()
        answer = _run(loop, float(value)) if word == "run" else _boxes(loop, int(value))
        print(json.dumps(answer), file=out, flush=True)
    loop.close()
    return 0


def _run(loop: Loop, seconds: float) -> dict[str, float]:
    cpu, started = cpu_seconds(), time.perf_counter()
    frames, now = 0, started
    while now - started < seconds:
        loop.step()
        frames += 1
        now = time.perf_counter()
    return {"frames": frames, "seconds": now - started, "cpu": cpu_seconds() - cpu}


def _boxes(loop: Loop, count: int) -> dict[str, object]:
    loop.restart()
    found = [loop.step() for _ in range(count)]
    return {"boxes": boxes.to_lists([each for each in found if each is not None])}


def cpu_seconds() -> float:
    """Of this process and its children, ended or not."""
    import psutil

    own = psutil.Process()
    total = sum(os.times()[:4])
    for child in own.children(recursive=True):
        try:
            used = child.cpu_times()
        except psutil.Error:
            continue
        total += used.user + used.system
    return total
