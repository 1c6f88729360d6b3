"""The messages between the app and its worker processes: frozen dataclasses, pickled over a socket pair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsbench.embedded.bench.thread_config import Rate, ThreadConfig
    from dsbench.embedded.messages import BusMessage
    from dsbench.formats.nvinfer import Color, NvinferConfig


@dataclass(frozen=True, slots=True)
class MuxSize:
    """Surface size of the legacy nvstreammux. Every frame is scaled to it."""

    width: int
    height: int
    enable_padding: bool = False


@dataclass(frozen=True, slots=True)
class DetectorSetup:
    """The job of nvinfer. ``mux`` is None with the new muxer, which does not scale.

    ``whole_batches``: call the network with whole muxed batches, as nvinfer does. Otherwise each frame is one call,
    which is faster on a CPU. ``threads``: processors of one call. ``keep_tensor``: keep each frame's network input.
    ``keep_surface``: keep each scaled frame.
    """

    config: NvinferConfig
    mux: MuxSize | None
    whole_batches: bool = True
    threads: int = 1
    keep_tensor: bool = False
    keep_surface: bool = False


@dataclass(frozen=True, slots=True)
class PadJob:
    """One muxer pad: its number in the instance, its counter's number in the shared state, its URI.

    ``drop_frame_interval`` and ``intra_decode`` select the frames that its decoder delivers.
    """

    pad: int
    counter: int
    uri: str
    drop_frame_interval: int = 0
    intra_decode: bool = False


@dataclass(frozen=True, slots=True)
class VideoJob:
    """``[osd]`` and the encoding ``[sinkN]``: draw stream ``pad`` and write it to ``path``.

    ``colors``: border colours by class id, -1 for all others; None leaves them to the nvinfer config.
    """

    path: Path
    pad: int
    bitrate: int
    draw_boxes: bool
    draw_text: bool
    border_width: int
    text_size: int
    colors: tuple[tuple[int, Color], ...] | None = None


@dataclass(frozen=True, slots=True)
class WorkerJob:
    """One worker's part of one application instance.

    ``lanes``: concurrent threads. ``batch_size``: frames per muxed batch. ``quiet``: another worker reports about the
    configuration. ``real_time``: a sink has sync=1. ``counted_only``: frames are counted and their results not used.
    """

    instance: int
    pads: tuple[PadJob, ...]
    file_loop: bool
    lanes: int
    batch_size: int
    detector: DetectorSetup | None
    kitti_dir: Path | None
    tensor_dir: Path | None
    video: VideoJob | None
    real_time: bool
    counted_only: bool
    state_descriptor: int
    state_pads: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """The network is loaded and every file exists: the pipeline is ready. The worker waits for Go.

    ``rates``: measured speed of each thread configuration; empty if there is nothing to choose.
    """

    rates: tuple[Rate, ...] = ()


@dataclass(frozen=True, slots=True)
class Go:
    """From the app: every worker is ready, start. ``thread_config``: chosen by the rates of all workers; None is the
    default."""

    thread_config: ThreadConfig | None = None


@dataclass(frozen=True, slots=True)
class Playing:
    """Every source delivers frames."""


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The pipeline cannot start; the app prints ``bus`` after its own message."""

    bus: tuple[BusMessage, ...]


@dataclass(frozen=True, slots=True)
class RunFailed:
    """The running pipeline failed."""

    bus: tuple[BusMessage, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class RunFinished:
    """Every source ended, or the app requested a stop. All files are written. ``note``: why this is a failure."""

    note: str = ""


Report = Loaded | Playing | StartFailed | RunFailed | RunFinished
