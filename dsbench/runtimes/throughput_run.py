"""Measures the model alone on ONNX Runtime, as trtexec measures an engine; a child program for each batch size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsbench.base import process, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.python_child import python_command
from dsbench.base.reading import FileKind
from dsbench.formats.trtexec import log as trtexec_log

DEADLINE_S = 300.0
"""For loading the model and the first queries, which are slow for a large batch of a large model."""


@dataclass(frozen=True)
class BatchMeasurement:
    """Throughput at one batch size."""

    batch: int
    qps: float
    """Batches per second."""
    log: str
    """A log in trtexec's format, without the provenance line."""

    @property
    def images_per_second(self) -> float:
        return self.qps * self.batch


@dataclass(frozen=True)
class ThroughputJob:
    """One measurement."""

    onnx: Path
    size: tuple[int, int]
    """Height and width, used if the ONNX file leaves them dynamic."""
    batch: int
    seconds: float
    warm_up: float


def measure(job: ThroughputJob, scratch: Path) -> BatchMeasurement:
    """Run the measurement. Raises ENGINE_PREPARATION with the program's last line if it fails, dies or hangs."""
    command = (
        *python_command("dsbench.embedded.throughput", str(job.onnx)),
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
    said = reading.read_text(log, FileKind.MESSAGE, errors="replace")
    return BatchMeasurement(job.batch, trtexec_log.parse(log).throughput_qps, said)
