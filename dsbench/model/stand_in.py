"""The embedded runtime's stand-in for a TensorRT engine: its name, its first line, and whether it is still valid.

ONNX Runtime needs no engine file. Steps 6-7 need MAX_BS, which the stand-in has in its name, and the figures of the
trtexec logs. Line 1 of each file states the model, ONNX Runtime and processor; a file whose line 1 differs from the
current ones is made again.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import reading
from dsbench.model.facts import EngineFile, Throughput
from dsbench.model.layout import ModelLayout

STAND_IN_MARK = b"# dsbench stand-in"
"""Line 1 of every stand-in begins with this."""
FIRST_BATCH = 1
LARGEST_BATCH = 1024
"""nvinfer's own limit for batch-size."""
_LONGEST_LINE = 4096
_METHOD = "one query of one thread on each"
"""How the figures were measured. Figures that were measured in another way are measured again."""


def is_stand_in(path: Path) -> bool:
    """Whether the embedded runtime made this engine or log in TensorRT's place: line 1 says so."""
    try:
        with reading.open_regular(path) as file:
            return file.read(len(STAND_IN_MARK)) == STAND_IN_MARK
    except OSError:
        return False


@dataclass(frozen=True)
class StandInProvenance:
    """What a stand-in was measured with: everything that its figures depend on. ``size`` is height, width."""

    runtime: str
    onnx_sha256: str
    size: tuple[int, int]
    onnxruntime: str
    cpu: str

    @property
    def line(self) -> str:
        """Line 1 of the engine and of its logs."""
        text = (
            f"{STAND_IN_MARK.decode()}: runtime {self.runtime}, not TensorRT; ONNX sha256 {self.onnx_sha256}; "
            f"input {self.size[0]}x{self.size[1]}; ONNX Runtime {self.onnxruntime}; CPU {self.cpu}; {_METHOD}"
        )
        return re.sub(r"[\x00-\x1f\x7f]", " ", text)


_SECONDS = re.compile(r"^PREPARATION_SECONDS=(\d{1,6}\.\d\d)$", re.MULTILINE)


def engine_text(provenance: StandInProvenance, max_bs: int, seconds: float) -> str:
    """The whole stand-in. ``seconds``: how long engine preparation took."""
    return (
        f"{provenance.line}\n"
        f"MAX_BS={max_bs}\n"
        f"PREPARATION_SECONDS={seconds:.2f}\n"
        "This is no TensorRT engine. dsbench's embedded runtime runs the ONNX file itself; this file carries MAX_BS\n"
        "in its name, as the engine would. DeepStream needs a real one: run Steps 4-5 there.\n"
    )


def preparation_seconds(engine: Path) -> float | None:
    """How long the preparation took that wrote this stand-in; None if it does not say so."""
    try:
        with reading.open_regular(engine) as file:
            found = _SECONDS.search(file.read(_LONGEST_LINE).decode("utf-8", "replace"))
    except OSError:
        return None
    return float(found[1]) if found else None


def first_line(path: Path) -> str:
    """Line 1 of a file, "" if it cannot be read."""
    try:
        with reading.open_regular(path) as file:
            return file.readline(_LONGEST_LINE).decode("utf-8", "replace").rstrip("\r\n")
    except OSError:
        return ""


def still_holds(
    layout: ModelLayout,
    engine: EngineFile | None,
    throughput: Throughput | None,
    provenance: StandInProvenance,
    frozen_batch: int | None,
) -> bool:
    """Whether engine and logs are there, made from this model on this machine, and large enough for their own PEAK."""
    if engine is None or throughput is None or not throughput.stand_in:
        return False
    files = [*required_logs(layout, engine.max_bs, frozen_batch), *([engine.path] if engine.stand_in else [])]
    if any(first_line(file) != provenance.line for file in files):  # one that is missing has no line
        return False
    if not engine.stand_in:
        return True  # MAX_BS is what TensorRT's engine says
    if frozen_batch is not None:
        return engine.max_bs == frozen_batch
    return not is_too_small(engine.max_bs, throughput.peak_gpu_streams)


def is_too_small(max_bs: int, peak_gpu_streams: int) -> bool:
    """Steps 4-5: MAX_BS doubles strictly while PEAK_GPU_STREAMS > MAX_BS."""
    return peak_gpu_streams > max_bs and max_bs * 2 <= LARGEST_BATCH


def required_logs(layout: ModelLayout, max_bs: int, frozen_batch: int | None) -> tuple[Path, ...]:
    """The logs of the required batches."""
    return tuple(layout.trtexec_log(batch) for batch in required_batches(max_bs, frozen_batch))


def required_batches(max_bs: int, frozen_batch: int | None) -> tuple[int, ...]:
    """What Steps 4-5 measure: 1 and MAX_BS; a graph with a frozen batch can only be run at that."""
    return tuple(sorted({max_bs} if frozen_batch is not None else {FIRST_BATCH, max_bs}))


def stale_stand_ins(layout: ModelLayout, kept: frozenset[Path]) -> tuple[Path, ...]:
    """Stand-in engines and trtexec logs not in ``kept``. TensorRT's own files are never included."""
    try:
        engines = [path for path in layout.engines.iterdir() if path.name.endswith(".engine")]
    except OSError:
        engines = []
    return tuple(path for path in (*sorted(engines), *trtexec_logs(layout)) if path not in kept and is_stand_in(path))


def trtexec_logs(layout: ModelLayout) -> tuple[Path, ...]:
    """Every ``benchmarks/b<N>/trtexec_b<N>.log``, by N; an empty file counts, since somebody wrote it."""
    try:
        names = os.listdir(layout.benchmarks)
    except OSError:
        return ()
    batches = sorted(int(name[1:]) for name in names if re.fullmatch(r"b[1-9][0-9]*", name))
    return tuple(log for log in map(layout.trtexec_log, batches) if log.is_file())


def tensorrt_logs(layout: ModelLayout) -> tuple[Path, ...]:
    """The trtexec logs that the embedded runtime did not make."""
    return tuple(log for log in trtexec_logs(layout) if not is_stand_in(log))
