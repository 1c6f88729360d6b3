"""Job and result of the reference probe: the network's outputs on given frames of the video, as JSON files.

A program of its own like the probes of ``jobs/probe``.
"""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base import spec
from dsbench.jobs.probe import Candidate, ProbeFailure


@dataclass(frozen=True, slots=True)
class Feed:
    """How a frame becomes the network's input: nvinfer's keys, and what nvinfer cannot do.

    ``mux``: the frame is scaled to the streammux surface first. ``padding``: value of the pixels beside the picture.
    ``deviations``: divisors of the channels in pixels, in the place of net-scale-factor. ``half``: weights and every
    layer's result are rounded to FP16.
    """

    candidate: Candidate
    mux: bool = True
    scaling_filter: int = 6
    padding: int = 0
    deviations: tuple[float, ...] = ()
    half: bool = False


@dataclass(frozen=True, slots=True)
class ReferenceJob:
    """Run ``onnx`` in FP32 on the frames of ``video`` with the numbers ``frames`` (ascending), under each feed.

    No frame is begun after ``time_budget_s``, measured from the first frame on.
    """

    onnx: str
    video: str
    height: int
    width: int
    feeds: tuple[Feed, ...]
    frames: tuple[int, ...]
    channels: int = 3
    nhwc: bool = False
    mux_width: int = spec.MUX_WIDTH
    mux_height: int = spec.MUX_HEIGHT
    threads: int = 2
    time_budget_s: float = 6.0


@dataclass(frozen=True, slots=True)
class Placement:
    """How a frame of the streammux surface lies in the network's input.

    ``ratio_*``: network pixels per surface pixel. ``left``, ``top``: padding before the picture in network pixels.
    ``surface_*``: size of the surface in pixels.
    """

    ratio_x: float
    ratio_y: float
    left: int
    top: int
    surface_width: int
    surface_height: int


@dataclass(frozen=True, slots=True)
class ReferenceOutputs:
    """The result of a ReferenceJob. The outputs of a frame are in an .npz of its own (``frame_file``)."""

    outputs: tuple[str, ...] = ()
    """Names."""
    frames: tuple[int, ...] = ()
    """Numbers of the frames that were run."""
    placements: tuple[Placement, ...] = ()
    """One for each feed."""
    seconds: float = 0.0
    """Wall time of decoding and inference."""
    failure: ProbeFailure | None = None


def frame_file(frame: int) -> str:
    """Name of the .npz with the outputs of one frame."""
    return f"frame_{frame:06d}.npz"


def output_key(feed: int, output: int) -> str:
    """Key of one output in a frame's .npz; the array has no batch dimension."""
    return f"c{feed}_o{output}"
