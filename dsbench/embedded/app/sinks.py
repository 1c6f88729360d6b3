"""The sinks of a frame after inference, except drawing: files, counters, real-time pacing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dsbench.embedded.app.kitti_sink import KittiSink
from dsbench.embedded.app.shared_state import SharedState
from dsbench.embedded.pipeline import FrameResult
from dsbench.formats import kitti

if TYPE_CHECKING:
    from dsbench.embedded.video.decode import VideoSource


class KittiOutput:
    """``gie-kitti-output-dir``: a file for every frame, empty without objects or without inference."""

    def __init__(self, sink: KittiSink) -> None:
        self._sink = sink

    def take(self, result: FrameResult) -> None:
        """Writes one frame's file."""
        self._sink.write(result.pad, result.frame.index, result.objects)

    def close(self) -> None:
        """Nothing is held open."""


class TensorDump:
    """``--dump-input-tensor DIR``: the network input of every inferred frame as ``II_SSS_FFFFFF.npy``."""

    def __init__(self, directory: Path, instance: int) -> None:
        self._directory = directory
        self._instance = instance

    def take(self, result: FrameResult) -> None:
        """Writes one frame's tensor (c, h, w), or (h, w, c) with network-input-order=1; float32."""
        if result.inferred is not None and result.inferred.tensor is not None:
            name = kitti.file_name(self._instance, result.pad, result.frame.index)
            np.save(self._directory / name.replace(".txt", ".npy"), result.inferred.tensor)

    def close(self) -> None:
        """Nothing is held open."""


class Counters:
    """Counts frames at the place of deepstream-app's PERF probe: after inference, before any sink."""

    def __init__(self, state: SharedState, counters: Mapping[int, int]) -> None:
        self._state = state
        self._counters = counters

    def take(self, result: FrameResult) -> None:
        """Count one frame."""
        self._state.count(self._counters[result.pad])

    def close(self) -> None:
        """The block stays mapped: the app still reads it."""


class RealTimePacer:
    """``sync=1``: holds the pipeline until the presentation time of stream ``pad``'s frames."""

    def __init__(self, pad: int, source: VideoSource) -> None:
        self._pad = pad
        self._period = source.frame_period
        self._begin: float | None = None

    def take(self, result: FrameResult) -> None:
        """Wait until the frame is due; a late frame passes at once."""
        if result.pad != self._pad:
            return
        now = time.monotonic()
        if self._begin is None:
            self._begin = now
        time.sleep(max(0.0, self._begin + result.frame.index * self._period - now))

    def close(self) -> None:
        """Nothing is held open."""
