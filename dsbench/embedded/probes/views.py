"""Other views of a frame in which the same objects must be found again: mirrored, and zoomed and shifted a little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dsbench.embedded.video.frame import YuvFrame
from dsbench.jobs.probe import ZOOM_WINDOW, Turn, Window

WHOLE: Window = (0.0, 0.0, 1.0, 1.0)


def mirrored(frame: YuvFrame) -> YuvFrame:
    """Left and right exchanged."""
    planes = [np.ascontiguousarray(plane[:, ::-1]) for plane in (frame.y, frame.u, frame.v)]
    return replace(frame, y=planes[0], u=planes[1], v=planes[2])


def turned(frame: YuvFrame, degrees: Turn) -> YuvFrame:
    """The frame turned clockwise; a quarter turn exchanges width and height."""
    y, u, v = (np.ascontiguousarray(np.rot90(plane, -degrees // 90)) for plane in (frame.y, frame.u, frame.v))
    return replace(frame, y=y, u=u, v=v, width=y.shape[1], height=y.shape[0])


def zoomed(frame: YuvFrame, window: Window = ZOOM_WINDOW) -> YuvFrame:
    """What the frame shows in ``window``, at the frame's size, bilinear."""
    planes = [_resample(plane, window) for plane in (frame.y, frame.u, frame.v)]
    return replace(frame, y=planes[0], u=planes[1], v=planes[2])


def _resample(plane: npt.NDArray[np.uint8], window: Window) -> npt.NDArray[np.uint8]:
    left, top, right, bottom = window
    out = plane.astype(np.float32)
    for axis, (size, low, high) in enumerate(((plane.shape[0], top, bottom), (plane.shape[1], left, right))):
        place = np.clip((low + (np.arange(size) + 0.5) / size * (high - low)) * size - 0.5, 0, size - 1)
        first = np.minimum(place.astype(np.intp), max(size - 2, 0))
        part = (place - first).astype(np.float32)
        part = part[:, None] if axis == 0 else part[None]
        following = np.minimum(first + 1, size - 1)
        out = np.take(out, first, axis) * (1 - part) + np.take(out, following, axis) * part
    return np.round(out).astype(np.uint8)
