"""6f's pipelines as argument vectors for gst-launch-1.0: the visual check on NVENC, on Theora, and frame extraction.

Elements, properties and caps are the specification's, with these differences: plain queues (its ``leaky=downstream``
behind qtdemux loses most of a file that is played alone) and one between all stages; ``batched-push-timeout=-1``, which
the new muxer refuses; an end after some frames; a faster ``speed-level`` of theoraenc; nvvideoconvert in front of
videoconvert in the MP4 extraction, which does not link without it; demuxer and parser follow the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsbench.base import spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.build.app_config import link_to

LAUNCH = ("env", "GST_DEBUG=1", "GST_DEBUG_NO_COLOR=1", "gst-launch-1.0")
"""How every pipeline is started: errors of elements are logged, as text that can be searched."""

NVMM_RGBA = "video/x-raw(memory:NVMM),format=RGBA"
NVMM_NV12 = "video/x-raw(memory:NVMM),format=NV12"
PLANAR = "video/x-raw, format=I420"

_DEMUXERS = {
    "mov": "qtdemux",
    "mp4": "qtdemux",
    "matroska": "matroskademux",
    "webm": "matroskademux",
    "mpegts": "tsdemux",
    "avi": "avidemux",
    "flv": "flvdemux",
    "mpeg": "mpegpsdemux",
}
_PARSERS = {
    "h264": "h264parse",
    "hevc": "h265parse",
    "av1": "av1parse",
    "vp8": None,
    "vp9": "vp9parse",
    "mpeg4": "mpeg4videoparse",
    "mpeg2video": "mpegvideoparse",
    "mjpeg": "jpegparse",
}
_ELEMENTARY = frozenset(("h264", "hevc"))
_EIGHT_BITS = frozenset(("yuv420p", "yuvj420p", "nv12"))


@dataclass(frozen=True, slots=True)
class ClipReader:
    """The demuxer and the parser that a file needs in front of nvv4l2decoder; None if it needs no such element."""

    demuxer: str | None
    parser: str | None


@dataclass(frozen=True, slots=True)
class GstPlan:
    """One visual check. Paths are absolute and come from ``argument_path``."""

    video: Path
    reader: ClipReader
    nvinfer_config: Path
    output: Path
    gpu_id: int = 0
    new_streammux: bool = False
    frames: int = 0
    """Frames after which the pipeline ends; 0: the whole clip."""


def reader_of(container: str, codec: str) -> ClipReader:
    """Demuxer and parser of a file whose container and codec are ``container`` and ``codec`` in FFmpeg's names.

    Raises SOURCE_UNSUPPORTED for what nvv4l2decoder does not take or no demuxer is known for.
    """
    if codec not in _PARSERS:
        raise _unsupported(f"nvv4l2decoder takes no {codec} video", "convert it to H.264")
    formats = container.split(",")
    if codec in _ELEMENTARY and codec in formats:
        return ClipReader(None, _PARSERS[codec])
    for name in formats:
        if name in _DEMUXERS:
            return ClipReader(_DEMUXERS[name], _PARSERS[codec])
    raise _unsupported(
        f"there is no known demuxer for a container of type {container}", "put it into an MP4 or MKV file"
    )


def decoder_doubt(codec: str, pixel_format: str) -> str | None:
    """Why NVDEC may refuse a stream although it supports the codec; None if nothing is known."""
    if codec == "h264" and pixel_format not in _EIGHT_BITS:
        return f"most NVDEC generations decode H.264 only in 8 bit 4:2:0; this file is {pixel_format}"
    return None


def nvenc(plan: GstPlan) -> tuple[str, ...]:
    """Decode, infer, draw, encode as H.264 on NVENC into an MP4 file."""
    return _launch(
        *_detect(plan),
        (*_on_gpu("nvvideoconvert", plan.gpu_id), "!", NVMM_RGBA),
        _on_gpu("nvdsosd", plan.gpu_id),
        (*_on_gpu("nvvideoconvert", plan.gpu_id), "!", NVMM_NV12),
        _on_gpu("nvv4l2h264enc", plan.gpu_id),
        ("h264parse",),
        ("mp4mux", "!", *_file_sink(plan.output)),
    )


def theora(plan: GstPlan) -> tuple[str, ...]:
    """The same with Theora in Ogg: the fallback where NVENC cannot be initialised."""
    return _launch(
        *_detect(plan),
        _on_gpu("nvvideoconvert", plan.gpu_id),
        _on_gpu("nvdsosd", plan.gpu_id),
        (*_on_gpu("nvvideoconvert", plan.gpu_id), "!", PLANAR),
        ("theoraenc", f"quality={spec.THEORA_QUALITY}", f"speed-level={spec.THEORA_SPEED}"),
        ("oggmux", "!", *_file_sink(plan.output)),
    )


def mp4_frames(video: Path, pictures: Path, gpu_id: int = 0) -> tuple[str, ...]:
    """JPEG files of an MP4 made by ``nvenc``; ``pictures`` is a file name with one printf directive."""
    decoder = (*_on_gpu("nvv4l2decoder", gpu_id), "!", *_on_gpu("nvvideoconvert", gpu_id))
    return (*LAUNCH, *_source(video), "!", "qtdemux", "!", "h264parse", "!", *decoder, "!", *_pictures(pictures))


def ogv_frames(video: Path, pictures: Path) -> tuple[str, ...]:
    """JPEG files of an OGV made by ``theora``."""
    return (*LAUNCH, *_source(video), "!", "oggdemux", "!", "theoradec", "!", *_pictures(pictures))


def argument_path(path: Path, links: Path, *, pattern: bool = False) -> Path:
    """``path`` if gst-launch-1.0 takes it from its argument vector as it is, else a link to it in ``links``.

    gst-launch escapes the blanks of its arguments, joins the arguments and parses the result. Quotes and backslashes
    are then removed from a value, and white space other than a blank ends it. All other characters are kept, ``!`` and
    non-ASCII included (seen with 1.22). ``pattern``: file names in the folder are a printf pattern, so a ``%`` in the
    path is not kept either.
    """
    return link_to(path, links, lambda text: _mangled(text, pattern), "gst-launch-1.0")


def _mangled(text: str, pattern: bool) -> bool:
    if any(ord(character) < 32 or ord(character) == 127 or 0xDC80 <= ord(character) <= 0xDCFF for character in text):
        return True
    return any(character in text for character in ('"\\%' if pattern else '"\\'))


def _launch(*stages: tuple[str, ...]) -> tuple[str, ...]:
    """The stages with a queue between each two: every stage runs in its own thread."""
    words = list(stages[0])
    for stage in stages[1:]:
        words += ["!", "queue", "!", *stage]
    return (*LAUNCH, *words)


def _detect(plan: GstPlan) -> tuple[tuple[str, ...], ...]:
    """The stages from the file to nvinfer, the same for every encoder."""
    source = _source(plan.video)
    # no queue in front of qtdemux: it seeks in the file
    stages = [(*source, "!", plan.reader.demuxer) if plan.reader.demuxer else source]
    if plan.reader.parser:
        stages.append((plan.reader.parser,))
    muxer: tuple[str, ...] = ()
    if not plan.new_streammux:
        size = (f"width={spec.MUX_WIDTH}", f"height={spec.MUX_HEIGHT}")
        muxer = (*size, "batched-push-timeout=-1", *_gpu(plan.gpu_id))
    return (
        *stages,
        _on_gpu("nvv4l2decoder", plan.gpu_id),
        # identity ends the stream in the place of that buffer
        *((("identity", f"eos-after={plan.frames + 1}"),) if plan.frames else ()),
        ("m.sink_0", "nvstreammux", "name=m", "batch-size=1", *muxer),
        (*_on_gpu("nvinfer", plan.gpu_id), f"config-file-path={plan.nvinfer_config}"),
    )


def _source(path: Path) -> tuple[str, ...]:
    return ("filesrc", f"location={path}")


def _file_sink(path: Path) -> tuple[str, ...]:
    return ("filesink", f"location={path}", "sync=0")


def _pictures(pictures: Path) -> tuple[str, ...]:
    sink = ("multifilesink", f"location={pictures}", f"max-files={spec.SAMPLE_FRAMES}")
    return ("videoconvert", "!", "video/x-raw,format=RGB", "!", "jpegenc", f"quality={spec.JPEG_QUALITY}", "!", *sink)


def _on_gpu(element: str, gpu_id: int) -> tuple[str, ...]:
    return (element, *_gpu(gpu_id))


def _gpu(gpu_id: int) -> tuple[str, ...]:
    return (f"gpu-id={gpu_id}",) if gpu_id else ()


def _unsupported(what: str, fix: str) -> DsbenchError:
    return DsbenchError(
        Code.SOURCE_UNSUPPORTED,
        f"the visual check cannot play the video: {what}",
        fix=f"{fix}, or choose another --video",
    )
