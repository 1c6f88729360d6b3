"""The throughput of ONNX Runtime alone on this machine, printed as trtexec prints it.

``python -m dsbench.embedded.throughput MODEL.onnx --batch B``: replaces ``trtexec --loadEngine --shapes=...
--noDataTransfers`` on the embedded runtime. Line 1 identifies it; the other lines have trtexec's format, so that one
reader serves both. A query is one batch: ``Throughput`` is in batches per second. As in the app, every processor runs
queries of its own on one thread. ONNX Runtime's own thread pool is slower on small models, and very slow under other
load (a thread spins while the one it waits for does not run). Where memory does not suffice for that, fewer queries run
at a time, each on several threads.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsbench.base import machine_limits
from dsbench.base.cpus import usable_cpus
from dsbench.embedded import memory
from dsbench.embedded.ort import load_onnxruntime

_PIXEL_BYTES = 12
"""Three channels in float32."""


@dataclass(frozen=True)
class Measured:
    """Milliseconds of each query on any processor, and wall seconds of the whole measurement."""

    latencies_ms: tuple[float, ...]
    seconds: float

    @property
    def qps(self) -> float:
        return len(self.latencies_ms) / self.seconds


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 0 unless the model cannot be run, or does not keep a batch above 1."""
    parser = argparse.ArgumentParser(prog="dsbench.embedded.throughput")
    parser.add_argument("model", type=Path)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--size", type=int, nargs=2, metavar=("H", "W"), help="for dynamic height and width")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--warm-up", type=float, default=0.5)
    parser.add_argument("--first-line", default="")
    arguments = parser.parse_args(argv)
    pixels = arguments.batch * math.prod(arguments.size or ())
    with memory.limited(memory.first_run(arguments.model, _PIXEL_BYTES * pixels)):
        session, feed = _session(arguments.model, arguments.batch, arguments.size)
        before = memory.resident_bytes()
        lost = _lost_batch(session, feed, arguments.batch)
    if arguments.batch > 1 and lost:
        print(lost, file=sys.stderr)
        return 1
    cpus = usable_cpus()
    queries = queries_at_a_time(cpus, memory.resident_bytes() - before, machine_limits.available_mib())
    if queries < cpus:
        session, feed = _session(arguments.model, arguments.batch, arguments.size, threads=cpus // queries)
    _run_for(session, feed, arguments.warm_up, queries)
    measured = _run_for(session, feed, arguments.seconds, queries)
    if arguments.first_line:
        print(arguments.first_line)
    print("\n".join(report_lines(measured, arguments.batch)))
    return 0


def queries_at_a_time(cpus: int, bytes_of_one: int, available_mib: int | None) -> int:
    """One on each processor, but fewer where they would take more than half of the available memory."""
    if available_mib is None:
        return cpus
    return max(1, min(cpus, (available_mib << 19) // max(1, bytes_of_one)))


def _session(model: Path, batch: int, size: Sequence[int] | None, threads: int = 1) -> tuple[Any, dict[str, Any]]:
    import numpy as np

    onnxruntime = load_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    first = session.get_inputs()[0]
    spatial = iter(size or ())
    shape = [
        batch if axis == 0 else dim if isinstance(dim, int) else next(spatial, 1)
        for axis, dim in enumerate(first.shape)
    ]
    types = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
    pixels = np.random.default_rng(0).integers(0, 256, shape)  # zeros can run faster than a real picture
    return session, {first.name: pixels.astype(types.get(first.type, np.float32))}


def _lost_batch(session: Any, feed: dict[str, Any], batch: int) -> str:
    """The first output whose first dimension is not the batch, as a sentence; "" if there is none."""
    for output, value in zip(session.get_outputs(), session.run(None, feed), strict=True):
        if value.shape[:1] != (batch,):
            return f"output {output.name} has shape {list(value.shape)}: the graph does not keep the batch"
    return ""


def _run_for(session: Any, feed: dict[str, Any], seconds: float, queries: int) -> Measured:
    """Run ``queries`` at a time for ``seconds``, at least one of each."""
    started = time.perf_counter()

    def work(_: int) -> list[float]:
        latencies: list[float] = []
        now = time.perf_counter()
        while now - started < seconds or not latencies:
            session.run(None, feed)
            end = time.perf_counter()
            latencies.append((end - now) * 1000)
            now = end
        return latencies

    with ThreadPoolExecutor(queries) as pool:  # ONNX Runtime releases the GIL while it runs
        latencies = [value for each in pool.map(work, range(queries)) for value in each]
    return Measured(tuple(latencies), time.perf_counter() - started)


def report_lines(measured: Measured, batch: int) -> tuple[str, ...]:
    """trtexec's performance summary. GPU Compute Time is the CPU's time here, as line 1 says."""
    ordered = sorted(measured.latencies_ms)
    mean = sum(ordered) / len(ordered)
    spread = (
        f"min = {ordered[0]:.6g} ms, max = {ordered[-1]:.6g} ms, mean = {mean:.6g} ms, "
        f"median = {_percentile(ordered, 50):.6g} ms, percentile(90%) = {_percentile(ordered, 90):.6g} ms, "
        f"percentile(95%) = {_percentile(ordered, 95):.6g} ms, percentile(99%) = {_percentile(ordered, 99):.6g} ms"
    )
    return (
        f"Batch: {batch}",
        "=== Performance summary ===",
        f"Throughput: {measured.qps:.6g} qps",
        f"Latency: {spread}",
        f"GPU Compute Time: {spread}",
        f"Total Host Walltime: {measured.seconds:.6g} s",
    )


def _percentile(ordered: Sequence[float], percent: float) -> float:
    """Nearest-rank percentile, as trtexec takes it."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
