"""What the probe child programs are asked and answer; a job and its result travel as JSON files (``base/jsonable``).

A probe is a program of its own so that a hostile model, a huge tensor or a crashing parser cannot take pytest with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsbench.base import spec

Window = tuple[float, float, float, float]
"""A part of a frame: x1, y1, x2, y2 as fractions of its size."""
ZOOM_WINDOW: Window = (0.0289, 0.0275, 0.938, 0.9366)
"""What the zoomed view shows: 1.1 times larger and moved by no multiple of a stride, so that no box falls into the same
place of the network's grid."""
View = Literal["plain", "mirror", "zoom"]


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
    ``viewed``: candidates that are also run on the mirrored and the zoomed frames, if the graph has no input gain.
    """

    onnx: str
    video: str | None
    height: int
    width: int
    channels: int = 3
    nhwc: bool = False
    candidates: tuple[Candidate, ...] = ()
    viewed: tuple[int, ...] = ()
    frames: int = 6
    span: int = 240
    mux_width: int = spec.MUX_WIDTH
    mux_height: int = spec.MUX_HEIGHT
    scaling_filter: int = 6
    seed: int = 0
    threads: int = 2
    time_budget_s: float = 3.0
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
class ProbeFailure:
    """An error of the child: code and texts of a DsbenchError."""

    code: str
    what: str
    where: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What came of a ProbeJob. ``frames``: indices of the frames used; ``lines``: 6a's lines, random input first.

    ``real`` holds the ranges on the first frame under the first candidate (empty without a video). Tensors are in
    the .npz: ``c<candidate>_f<frame position>_o<output>``, one image each, without the batch dimension; those of other
    views of a frame have the view's name in front. ``viewed``: candidates that have them. ``input_gain``: see
    embedded/probes/stem.
    """

    outputs: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    random: tuple[OutputRange, ...] = ()
    real: tuple[OutputRange, ...] = ()
    frames: tuple[int, ...] = ()
    viewed: tuple[int, ...] = ()
    input_gain: float | None = None
    ms_per_run: float = 0.0
    failure: ProbeFailure | None = None
    video_failure: ProbeFailure | None = None


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
    failure: ProbeFailure | None = None


def tensor_key(candidate: int, frame: int, output: int, view: View = "plain") -> str:
    """Key of one output in a probe's .npz."""
    return f"{'' if view == 'plain' else view + '_'}c{candidate}_f{frame}_o{output}"
