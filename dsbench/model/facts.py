"""What pre-flight found: the specification's variables, its printed lines, and its notes. No checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dsbench.base.option import Value
from dsbench.formats.labels import Labels
from dsbench.formats.trtexec.setup import UNKNOWN, Setup
from dsbench.model.engine_checks import Origin
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx.graph import OnnxFacts
from dsbench.model.settings import Settings
from dsbench.model.video import VideoFacts

_FROZEN = "batch frozen at"


@dataclass(frozen=True)
class EngineFile:
    """The engine file of ``benchmarks/engines`` that is used. ``max_bs`` is the batch in its name."""

    path: Path
    max_bs: int
    others: tuple[Path, ...]
    stand_in: bool


@dataclass(frozen=True)
class Throughput:
    """The last ``Throughput:`` of the trtexec log at MAX_BS, and what follows from it.

    ``imgs_per_sec`` is qps x MAX_BS rounded to two decimals, ``peak_gpu_streams`` floor(qps x MAX_BS / target fps).
    """

    log: Path
    qps: float
    imgs_per_sec: float
    peak_gpu_streams: int
    stand_in: bool
    setup: Setup = UNKNOWN
    remarks: tuple[str, ...] = ()


class ModelFacts(Protocol):
    """What is needed to look at a model's outputs: pre-flight's facts, or those of a single ONNX file."""

    @property
    def layout(self) -> ModelLayout: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def onnx(self) -> OnnxFacts: ...
    @property
    def labels(self) -> Labels: ...
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def video(self) -> Value[VideoFacts] | None:
        """None: a synthetic picture stands for its frames."""
        ...


@dataclass(frozen=True)
class PreflightFacts:
    """Every variable that pre-flight extracts."""

    layout: ModelLayout
    settings: Settings
    onnx: OnnxFacts
    onnx_others: tuple[Path, ...]
    engine: EngineFile | None
    throughput: Throughput | None
    max_bs: int
    height: int
    """Of the network's input in pixels; ``width`` too."""
    width: int
    cuda_ver: str
    labels: Labels
    video: Value[VideoFacts]
    target_fps: Value[float]
    origin: Origin | None = None
    """Where TensorRT's engine comes from; None on the embedded runtime."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The specification's printed lines."""
        layout, onnx, engine, rate = self.layout, self.onnx, self.engine, self.throughput
        shown = layout.given_path(engine.path) if engine else "none"
        peak = (
            f"{rate.peak_gpu_streams}  (floor({rate.imgs_per_sec} img/s / {self.target_fps.value:g}))"
            if rate
            else "not known  (no trtexec log)"
        )
        return (
            f"CUDA_VER={self.cuda_ver}",
            f"Model:            {layout.name}",
            f"ONNX:             {layout.given_path(onnx.path)}  (input={onnx.input_name}, {self.height}x{self.width})",
            f"Engine:           {shown}  (MAX_BS={self.max_bs})",
            f"PEAK_GPU_STREAMS: {peak}",
            f"Labels:           {self.labels.count} classes",
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Choices that were made, what is missing without being required, and a frozen batch."""
        return tuple(_notes(self))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What costs something later without any message of DeepStream: a frozen batch, spoilt label text."""
        frozen = (text for text in self.notes if text.startswith(_FROZEN))
        return (*frozen, *(f"labels.txt: {text}" for text in self.labels.spoilt))


def _notes(facts: PreflightFacts) -> Iterator[str]:
    layout, engine, throughput = facts.layout, facts.engine, facts.throughput
    yield from facts.onnx.warnings
    yield from (text for text in facts.labels.warnings if text not in facts.labels.spoilt)
    if facts.onnx_others:
        names = ", ".join(path.name for path in facts.onnx_others)
        yield f"other ONNX files in model/, not used: {names} (choose with `onnx =` in dsbench.toml)"
    if engine is None:
        missing = "engine in benchmarks/engines/ and trtexec log"
        yield f"no {missing}: not required on the embedded runtime up to Step 6; MAX_BS={facts.max_bs} is assumed"
    elif throughput is None:
        log = layout.given_path(layout.trtexec_log(facts.max_bs))
        yield f"no trtexec log at {log}: not required on the embedded runtime up to Step 6"
    if engine and engine.others:
        yield f"other engines, not used: {', '.join(path.name for path in engine.others)}"
    if facts.origin:
        yield from facts.origin.notes
    if throughput and not throughput.stand_in:
        yield from (f"trtexec's figure: {remark}" for remark in throughput.remarks)
    if facts.onnx.batch is not None:
        yield f"{_FROZEN} {facts.onnx.batch}: re-export with a dynamic batch to carry more"
