"""Measures the model alone on ONNX Runtime, as trtexec measures an engine: one child program a batch size."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import process
from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.trtexec import log as trtexec_log

DEADLINE_S = 300.0
"""For loading the model and the first queries; a large batch of a large model takes its time."""


@dataclass(frozen=True)
class BatchMeasurement:
    """A batch's throughput in batches a second, and the log that says so in trtexec's words (without line 1)."""

    batch: int
    qps: float
    log: str

    @property
    def images_per_second(self) -> float:
        return self.qps * self.batch


@dataclass(frozen=True)
class ThroughputJob:
    """One measurement. ``size`` is height, width; it counts where the ONNX leaves them dynamic."""

    onnx: Path
    size: tuple[int, int]
    batch: int
    seconds: float
    warm_up: float


def measure(job: ThroughputJob, scratch: Path) -> BatchMeasurement:
    """Run the measurement. Raises ENGINE_PREPARATION with the last line of a program that failed, died or hangs."""
    command = (
        *(sys.executable, "-m", "dsbench.embedded.throughput", str(job.onnx)),
        *("--batch", str(job.batch), "--size", *map(str, job.size)),
        *("--seconds", str(job.seconds), "--warm-up", str(job.warm_up)),
    )
    log = scratch / f"throughput_b{job.batch}.log"
    finished = process.run(command, log, deadline_s=DEADLINE_S + job.seconds + job.warm_up)
    if finished.returncode != 0 or finished.timed_out:
        said = "; ".join(finished.tail(1))
        how = "did not end" if finished.timed_out else f"ended with {finished.signal_name or finished.returncode}"
        raise DsbenchError(
            Code.ENGINE_PREPARATION,
            f"measuring {job.onnx.name} at batch {job.batch} on ONNX Runtime {how}" + (f" ({said})" if said else ""),
            where=str(job.onnx),
            fix="read the error of step 6a; for a batch above 1 export the model with a dynamic batch",
        )
    return BatchMeasurement(job.batch, trtexec_log.parse(log).throughput_qps, log.read_text("utf-8", "replace"))
