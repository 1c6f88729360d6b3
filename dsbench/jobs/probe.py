"""Jobs and results of the probe programs, passed as JSON files (``base/jsonable``).

A probe is a separate program, so that a malicious model, a huge tensor or a crashing parser cannot end pytest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsbench.base import spec

Window = tuple[float, float, float, float]
"""A part of a frame: x1, y1, x2, y2 as fractions of its size."""
PICTURE_WIDTH = 480
"""Of the frames that are kept to be looked at, in pixels; their shape is that of the surface."""
ZOOM_WINDOW: Window = (0.0289, 0.0275, 0.938, 0.9366)
"""The part that the zoomed view shows. It is 1.1 times larger and its shift is no multiple of a stride, so that no box
has the same position in the network's grid as before."""
View = Literal["plain", "mirror", "zoom"]
Turn = Literal[0, 90, 180, 270]
"""Degrees, clockwise."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One preprocessing, in nvinfer's keys."""

    net_scale_factor: float
    offsets: tuple[float, ...] = ()
    """In the network's channel order."""
    model_color_format: int = 0
    maintain_aspect_ratio: int = 1
    symmetric_padding: int = 0


@dataclass(frozen=True, slots=True)
class ProbeJob:
    """Run ``onnx`` on normally distributed random input, and on frames of ``video`` under each candidate. Without a
    video one synthetic picture stands for the frames.

    ``frames`` frames are taken, spread over the first ``span``; fewer once ``time_budget_s`` or ``byte_budget`` is
    used up. ``views``: run the mirrored and the zoomed frames too, and leave the input gain alone. ``turns``: every
    frame is run at each of these angles, one after the other. ``fp16``: measure the layers' largest values on the
    first frame.
    """

    onnx: str
    video: str | None
    height: int
    width: int
    channels: int = 3
    nhwc: bool = False
    candidates: tuple[Candidate, ...] = ()
    views: bool = False
    turns: tuple[Turn, ...] = (0,)
    fp16: bool = False
    frames: int = 6
    span: int = 240
    at: tuple[int, ...] = ()
    """Frame numbers to take ``frames`` of, instead of ``span``."""
    mux_width: int = spec.MUX_WIDTH
    mux_height: int = spec.MUX_HEIGHT
    scaling_filter: int = 6
    seed: int = 0
    threads: int = 2
    time_budget_s: float = 1.5
    byte_budget: int = 256 << 20


@dataclass(frozen=True, slots=True)
class OutputRange:
    """One output on one input."""

    name: str
    shape: tuple[int, ...]
    """With the batch dimension."""
    dtype: str
    low: float
    """Smallest finite value."""
    high: float
    """Largest finite value."""
    nan: int
    """Number of NaN."""
    inf: int
    """Number of infinite values."""


@dataclass(frozen=True, slots=True)
class ProbeFailure:
    """A DsbenchError of the probe."""

    code: str
    what: str
    where: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class BatchTrial:
    """One batch of different frames, compared with the same frames alone. Distances are the largest of all items and
    outputs, relative to the distance between the outputs of two frames."""

    batch: int
    failed: str = ""
    """Why the graph cannot run it."""
    node: str = ""
    """Operator and name of the node that failed."""
    single: bool = False
    """An output has one item only."""
    compared: bool = False
    """The frames' outputs differ enough to compare them."""
    from_own: float = 0.0
    from_first: float = 0.0


@dataclass(frozen=True, slots=True)
class LayerRange:
    """A layer whose largest value FP16 cannot hold."""

    candidate: int
    operator: str
    layer: str
    """The node's name, else its output's."""
    largest: float
    """Of all absolute values."""


@dataclass(frozen=True, slots=True)
class ClipSample:
    """What decoding the beginning of the video showed, however slow the network is."""

    frames: tuple[int, ...] = ()
    """Numbers of the frames that are kept as pictures."""
    decoded: int = 0
    """Frames that were decoded, from the first on."""
    different: int = 0
    """How many of them have a brightness of their own, pixel by pixel (every fourth row and column)."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of a ProbeJob.

    The outputs are in an .npz under ``c<candidate>_f<frame position>_o<output>``, one image each, without the batch
    dimension; those of other views of a frame have the view's name in front. ``f<frame position>`` are the frames
    themselves, small: (h, w, 3) uint8 RGB of `PICTURE_WIDTH`. ``s<position>`` are those of ``clip``. There are none
    without a video.
    """

    outputs: tuple[str, ...] = ()
    """Names."""
    lines: tuple[str, ...] = ()
    """6a's lines, random input first."""
    random: tuple[OutputRange, ...] = ()
    """Ranges on random input."""
    real: tuple[OutputRange, ...] = ()
    """Ranges on the first frame under the first candidate; empty without a video."""
    frames: tuple[int, ...] = ()
    """Numbers of the frames in the video."""
    input_gain: float | None = None
    """See ``embedded/probes/stem``."""
    ms_per_run: float = 0.0
    cpu_ms_per_run: float = 0.0
    """CPU time of one image, all threads together: other programs' load hardly changes it."""
    batches: tuple[BatchTrial, ...] = ()
    """Of a graph whose input has an open batch."""
    measured: tuple[int, ...] = ()
    """Candidates under which the layers were measured."""
    layer_ranges: tuple[LayerRange, ...] = ()
    clip: ClipSample = ClipSample()
    failure: ProbeFailure | None = None
    video_failure: ProbeFailure | None = None


@dataclass(frozen=True, slots=True)
class ParserJob:
    """Run ``function`` of ``library`` on outputs of a model probe."""

    library: str
    function: str
    tensors: str
    """Path of the .npz."""
    layers: tuple[str, ...]
    """Names of the output layers."""
    keys: tuple[tuple[str, ...], ...]
    """For each call the keys of its layers in the .npz."""
    width: int
    height: int
    channels: int
    num_classes: int
    pre_cluster_threshold: float


@dataclass(frozen=True, slots=True)
class ParserResult:
    """The result of a ParserJob.

    The boxes are in an .npz under ``b<call>``: (n, 6) float32 of class id, left, top, width, height, confidence, in the
    parser's order.
    """

    counts: tuple[int, ...] = ()
    """Number of boxes of each call; -1 where the parser returned false."""
    failure: ProbeFailure | None = None


def frame_key(frame: int) -> str:
    """Key of one frame's picture in a probe's .npz."""
    return f"f{frame}"


def sample_key(position: int) -> str:
    """Key of one picture of the clip's sample in a probe's .npz."""
    return f"s{position}"


def tensor_key(candidate: int, frame: int, output: int, view: View = "plain") -> str:
    """Key of one output in a probe's .npz."""
    return f"{'' if view == 'plain' else view + '_'}c{candidate}_f{frame}_o{output}"
