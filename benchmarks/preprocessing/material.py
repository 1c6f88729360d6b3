"""Clips and the frames taken from them: real ones, and scenes derived from them (night, a crop, nothing but
background), each in several views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dsbench.embedded.probes import views as probe_views
from dsbench.embedded.video.decode import open_source
from dsbench.embedded.video.frame import YuvFrame
from dsbench.embedded.video.mux import MuxScaler

SURFACE = (1280, 720)
NEXT = 5
"""Frames between a frame and its neighbour."""


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
        return probe_views.zoomed(frame, (0.25, 0.25, 0.75, 0.75))
    if name == "corner":
        return probe_views.zoomed(frame, (0.0, 0.0, 0.2, 0.2))
    return frame


def views(pair: tuple[YuvFrame, YuvFrame]) -> Sequence[YuvFrame]:
    """The frame in each of `VIEWS`."""
    plain, later = pair
    return plain, probe_views.mirrored(plain), probe_views.zoomed(plain), later
