"""A deepstream-app configuration, group by group, with DeepStream's defaults; ``config`` reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dsbench.formats.keyfile import KeyFile
from dsbench.formats.nvinfer.groups import Color


@dataclass(frozen=True, slots=True)
class Application:
    """``[application]``; an interval of 0 (key missing) makes DeepStream report without pause."""

    enable_perf_measurement: int = 0
    perf_measurement_interval_sec: int = 0
    gie_kitti_output_dir: Path | None = None
    global_gpu_id: int = -1


@dataclass(frozen=True, slots=True)
class Source:
    """One source bin. ``index`` is its pad (order of appearance, copies of ``num-sources`` last); ``group`` names where
    it came from.

    ``type`` is 2 after expansion of a multi-URI source; ``uri`` None: DeepStream crashes on it, a runtime should say
    so.
    """

    index: int
    group: str = ""
    type: int = 0
    uri: str | None = None
    enable: int = 1
    num_sources: int = 0
    camera_id: int = 0
    source_id: int = 0
    gpu_id: int = 0
    drop_frame_interval: int = 0
    intra_decode_enable: int = 0


@dataclass(frozen=True, slots=True)
class Sink:
    """One enabled sink. ``type`` 1 fakesink, 2 window, 3 file, 4 RTSP; ``output_file`` as written (relative to the
    working directory).

    ``container`` 1 mp4, 2 mkv; ``codec`` 1 h264, 2 h265, 3 mpeg4; ``enc_type`` 0 hardware, 1 software; ``bitrate`` in
    bit/s, 0 default.
    """

    index: int
    group: str = ""
    enable: int = 1
    type: int = 0
    sync: int = 0
    source_id: int = 0
    link_to_demux: int = 0
    width: int = 0
    height: int = 0
    qos: bool = False
    gpu_id: int = 0
    container: int = 1
    codec: int = 1
    enc_type: int = 0
    bitrate: int = 0
    profile: int = 0
    iframeinterval: int = 0
    output_file: str = ""


@dataclass(frozen=True, slots=True)
class Osd:
    """``[osd]``; colours are r, g, b, a from 0 to 1, sizes pixels."""

    enable: int = 0
    process_mode: int = 1
    border_width: int = 0
    text_size: int = 0
    text_color: Color = (0.0, 0.0, 0.0, 0.0)
    text_bg_color: Color = (0.0, 0.0, 0.0, 0.0)
    font: str = ""
    display_text: bool = True
    display_bbox: bool = True
    show_clock: int = 0


@dataclass(frozen=True, slots=True)
class TiledDisplay:
    """``[tiled-display]``: 0 off, 1 on, 2 on with parallel demux."""

    enable: int = 0
    rows: int = 0
    columns: int = 0
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class StreamMux:
    """``[streammux]``: pixels of the batched surface; the timeout is in microseconds, -1 waits for a full batch."""

    width: int = 0
    height: int = 0
    batch_size: int = 0
    batched_push_timeout: int = -1
    live_source: int = 0
    enable_padding: int = 0
    gpu_id: int = 0
    buffer_pool_size: int = 0


@dataclass(frozen=True, slots=True)
class PrimaryGie:
    """``[primary-gie]`` when enabled; None means that the nvinfer config's value holds.

    ``border_colors``: ``bbox-border-color<id>`` by class id, -1 for the key without one.
    """

    config_file: Path
    enable: int = 1
    plugin_type: int = 0
    batch_size: int | None = None
    interval: int | None = None
    gie_unique_id: int | None = None
    gpu_id: int | None = None
    model_engine_file: Path | None = None
    labelfile_path: Path | None = None
    input_tensor_meta: bool = False
    border_colors: tuple[tuple[int, Color], ...] = ()


@dataclass(frozen=True, slots=True)
class Tests:
    """``[tests]``."""

    __test__ = False  # a name that pytest would collect

    file_loop: int = 0
    pipeline_recreate_sec: int = 0


@dataclass(frozen=True, slots=True)
class AppConfig:
    """A whole file. ``sources`` and ``sinks`` are the enabled ones in DeepStream's order, ``num-sources`` expanded.

    ``warnings``: lines that DeepStream prints (console text, verbatim); ``unsupported``: enabled groups (``[tracker]``)
    and keys (``[source0] drop-frame-interval``) that DeepStream honours and the embedded runtime does not; ``source``:
    the raw text, for line numbers and for what the user wrote.
    """

    path: Path
    application: Application = field(default_factory=Application)
    sources: tuple[Source, ...] = ()
    sinks: tuple[Sink, ...] = ()
    osd: Osd = field(default_factory=Osd)
    tiled_display: TiledDisplay = field(default_factory=TiledDisplay)
    streammux: StreamMux = field(default_factory=StreamMux)
    primary_gie: PrimaryGie | None = None
    tests: Tests = field(default_factory=Tests)
    warnings: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    source: KeyFile = field(default_factory=lambda: KeyFile(()), compare=False, repr=False)
