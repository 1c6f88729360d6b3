"""Two benchmarks under CUDA_VISIBLE_DEVICES: of different cards at once, of one card one after the other."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from dsbench.runtimes import perf_run
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.perf_run import PerfPlan, PerfRun
from dsbench.steps.app_run import AppRuns, Telemetry
from tests.machine.fake_nvml import FakeNvml
from tests.steps.bench import Bench


@dataclass(frozen=True)
class Ran:
    """``started`` and ``ended``: of the app, on the machine's clock; ``device``: what the telemetry names."""

    started: float
    ended: float
    device: str


def benchmark(folder: Path, clip: Path, visible: str, meet: Barrier, together: bool, results: Queue[Ran]) -> None:
    """One process: run 1 of a model. ``together``: the app starts when that of the other process may start too."""
    os.environ |= {
        "CUDA_VISIBLE_DEVICES": visible,
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "XDG_RUNTIME_DIR": str(clip.parent),
    }
    sys.modules["pynvml"] = FakeNvml(names=("A", "A"))  # type: ignore[assignment]
    real, times = perf_run.run_app, []

    def run_app(runtime: Runtime, plan: PerfPlan) -> PerfRun:
        if together:
            meet.wait(60)
        times.append(time.monotonic())
        perf = real(runtime, plan)
        times.append(time.monotonic())
        return perf

    perf_run.run_app = run_app
    bench = Bench(folder, clip)
    bench.write_throughput(25.5, first_line="")
    model = bench.model((0, (30.0,) * 60), runtime_name="deepstream")
    if not together:
        meet.wait(60)
    bench.run1(model)
    assert len(model.get(AppRuns).runs) == 1
    results.put(Ran(*times, model.get(Telemetry).runs[0].series.devices[0]))


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [("0", "1", True), ("1", "GPU-1a2b", False)],
    ids=["two cards", "one card by two names"],
)
def test_only_one_card_is_waited_for(tmp_path: Path, bench_clip: Path, first: str, second: str, together: bool) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.warm_imports"])
    meet, results = context.Barrier(2), context.Queue()
    children = []
    for number, visible in enumerate((first, second)):
        folder = tmp_path / str(number)
        folder.mkdir()
        arguments = (folder, bench_clip, visible, meet, together, results)
        children.append(context.Process(target=benchmark, args=arguments))
        children[-1].start()
    earlier, later = sorted((results.get(timeout=120) for _ in children), key=lambda ran: ran.started)
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert (later.started < earlier.ended) == together
    assert (earlier.device != later.device) == together
