"""What the probe child programs are asked and answer, as frozen dataclasses with JSON codecs; imports nothing heavy.

A probe is a program of its own so that a hostile model, a huge tensor or a crashing parser cannot take pytest with it.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to feed the network, in nvinfer's terms; offsets in network channel order."""

    net_scale_factor: float
    offsets: tuple[float, ...] = ()
    model_color_format: int = 0
    maintain_aspect_ratio: int = 1
    symmetric_padding: int = 0


@dataclass(frozen=True, slots=True)
class ProbeJob:
    """Run ``onnx`` on random normal input, and on frames of ``video`` under each candidate (none without a video).

    ``frames`` frames spread over the first ``span``; fewer if ``time_budget_s`` or ``byte_budget`` would not do.
    """

    onnx: str
    video: str | None
    height: int
    width: int
    channels: int = 3
    nhwc: bool = False
    candidates: tuple[Candidate, ...] = ()
    frames: int = 6
    span: int = 240
    mux_width: int = 1280
    mux_height: int = 720
    scaling_filter: int = 6
    seed: int = 0
    threads: int = 2
    time_budget_s: float = 25.0
    byte_budget: int = 256 << 20
    memory_limit: int = 16 << 30


@dataclass(frozen=True, slots=True)
class OutputRange:
    """One output on one input: shape with the batch dimension, extremes of the finite values, number of others."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    low: float
    high: float
    nan: int
    inf: int


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of the child: code and texts of a DsbenchError."""

    code: str
    what: str
    where: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What came of a ProbeJob. ``frames``: indices of the frames used; ``lines``: 6a's lines, random input first.

    ``real`` holds the ranges on the first frame under the first candidate (empty without a video). Tensors are in
    the .npz: ``c<candidate>_f<frame position>_o<output>``, one image each, without the batch dimension.
    """

    outputs: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    random: tuple[OutputRange, ...] = ()
    real: tuple[OutputRange, ...] = ()
    frames: tuple[int, ...] = ()
    ms_per_run: float = 0.0
    failure: Failure | None = None
    video_failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class ParserJob:
    """Run ``function`` of ``library`` on tensors of a probe's .npz: one call for each of ``keys`` (layers' keys)."""

    library: str
    function: str
    tensors: str
    layers: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    width: int
    height: int
    channels: int
    num_classes: int
    pre_cluster_threshold: float
    memory_limit: int = 16 << 30


@dataclass(frozen=True, slots=True)
class ParserResult:
    """Per call: how many boxes, -1 where the parser returned false. Boxes are in the .npz: ``b<call>`` (n, 6) float32
    of class id, left, top, width, height, confidence in the parser's order."""

    counts: tuple[int, ...] = ()
    failure: Failure | None = None


def tensor_key(candidate: int, frame: int, output: int) -> str:
    """Key of one output in a probe's .npz."""
    return f"c{candidate}_f{frame}_o{output}"


def dump(value: Any, path: Path) -> None:
    """Write a dataclass of this module as JSON."""
    path.write_text(json.dumps(asdict(value)), encoding="utf-8")


def load(kind: type[T], path: Path) -> T:
    """Read a dataclass of this module; raises ValueError or OSError if the file is not one."""
    value = _decode(kind, json.loads(path.read_text(encoding="utf-8")))
    assert isinstance(value, kind)
    return value


def _decode(kind: Any, value: Any) -> Any:
    """JSON to typed value: dataclasses, tuples, optionals, plain values."""
    if value is None:
        return None
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _decode(next(arm for arm in typing.get_args(kind) if arm is not type(None)), value)
    if origin is tuple:
        return tuple(_decode(typing.get_args(kind)[0], item) for item in value)
    if is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, Mapping):
            raise ValueError(f"expected an object for {kind.__name__}")
        hints = typing.get_type_hints(kind)
        return kind(**{f.name: _decode(hints[f.name], value[f.name]) for f in fields(kind) if f.name in value})
    return kind(value)
