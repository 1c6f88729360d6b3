"""All streams over the last ten windows: their sum, the slowest, and whether the app hangs.

These figures are shown in addition to the specification's (judge/streams.py), never instead of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from dsbench.base.spec import LAST_WINDOWS
from dsbench.formats.perf.windows import Windows

HUNG_WINDOWS = 5
"""Windows at the end without a frame of any stream that make a hang."""


@dataclass(frozen=True)
class StreamFacts:
    """All streams over the last ten windows. ``means`` (streams,) in frames per second."""

    means: tuple[float, ...]
    total: float
    slowest: int
    fastest: int
    below_target: tuple[int, ...]
    start_up_counted: bool
    """Whether windows in which a stream had not yet begun are among the last ten: that lowers every figure."""


def stream_facts(windows: Windows, target_fps: float) -> StreamFacts | None:
    """Facts of the last ten windows; None without a whole window."""
    if not windows.fps:
        return None
    last = windows.fps[-LAST_WINDOWS:]
    means = tuple(sum(column) / len(last) for column in zip(*last, strict=True))
    order = sorted(range(len(means)), key=means.__getitem__)
    full = next((number for number, row in enumerate(windows.fps) if all(value > 0 for value in row)), None)
    # the first window with frames of every stream is still partly start-up
    start_up_counted = full is None or full >= len(windows.fps) - len(last)
    return StreamFacts(
        means=means,
        total=sum(means),
        slowest=order[0],
        fastest=order[-1],
        below_target=tuple(stream for stream, mean in enumerate(means) if mean < target_fps),
        start_up_counted=start_up_counted,
    )


def hung(windows: Windows) -> bool:
    """Whether every stream stalled to the end, far longer than any pause between frames before: the app hangs."""
    moving = [any(row) for row in windows.fps]
    if True not in moving or moving[-1]:
        return False
    pauses = [len(list(group)) for moves, group in groupby(moving[moving.index(True) :]) if not moves]
    return pauses[-1] >= max(HUNG_WINDOWS, 3 * max(pauses[:-1], default=0))
