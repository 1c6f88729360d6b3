"""``**PERF:`` lines (semantics a6, l): header and rows, computed as DeepStream computes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsbench.embedded.app.shared_state import SharedState

_ROWS_PER_HEADER = 20


@dataclass(slots=True)
class HeaderCounter:
    """Rows since the last header; deepstream-app has one for all its instances."""

    rows: int = 0


class PerfReporter:
    """Prints one instance's rows. ``interval`` is the configured number of seconds, not the measured one.

    ``instance`` is None when the app runs a single configuration.
    """

    def __init__(
        self,
        state: SharedState,
        counters: Sequence[int],
        interval: int,
        header: HeaderCounter,
        instance: int | None = None,
    ) -> None:
        self._state = state
        self._counters = counters
        self._interval = interval
        self._header = header
        self._prefix = "**PERF:  " if instance is None else f"PERF({instance}): "
        self._before = [0] * len(counters)

    def report(self, now: float, out: Callable[[str], None]) -> None:
        """Print one row for the frames since the previous row, after a header if one is due."""
        if self._header.rows % _ROWS_PER_HEADER == 0:
            columns = "".join(f"FPS {i} (Avg)\t" for i in range(len(self._counters)))
            out(f"\n**PERF:  {columns}")
            self._header.rows = 0
        self._header.rows += 1
        cells = [self._cell(i, counter, now) for i, counter in enumerate(self._counters)]
        out(self._prefix + "".join(cells))

    def _cell(self, position: int, counter: int, now: float) -> str:
        # the first frame of a stream only starts its clock
        counted = max(0, self._state.frames(counter) - 1)
        fps = _ratio(counted - self._before[position], self._interval)
        self._before[position] = counted
        average = _ratio(counted, now - self._state.first_time(counter)) if counted else 0.0
        return f"{fps:.2f} ({average:.2f})\t"


def _ratio(frames: float, seconds: float) -> float:
    """Division as in C, but 0 instead of NaN, as DeepStream prints it."""
    if seconds == 0:
        return math.inf if frames > 0 else 0.0
    return frames / seconds
