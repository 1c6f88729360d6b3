"""Clips and the frames taken from them: real ones, and scenes derived from them (night, a crop, nothing but
background), each in several views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dsbench.embedded.video.decode import open_source
from dsbench.embedded.video.frame import YuvFrame
from dsbench.embedded.video.mux import MuxScaler

SURFACE = (1280, 720)
NEXT = 5
"""Frames between a frame and its neighbour."""
ZOOM = 1.1
SHIFT = (21, 13)
"""Pixels that a zoomed view is moved by, right and down: no multiple of a stride."""


@dataclass(frozen=True)
class Clip:
    """``scene``: "" as recorded; "night" (a third of the light), "crop" (the middle half), "corner" (the upper left
    fifth, background as a rule)."""

    file: str
    scene: str = ""

    @property
    def name(self) -> str:
        return f"{self.file.rsplit('.', 1)[0]}{':' if self.scene else ''}{self.scene}"


CLIPS = (
    Clip("one-by-one-person-detection.mp4"),
    Clip("asl-book.mkv"),
    Clip("street.mp4"),
    Clip("bottle-detection.mp4"),
    Clip("one-by-one-person-detection.mp4", "night"),
    Clip("car-detection.mp4", "crop"),
    Clip("one-by-one-person-detection.mp4", "corner"),
    Clip("asl-sister.mkv"),
    Clip("car-detection.mp4"),
)
VIEWS = ("plain", "mirror", "zoom", "next")


def frames(videos: Path, clip: Clip, count: int) -> list[tuple[YuvFrame, YuvFrame]]:
    """``count`` frames spread over the clip, each with its neighbour, in streammux space."""
    total = sum(1 for _ in open_source(videos / clip.file, file_loop=False, threads=1))
    starts = [int((i + 0.5) * (total - NEXT) / count) for i in range(count)]
    wanted = {*starts, *(start + NEXT for start in starts)}
    mux = MuxScaler(*SURFACE)
    kept: dict[int, YuvFrame] = {}
    for index, frame in enumerate(open_source(videos / clip.file, file_loop=False, threads=1)):
        if index in wanted:
            scaled = mux.scale(frame)
            kept[index] = scene(replace(scaled, y=scaled.y.copy(), u=scaled.u.copy(), v=scaled.v.copy()), clip.scene)
    return [(kept[start], kept[start + NEXT]) for start in starts]


def scene(frame: YuvFrame, name: str) -> YuvFrame:
    """The frame as another scene."""
    if name == "night":
        dark = (16 + (frame.y.astype(np.float32) - 16) / 3).astype(np.uint8)
        chroma = [(128 + (part.astype(np.float32) - 128) / 3).astype(np.uint8) for part in (frame.u, frame.v)]
        return replace(frame, y=dark, u=chroma[0], v=chroma[1])
    if name == "crop":
        return resample(frame, (0.25, 0.25, 0.75, 0.75))
    if name == "corner":
        return resample(frame, (0.0, 0.0, 0.2, 0.2))
    return frame


def resample(frame: YuvFrame, window: tuple[float, float, float, float], mirror: bool = False) -> YuvFrame:
    """The part of the frame in ``window`` (x1, y1, x2, y2 as fractions) at the frame's size, bilinear."""
    planes = [_resample(plane, window, mirror) for plane in (frame.y, frame.u, frame.v)]
    return replace(frame, y=planes[0], u=planes[1], v=planes[2])


def _resample(
    plane: npt.NDArray[np.uint8], window: tuple[float, float, float, float], mirror: bool
) -> npt.NDArray[np.uint8]:
    rows, columns = plane.shape
    out = plane.astype(np.float32)
    for axis, (size, low, high) in enumerate(((rows, *window[1::2]), (columns, *window[0::2]))):
        place = np.clip((low + (np.arange(size) + 0.5) / size * (high - low)) * size - 0.5, 0, size - 1)
        first = np.minimum(place.astype(int), size - 2)
        part = (place - first).astype(np.float32)
        part = part[:, None] if axis == 0 else part[None]
        out = np.take(out, first, axis) * (1 - part) + np.take(out, first + 1, axis) * part
    out = out[:, ::-1] if mirror else out
    return np.ascontiguousarray(np.round(out).astype(np.uint8))


def zoom_window() -> tuple[float, float, float, float]:
    """What a zoomed and shifted view shows of the frame."""
    width, height = SURFACE
    side = 1 / ZOOM
    left, top = (1 - side) / 2 - SHIFT[0] / width, (1 - side) / 2 - SHIFT[1] / height
    return left, top, left + side, top + side


def views(pair: tuple[YuvFrame, YuvFrame]) -> Sequence[YuvFrame]:
    """The frame in each of `VIEWS`."""
    plain, later = pair
    return plain, resample(plain, (0.0, 0.0, 1.0, 1.0), mirror=True), resample(plain, zoom_window()), later
