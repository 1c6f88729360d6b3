"""The video every step runs on: the specification's choice rule, and the facts of its container."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import COMMAND_LINE, ENVIRONMENT, INI, SETTINGS, SPECIFICATION, Value
from dsbench.base.os_errors import require_reachable

if TYPE_CHECKING:
    from av.video.stream import VideoStream

_PLACE = {
    COMMAND_LINE: "--video",
    ENVIRONMENT: "DS_VIDEO",
    SETTINGS: "`video` in dsbench.toml",
    INI: "dsbench_video in pytest's ini file",
    SPECIFICATION: "the default of --video",
}
_CORRECT = {
    COMMAND_LINE: "correct --video: relative paths start where pytest was started",
    ENVIRONMENT: "correct DS_VIDEO: relative paths start where pytest was started",
    SETTINGS: "correct `video =` in dsbench.toml: relative paths start in the model directory",
    INI: "correct dsbench_video in pytest's ini file: relative paths start where pytest was started",
    SPECIFICATION: "name a clip: --video FILE",
}


@dataclass(frozen=True)
class VideoFacts:
    """What the container and the first decoded frame say. Sizes in pixels, rate in frames per second."""

    path: Path
    codec: str
    width: int
    height: int
    fps: float
    pixel_format: str
    frames: int
    """As the container counts them; 0 where it does not say."""
    container: str = ""
    """FFmpeg's names of the format, by content: ``mov,mp4,m4a,3gp,3g2,mj2``, ``matroska,webm``."""
    rotation: int = 0
    """Degrees, counterclockwise, by which the container asks players to turn the picture; DeepStream does not."""
    cut: str = ""
    """How a file that was cut off shows it; empty for a whole one."""


def choose(chosen: Value[str], model_dir: Path, start: Path) -> Value[Path]:
    """The file of the option ``--video``.

    Relative paths start where pytest was started; those of dsbench.toml in the model directory. Raises VIDEO_MISSING
    with the specification's text and both of its fixes, behind the one that fits the origin. Never another file than
    the one chosen.
    """
    base = model_dir if chosen.origin == SETTINGS else start
    path = Path(os.path.abspath(base / os.path.expanduser(chosen.value.removeprefix("file://"))))
    require_reachable(path)
    if not path.is_file():
        raise DsbenchError(
            Code.VIDEO_MISSING,
            f"ERROR: Video file not found: {path}",
            where=_PLACE[chosen.origin],
            fix="\n".join(
                (
                    _CORRECT[chosen.origin],
                    "  Fix 1: Set DS_VIDEO=/path/to/sample_720p.mp4 before running",
                    "  Fix 2: Install DeepStream samples (replace 9.0 with your installed minor version): "
                    "apt-get install deepstream-9.0-samples",
                )
            ),
        )
    return Value(path, chosen.origin)


def inspect(path: Path) -> VideoFacts:
    """Facts of the first video stream, one frame decoded for real.

    Raises VIDEO_UNREADABLE for an empty file, a file that is no video, one without a video stream or a first frame.
    """
    if path.stat().st_size == 0:
        raise _unreadable(path, "the file is empty (0 bytes)")
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise _unreadable(path, "it has no video stream")
            stream = container.streams.video[0]
            frame = next(container.decode(stream), None)
            if frame is None:
                raise _unreadable(path, "not one frame could be decoded")
            return VideoFacts(
                path=path,
                codec=stream.codec_context.name,
                width=frame.width,
                height=frame.height,
                fps=float(stream.average_rate or 0),
                pixel_format=frame.format.name,
                frames=stream.frames,
                container=container.format.name,
                rotation=int(frame.rotation) % 360,
                cut=_cut(path, stream) or _cut_matroska(path),
            )
    except (av.FFmpegError, ValueError) as error:
        raise _unreadable(path, _reason(path, error)) from error


def _cut(path: Path, stream: VideoStream) -> str:
    """Frames that the index of the container (MP4, AVI) has, but not the file; nothing without an index."""
    size = path.stat().st_size
    entries = stream.index_entries
    behind = sum(entry.pos + entry.size > size for entry in entries)
    return f"the data of {behind} of its {len(entries)} frames lie behind its end" if behind else ""


_SEGMENT = b"\x18\x53\x80\x67"
"""Matroska's and WebM's element that holds everything."""


def _cut_matroska(path: Path) -> str:
    """The size that a Matroska file announces, if it is larger than the file.

    Source: RFC 8794 (EBML): the size of an element is a number of 1 to 8 bytes, its length shown by the leading zeros;
    all ones: unknown.
    """
    head = reading.read_head(path, 4096)
    place = head.find(_SEGMENT) + len(_SEGMENT)
    if not head.startswith(b"\x1a\x45\xdf\xa3") or place < len(_SEGMENT) or not head[place : place + 1]:
        return ""
    length = 9 - head[place].bit_length()
    value = int.from_bytes(head[place : place + length], "big") & ((1 << 7 * length) - 1)
    whole, size = place + length + value, path.stat().st_size
    if value == (1 << 7 * length) - 1 or whole <= size:
        return ""
    return f"its container announces {whole} bytes, the file has {size}"


def _reason(path: Path, error: Exception) -> str:
    """FFmpeg's message without its error number, or what the file's first bytes show it to be."""
    head = reading.read_head(path, 64)
    if head.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the video (git lfs pull fetches it)"
    said = getattr(error, "strerror", None) or str(error).splitlines()[0]
    if head[4:8] == b"ftyp":
        return f"{said} (an MP4 that was cut off: its index stands at the end, copy the whole file)"
    return said


def _unreadable(path: Path, why: str) -> DsbenchError:
    return DsbenchError(
        Code.VIDEO_UNREADABLE,
        f"the video cannot be decoded: {why}",
        where=str(path),
        fix="give a video that plays (--video or DS_VIDEO); `ffprobe` shows what a file holds",
    )
