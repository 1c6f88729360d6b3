"""Cuts short, different clips from one video, so that each stream of a batch has boxes of its own.

Each clip starts at another frame. Odd clips are mirrored, later pairs are shifted sideways with wrap-around: even a
still video gives different boxes. All clips have the same number of frames: deepstream-app fails when streams of
different length end in one sink. The codec is MPEG-4 part 2, which NVDEC decodes and every FFmpeg encodes, without
B-frames, so that there is no edit list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsbench.base import places
from dsbench.base.errors import Code, DsbenchError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from dsbench.embedded.video.frame import YuvFrame

    Picture = npt.NDArray[np.uint8]

# AVColorSpace and AVColorRange of libavutil/pixfmt.h
_BT709, _BT601, _LIMITED, _FULL = 1, 6, 1, 2
_ENCODER = "mpeg4"
# fixed quantiser 2, near the best quality; FF_QP2LAMBDA is 118
_ENCODER_OPTIONS = {"bf": "0", "flags": "+qscale", "global_quality": str(2 * 118)}


@dataclass(frozen=True)
class ClipPlan:
    """One clip to cut."""

    first: int
    """Number of its first frame in the video."""
    frames: int
    mirrored: bool
    shift: float
    """Shift to the right as a fraction of the width."""

    def __str__(self) -> str:
        changes = (", mirrored" if self.mirrored else "") + (f", shifted by {self.shift:.0%}" if self.shift else "")
        return f"frames {self.first} to {self.first + self.frames - 1}{changes}"


def plan(streams: int, available: range, frames: int) -> tuple[ClipPlan, ...]:
    """Clips for ``streams`` streams, spread over the frames ``available``; shorter if there are too few frames.

    >>> [str(clip) for clip in plan(2, range(20), 8)]
    ['frames 0 to 7', 'frames 12 to 19, mirrored']
    """
    length = max(1, min(frames, len(available)))
    spare = max(0, len(available) - length)
    return tuple(
        ClipPlan(
            first=available.start + round(spare * number / max(1, streams - 1)),
            frames=length,
            mirrored=number % 2 == 1,
            shift=number // 2 / streams,
        )
        for number in range(streams)
    )


def write(video: Path, folder: Path, plans: Sequence[ClipPlan]) -> tuple[Path, ...]:
    """Write ``stream_<k>.mp4`` for each plan, from the frames that the app decodes; returns the paths.

    Raises VIDEO_UNREADABLE if there are too few frames, NOT_WRITABLE, and what the decoder raises.
    """
    from dsbench.base.cpus import usable_cpus
    from dsbench.embedded.video.decode import open_source

    source = open_source(video, threads=usable_cpus())
    last = max(one.first + one.frames for one in plans)
    paths = tuple(folder / f"stream_{number}.mp4" for number in range(len(plans)))
    rate = round(1 / source.frame_period) or 30
    try:
        for path in paths:
            places.make_way(path)
        seen = _write_frames(source, last, [(_Writer(path, rate), one) for path, one in zip(paths, plans, strict=True)])
    except OSError as error:  # includes FFmpeg's write errors
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"no clip can be written: {error}",
            where=str(folder),
            fix="free space on the disk (df -h)",
        ) from error
    finally:
        source.close()
    if seen < last:
        raise DsbenchError(
            Code.VIDEO_UNREADABLE,
            f"{seen} frames of the video can be decoded here, {last} were dumped by the app",
            where=str(video),
            fix="re-encode the video: it is damaged",
        )
    return paths


def _write_frames(frames: Iterable[YuvFrame], last: int, clips: Sequence[tuple[_Writer, ClipPlan]]) -> int:
    """Write the first ``last`` frames, each to the clips that need it; returns how many frames there were."""
    seen = 0
    for seen, frame in enumerate(frames, start=1):
        for writer, one in clips:
            if one.first < seen <= one.first + one.frames:
                writer.add(frame, one)
        if seen == last:
            break
    for writer, _ in clips:
        writer.close()
    return seen


class _Writer:
    """One clip being written."""

    def __init__(self, path: Path, rate: int) -> None:
        import av

        self._container = av.open(str(path), "w", format="mp4")
        self._rate = rate
        self._stream: Any = None

    def add(self, frame: YuvFrame, how: ClipPlan) -> None:
        import av

        if self._stream is None:
            self._stream = self._open(frame)
        picture = av.VideoFrame.from_ndarray(_changed(frame, how), format="yuv420p")
        self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        if self._stream is not None:
            self._container.mux(self._stream.encode())
        self._container.close()

    def _open(self, like: YuvFrame) -> Any:
        stream: Any = self._container.add_stream(_ENCODER, rate=self._rate, options=dict(_ENCODER_OPTIONS))
        stream.width, stream.height, stream.pix_fmt = like.width // 2 * 2, like.height // 2 * 2, "yuv420p"
        # the app converts to RGB by these tags: keep the video's own
        stream.codec_context.colorspace = _BT709 if like.matrix == "bt709" else _BT601
        stream.codec_context.color_range = _FULL if like.full_range else _LIMITED
        return stream


def _changed(frame: YuvFrame, how: ClipPlan) -> Picture:
    """The changed frame in PyAV's yuv420p layout: planes stacked, (height * 3 / 2, width), even sizes."""
    import numpy as np

    width, height = frame.width // 2 * 2, frame.height // 2 * 2
    shift = round(width * how.shift / 2) * 2
    planes = []
    for plane, scale in ((frame.y, 1), (frame.u, 2), (frame.v, 2)):
        cut = plane[: height // scale, : width // scale]
        turned = cut[:, ::-1] if how.mirrored else cut
        planes.append(np.roll(turned, shift // scale, axis=1).reshape(-1))
    return np.concatenate(planes).reshape(height * 3 // 2, width)
