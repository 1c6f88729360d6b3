"""From a loaded configuration to the worker jobs of one application instance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dsbench.base.environment import new_streammux
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded import messages
from dsbench.embedded.app import bus, sink_failures
from dsbench.embedded.app.shared_state import SharedState
from dsbench.embedded.app.workers import divide
from dsbench.embedded.messages import BusMessage
from dsbench.embedded.protocol import DetectorSetup, MuxSize, PadJob, VideoJob, WorkerJob
from dsbench.formats import nvinfer
from dsbench.formats.app.config import AppConfig, Sink, Source
from dsbench.formats.nvinfer import Color, NvinferConfig
from dsbench.formats.nvinfer.keys import MAX_BATCH_SIZE

FAKE, FILE = 1, 3
_URI_TYPE = 2
_NVINFER = 0
_MAX_SIDE = 16384
"""Pixels of a side of the muxer's picture; decoders and encoders end below."""
_MAX_DRAWN = 200
"""Pixels of a border and of the height of text."""
_MAX_MUX_BATCH = 1 << 20


class PlanError(Exception):
    """The pipeline cannot be built; all lines before ``Quitting`` have been printed.

    ``bus``: messages to print after ``Quitting``. ``to_paused``: the failure happened on the way to PAUSED.
    """

    def __init__(self, messages: tuple[BusMessage, ...] = (), *, to_paused: bool = True) -> None:
        super().__init__(messages)
        self.bus = messages
        self.to_paused = to_paused


@dataclass(frozen=True, slots=True)
class Instance:
    """One ``-c`` file. ``first_counter``: index of its first stream in the shared state."""

    number: int
    config: AppConfig
    nvinfer: NvinferConfig | None
    first_counter: int

    @property
    def streams(self) -> int:
        """Number of source bins."""
        return len(self.config.sources)


def load_nvinfer(config: AppConfig) -> NvinferConfig | None:
    """The nvinfer configuration with ``[primary-gie]``'s overrides. Raises PlanError after nvinfer's own lines."""
    gie = config.primary_gie
    if gie is None:
        return None
    try:
        loaded = nvinfer.load(gie.config_file, console=messages.err)
    except DsbenchError as error:
        if error.code is Code.CONFIG_ABORTED:
            raise
        failure = bus.config_not_parsed(gie.config_file)
        messages.element_error(1029, failure)
        if error.fix:
            messages.own(f"{error.where}: {error.fix}")
        raise PlanError((failure,)) from error
    return replace(
        loaded,
        batch_size=_batch_size(gie.batch_size, loaded.batch_size),
        interval=loaded.interval if gie.interval is None else gie.interval,
        gie_unique_id=loaded.gie_unique_id if gie.gie_unique_id is None else gie.gie_unique_id,
        model_engine_file=gie.model_engine_file or loaded.model_engine_file,
    )


def _batch_size(of_app: int | None, of_file: int) -> int:
    """nvinfer's batch: the app's, unless nvinfer's property does not take it; GObject then leaves it as it is."""
    if of_app is None or 1 <= of_app <= MAX_BATCH_SIZE:
        return of_file if of_app is None else of_app
    messages.own(f"batch-size={of_app} of [primary-gie] is not in 1 to {MAX_BATCH_SIZE}: {of_file} is used")
    return of_file


def check(instance: Instance) -> None:
    """Raise PlanError for settings that DeepStream rejects before the first frame, and for unsupported sources."""
    config = instance.config
    _check_inference(instance)
    for source in config.sources:
        if source.type != _URI_TYPE:
            text = f"Source type not yet implemented! ([{source.group}] type={source.type}: 2 and 3 are)"
            messages.app_error("create_multi_source_bin:1580", text)
            raise PlanError(to_paused=False)
        if not source.uri:
            messages.own(f"[{source.group}] has no uri: deepstream-app crashes on this; give uri=file://...")
            raise PlanError(to_paused=False)
    if sink_failures.report(config):
        raise PlanError(to_paused=False)
    mux = config.streammux
    if mux.batch_size <= 0:
        raise PlanError((bus.muxer("Batch size not set"),))
    if not new_streammux() and (mux.width <= 0 or mux.height <= 0):
        raise PlanError((bus.muxer("Output width not set"),))
    if not new_streammux() and max(mux.width, mux.height) > _MAX_SIDE:
        messages.own(f"[streammux] {mux.width}x{mux.height}: a side has more than {_MAX_SIDE} pixels; give the video's")
        raise PlanError(to_paused=False)
    if not config.sources:
        messages.own("no source is enabled: deepstream-app would wait for one for ever")
        raise PlanError((bus.muxer("No Sources found at the input of muxer. Waiting for sources."),))


def _check_inference(instance: Instance) -> None:
    """Raise PlanError if another element than nvinfer makes the objects or the network's input."""
    gie, nvinfer_config = instance.config.primary_gie, instance.nvinfer
    if gie is not None and gie.plugin_type != _NVINFER:
        kind = {1: "nvinferserver", 2: "a video template"}.get(gie.plugin_type, "nothing that exists")
        messages.own(f"[primary-gie] plugin-type={gie.plugin_type} is {kind}: only 0 (nvinfer) can be run here")
        raise PlanError(to_paused=False)
    from_meta = nvinfer_config is not None and nvinfer_config.input_tensor_from_meta
    if from_meta or (gie is not None and gie.input_tensor_meta):
        key = "input-tensor-from-meta" if from_meta else "[primary-gie] input-tensor-meta"
        messages.own(f"{key}=1 takes the network's input from [pre-process], which the embedded runtime does not run")
        raise PlanError(to_paused=False)


def name_unsupported(instance: Instance) -> None:
    """Print one line with all settings that this runtime ignores."""
    config = instance.config
    names = list(config.unsupported)
    if instance.nvinfer is not None:
        names += [f"[property] {key}" for key in instance.nvinfer.unsupported]
    if instance.nvinfer is not None and instance.nvinfer.process_mode != 1:
        messages.own("process-mode=2 is overridden: deepstream-app sets 1 (whole frames) for [primary-gie]")
    if config.tiled_display.enable:
        names.append("[tiled-display]")
    files = [sink for sink in config.sinks if sink.type == FILE]
    names += [f"[{sink.group}] type={sink.type}" for sink in config.sinks if sink.type not in (FAKE, FILE)]
    names += [f"[{sink.group}] (a second encoding sink)" for sink in files[1:]]
    if names:
        messages.own(f"not supported by the embedded runtime, ignored: {', '.join(names)}")


def worker_jobs(instance: Instance, state: SharedState, cpus: int, tensor_dir: Path | None) -> tuple[WorkerJob, ...]:
    """The worker jobs of an instance; its sources are divided among them."""
    video = _video(instance)
    whole = _needs_whole_batches(instance, tensor_dir) or video is not None
    division = divide(instance.streams, cpus, whole_batches=whole)
    config = instance.config
    real_time = any(sink.sync for sink in config.sinks)
    common = WorkerJob(
        instance=instance.number,
        pads=(),
        file_loop=bool(config.tests.file_loop),
        lanes=division.lanes,
        batch_size=min(config.streammux.batch_size, _MAX_MUX_BATCH),
        detector=_detector(instance, whole, division.threads, tensor_dir is not None, video is not None),
        kitti_dir=config.application.gie_kitti_output_dir,
        tensor_dir=tensor_dir,
        video=video,
        real_time=real_time,
        counted_only=not whole and not real_time,
        state_descriptor=state.descriptor,
        state_pads=state.pads,
        quiet=False,
    )
    return tuple(
        _job_of(number, common, instance, division.processes, whole=whole) for number in range(division.processes)
    )


def _job_of(number: int, common: WorkerJob, instance: Instance, processes: int, *, whole: bool) -> WorkerJob:
    """The job of worker ``number``: every ``processes``-th source."""
    mine = instance.config.sources[number::processes]
    return replace(
        common,
        pads=tuple(_pad(source, instance) for source in mine),
        batch_size=common.batch_size if whole else len(mine),
        quiet=number > 0,
    )


def _needs_whole_batches(instance: Instance, tensor_dir: Path | None) -> bool:
    """Whether batches must span all streams, as in nvinfer: if results are used.

    A benchmark only counts frames. The exception is ``interval`` with a muxed batch smaller than the number of
    streams: then the batch decides which stream is inferred.
    """
    config = instance.config
    skipping = instance.nvinfer is not None and (
        instance.nvinfer.interval > 0 or instance.nvinfer.stabilize_buffer_count > 0
    )
    return (
        config.application.gie_kitti_output_dir is not None
        or tensor_dir is not None
        or (skipping and config.streammux.batch_size < instance.streams)
    )


def _pad(source: Source, instance: Instance) -> PadJob:
    return PadJob(
        source.index,
        instance.first_counter + source.index,
        source.uri or "",
        source.drop_frame_interval,
        bool(source.intra_decode_enable),
    )


def _detector(
    instance: Instance, whole: bool, threads: int, keep_tensor: bool, keep_surface: bool
) -> DetectorSetup | None:
    if instance.nvinfer is None:
        return None
    mux = instance.config.streammux
    size = None if new_streammux() else MuxSize(mux.width, mux.height, bool(mux.enable_padding))
    return DetectorSetup(instance.nvinfer, size, whole, threads, keep_tensor, keep_surface)


def _colors(instance: Instance) -> tuple[tuple[int, Color], ...] | None:
    """deepstream-app replaces nvinfer's colours on objects whose model it knows by ``gie-unique-id``."""
    gie, loaded = instance.config.primary_gie, instance.nvinfer
    known = gie is not None and loaded is not None and (gie.gie_unique_id or 0) == (loaded.gie_unique_id or 0)
    return gie.border_colors if gie is not None and known else None


def _video(instance: Instance) -> VideoJob | None:
    """The first encoding sink, if any. The video is VP9 in webm, whatever ``codec`` and ``container`` are."""
    config = instance.config
    sink = next((sink for sink in config.sinks if sink.type == FILE), None)
    if sink is None:
        return None
    _name_codec(sink)
    osd = config.osd
    return VideoJob(
        path=Path(sink.output_file),
        pad=sink.source_id,
        bitrate=sink.bitrate,
        draw_boxes=bool(osd.enable) and osd.display_bbox,
        draw_text=bool(osd.enable) and osd.display_text,
        border_width=min(osd.border_width, _MAX_DRAWN),
        text_size=min(osd.text_size, _MAX_DRAWN),
        colors=_colors(instance),
    )


def _name_codec(sink: Sink) -> None:
    asked = {1: "H.264", 2: "H.265", 3: "MPEG-4"}.get(sink.codec, str(sink.codec))
    container = {1: "mp4", 2: "mkv"}.get(sink.container, str(sink.container))
    messages.own(
        f"[{sink.group}] codec={sink.codec} ({asked}, {container}): encoded as VP9 in webm to {sink.output_file}"
    )
