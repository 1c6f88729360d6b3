"""What decoding a clip's beginning shows: how many frames differ, and some of them as small pictures."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dsbench.embedded.probes import pictures
from dsbench.embedded.video.frame import YuvFrame
from dsbench.jobs.probe import ClipSample, sample_key

_STEP = 4
"""Rows and columns of which one is compared."""


class FrameCounter:
    """Counts the frames that pass, and how many of them differ."""

    def __init__(self) -> None:
        self.decoded = 0
        self._seen: set[int] = set()

    def watch(self, frames: Iterable[YuvFrame]) -> Iterator[YuvFrame]:
        """The same frames, counted from 0."""
        self.decoded = 0
        self._seen = set()
        for frame in frames:
            self.decoded += 1
            self._seen.add(zlib.crc32(frame.y[::_STEP, ::_STEP].tobytes()))
            yield frame

    def sample(self, frames: Sequence[YuvFrame]) -> ClipSample:
        """The counts, and the numbers of ``frames``."""
        return ClipSample(tuple(frame.index for frame in frames), self.decoded, len(self._seen))


def keyed(frames: Sequence[YuvFrame]) -> dict[str, npt.NDArray[np.uint8]]:
    """Small pictures by their keys in the .npz."""
    return {sample_key(position): pictures.small(frame) for position, frame in enumerate(frames)}
