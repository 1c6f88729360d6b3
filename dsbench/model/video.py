"""The video every step runs on: the specification's choice rule, and the facts of its container."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import COMMAND_LINE, ENVIRONMENT, INI, SETTINGS, SPECIFICATION, Value

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


def choose(chosen: Value[str], model_dir: Path, start: Path) -> Value[Path]:
    """The file of the option ``--video``.

    Relative paths start where pytest was started; those of dsbench.toml in the model directory. Raises VIDEO_MISSING
    with the specification's text and both of its fixes, behind the one that fits the origin. Never another file than
    the one chosen.
    """
    base = model_dir if chosen.origin == SETTINGS else start
    path = Path(os.path.abspath(base / os.path.expanduser(chosen.value.removeprefix("file://"))))
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
            )
    except (av.FFmpegError, ValueError) as error:
        raise _unreadable(path, _reason(path, error)) from error


def _reason(path: Path, error: Exception) -> str:
    """FFmpeg's message without its error number, or what the file's first bytes show it to be."""
    with path.open("rb") as file:
        head = file.read(64)
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
