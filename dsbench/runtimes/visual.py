"""6f's files: removal of older ones, sample frames, and the embedded runtime's video (VP9)."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base import places, spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import kitti
from dsbench.jobs import video

if TYPE_CHECKING:
    from PIL.Image import Image

_SAMPLE_NAME = re.compile(r"frame_\d{4,}\.jpg")
_FILE_QUALITY = 90
_INLINE_WIDTH, _INLINE_QUALITY = 640, 80
_UNFINISHED = "read samples/visual.log; run the app's command by hand"


@dataclass(frozen=True)
class SampleFrame:
    """A frame of the video, shown in the report."""

    frame: int
    """Its number."""
    objects: int | None
    """Objects drawn on it; None if not known."""
    jpeg_base64: str
    """A small JPEG, base64-encoded."""


def encoder_missing() -> str | None:
    """Why VP9 cannot be encoded here; None if it can. No other encoder is used."""
    import av.codec

    try:
        av.codec.Codec(video.ENCODER, "w")
    except ValueError:  # UnknownCodecError
        return f"this build of FFmpeg has no {video.ENCODER} encoder"
    return None


def clear(samples: Path, *outputs: Path) -> None:
    """Remove older videos and every ``frame_NNNN.jpg``; a link is removed, not its target.

    Raises NOT_WRITABLE.
    """
    try:
        places.make_directory(samples)
        names = [name for name in os.listdir(samples) if _SAMPLE_NAME.fullmatch(name)]
        for path in (*outputs, *(samples / name for name in names)):
            places.remove(path)
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"what an older visual check left cannot be removed: {error.strerror}",
            where=str(samples),
            fix="make samples/ a directory that you may write to",
        ) from error


def objects_per_frame(directory: Path) -> tuple[int, ...]:
    """Number of objects of each frame of a KITTI dump, by frame number; a missing frame counts 0."""
    counts = {frame.name.frame: len(kitti.parse_file(frame.path)) for frame in kitti.list_frames(directory)}
    return tuple(counts.get(number, 0) for number in range(max(counts) + 1)) if counts else ()


def choose(counts: Sequence[int], wanted: int = spec.SAMPLE_FRAMES) -> tuple[int, ...]:
    """The ``wanted`` frames with the largest number of objects, spread over the clip if possible; sorted.

    Frames without objects are chosen only if too few have any.
    """
    apart = len(counts) / (wanted + 1)
    ranked = sorted(range(len(counts)), key=lambda number: (-counts[number], number))
    chosen: list[int] = []

    def distance(number: int) -> int:
        return min((abs(number - other) for other in chosen), default=len(counts))

    for pool in ([number for number in ranked if counts[number]], ranked):
        for number in pool:
            if len(chosen) < wanted and distance(number) >= apart:
                chosen.append(number)
        while len(chosen) < min(wanted, len(pool)):
            rest = [number for number in pool if number not in chosen]
            chosen.append(max(rest, key=lambda number: (distance(number), counts[number])))
    return tuple(sorted(chosen))


def require_output(output: Path) -> None:
    """Raise VISUAL_OUTPUT if the video is missing or empty, even with exit status 0."""
    try:
        size = output.stat().st_size
    except FileNotFoundError:
        size = -1
    if size <= 0:
        what = "wrote no video" if size < 0 else "left a video of 0 bytes"
        raise DsbenchError(
            Code.VISUAL_OUTPUT, f"the app ended with status 0 but {what}", where=str(output), fix=_UNFINISHED
        )


def save_samples(output: Path, counts: Sequence[int], path_of: Callable[[int], Path]) -> tuple[SampleFrame, ...]:
    """Write the chosen frames of the video as JPEG files; returns them scaled down.

    ``counts``: objects of each frame. Raises VISUAL_OUTPUT if the video is not VP9, unreadable or too short,
    NOT_WRITABLE if a file cannot be written.
    """
    chosen = choose(counts)
    samples = []
    for number, image in _read(output, chosen, len(counts)):
        path = path_of(number)
        try:
            data = io.BytesIO()
            image.save(data, "JPEG", quality=_FILE_QUALITY)
            places.replace(path, data.getvalue())
        except OSError as error:
            raise DsbenchError(
                Code.NOT_WRITABLE,
                f"{path.name} cannot be written: {error.strerror or error}",
                where=str(path),
                fix="free space on the disk (df -h), make samples/ writable",
            ) from error
        samples.append(SampleFrame(number, counts[number], _small(image)))
    return tuple(samples)


def last_frame(samples: Path) -> int:
    """The largest number of a ``frame_NNNN.jpg``; -1 if there is none."""
    try:
        names = os.listdir(samples)
    except OSError:
        return -1
    return max((_number(name) for name in names if _SAMPLE_NAME.fullmatch(name)), default=-1)


def read_samples(samples: Path) -> tuple[SampleFrame, ...]:
    """Every ``frame_NNNN.jpg`` of the folder by number, scaled down. Raises VISUAL_OUTPUT for an invalid picture."""
    from PIL import Image

    found = []
    for name in sorted(filter(_SAMPLE_NAME.fullmatch, os.listdir(samples)), key=_number):
        try:
            with Image.open(samples / name) as image:
                found.append(SampleFrame(_number(name), None, _small(image.convert("RGB"))))
        except OSError as error:
            raise DsbenchError(
                Code.VISUAL_OUTPUT, f"{name} is not a picture: {error}", where=str(samples / name), fix=_UNFINISHED
            ) from error
    return tuple(found)


def _number(name: str) -> int:
    return int(name[len("frame_") : -len(".jpg")])


def _read(output: Path, chosen: Sequence[int], frames: int) -> list[tuple[int, Image]]:
    import av
    import av.error

    found: list[tuple[int, Image]] = []
    seen = 0
    try:
        with av.open(f"file:{output}") as container:
            stream = container.streams.video[0]
            if stream.codec_context.name != video.CODEC:
                raise _bad(output, f"the video is {stream.codec_context.name}, not {video.CODEC}")
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                if seen in chosen:
                    found.append((seen, frame.to_image()))  # type: ignore[no-untyped-call]
                seen += 1
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise _bad(output, f"the video cannot be read: {error}") from error
    if seen < frames:
        raise _bad(output, f"the video has {seen} frames, {frames} went into the network")
    return found


def _bad(output: Path, what: str) -> DsbenchError:
    return DsbenchError(Code.VISUAL_OUTPUT, what, where=str(output), fix=_UNFINISHED)


def _small(image: Image) -> str:
    if image.width > _INLINE_WIDTH:
        image = image.resize((_INLINE_WIDTH, max(1, round(image.height * _INLINE_WIDTH / image.width))))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=_INLINE_QUALITY)
    return base64.b64encode(data.getvalue()).decode()
