"""``NVDS_ENABLE_LATENCY_MEASUREMENT=1``: the latency of each frame from decoding to its boxes, in DeepStream's lines.

A frame's latency begins when its decoder starts on it and ends when its objects are available. It includes the time
that the frame waits for its turn and for other frames of its batch. Every source is reported, not only the first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from dsbench.formats import latency as latency_log

if TYPE_CHECKING:
    from dsbench.embedded.pipeline import FrameResult
    from dsbench.embedded.video.frame import YuvFrame

FRAMES, COMPONENTS = "NVDS_ENABLE_LATENCY_MEASUREMENT", "NVDS_ENABLE_COMPONENT_LATENCY_MEASUREMENT"
COMPONENTS_IGNORED = f"{COMPONENTS}: single components are not measured"


def wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment asks for latency lines, as DeepStream reads it: 1."""
    return environment.get(FRAMES) == "1"


class LatencyLines:
    """Records when the decoding of each frame begins, and prints its latency when its objects are available."""

    def __init__(self, out: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._begun: dict[tuple[int, int], float] = {}
        self._batch = 0
        self._pads: set[int] = set()
        self._lines: list[str] = []

    def timed(self, pad: int, frames: Iterator[YuvFrame]) -> Iterator[YuvFrame]:
        """The frames of a pad; records the start of each. Any thread may take the next one."""
        while True:
            begun = self._clock()
            frame = next(frames, None)
            if frame is None:
                return
            self._begun[pad, frame.index] = begun
            yield frame

    def take(self, result: FrameResult) -> None:
        """One frame has passed."""
        self.passed(result.pad, result.frame.index)

    def passed(self, pad: int, frame: int) -> None:
        """One frame has passed; a pad that returns begins a new batch."""
        took = 1000 * (self._clock() - self._begun.pop((pad, frame)))
        if pad in self._pads:
            self._flush()
        self._pads.add(pad)
        self._lines.append(latency_log.frame_line(pad, frame, took))

    def close(self) -> None:
        """Prints the last batch."""
        self._flush()

    def _flush(self) -> None:
        if self._lines:
            # one write for a batch: workers share the console
            self._out("\n".join((latency_log.batch_line(self._batch), *self._lines)))
            self._batch += 1
            self._pads.clear()
            self._lines.clear()
