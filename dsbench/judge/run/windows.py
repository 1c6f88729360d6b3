"""What stream 0's average does not show: the sum of all streams, slow ones, ones that stand still.

These figures stand beside the specification's (judge/streams.py), never instead of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from statistics import median

from dsbench.formats.perf.windows import Windows
from dsbench.judge.streams import LAST_WINDOWS

STALLED_WINDOWS = 3
"""So many windows of 0.00 at the end of a run: the stream stands still."""
HUNG_WINDOWS = 5
SILENT_INTERVALS = 2.5
"""So many intervals without a row at the end of a run: rows are missing, not late."""
_UNREAD_ROWS = 2


@dataclass(frozen=True)
class StreamFacts:
    """All streams over the last ten windows. ``means`` (streams,) in frames per second; ``stalled``: their numbers."""

    means: tuple[float, ...]
    total: float
    slowest: int
    fastest: int
    stalled: tuple[int, ...]
    below_target: tuple[int, ...]
    first_full_s: float | None
    """Seconds until the first window in which every stream had frames: start-up."""
    start_up_counted: bool
    """Whether windows from before that are among the last ten, which lowers every figure."""


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
        stalled=tuple(stream for stream in range(len(means)) if _stands_still(windows.of_stream(stream))),
        below_target=tuple(stream for stream, mean in enumerate(means) if mean < target_fps),
        first_full_s=None if full is None else windows.at_s[full],
        start_up_counted=start_up_counted,
    )


def hung(windows: Windows) -> bool:
    """Whether every stream stood still to the end, far longer than any pause between frames before: the app hangs."""
    moving = [any(row) for row in windows.fps]
    if True not in moving or moving[-1]:
        return False
    pauses = [len(list(group)) for moves, group in groupby(moving[moving.index(True) :]) if not moves]
    return pauses[-1] >= max(HUNG_WINDOWS, 3 * max(pauses[:-1], default=0))


def silent_s(windows: Windows, seconds: float) -> float:
    """Seconds without a PERF row of any kind at the end of a run of ``seconds``; 0 where a row could not be due or none
    came.

    PERF is a timer of the app's main loop: where it falls silent, the whole app does. A row that other output cut is
    one.
    """
    if windows.last_row_s is None:
        return 0.0
    pause = seconds - windows.last_row_s
    return pause if pause >= SILENT_INTERVALS * windows.interval_s else 0.0


def unread_s(windows: Windows) -> float:
    """Seconds at the end in which rows came but none was whole; 0 for a single one, which Ctrl-C may have cut."""
    if windows.last_row_s is None:
        return 0.0
    last = windows.at_s[-1] if windows.at_s else 0.0
    return windows.last_row_s - last if sum(begun > last for begun in windows.begun_s) >= _UNREAD_ROWS else 0.0


def missing_s(times: Sequence[float], interval_s: float) -> float:
    """The longest time by which rows seen at ``times`` came later than one after the other, in seconds.

    Rows that are seen late and then together are not missing: how late a row is counts only as far as all after it are
    late too. Rows in bursts were not seen as they came: 0.
    """
    gaps = [after - before for before, after in pairwise(times)]
    if not gaps or (usual := median(gaps)) < interval_s / 2:
        return 0.0
    late = late_for_good([at_s - times[0] - number * usual for number, at_s in enumerate(times)])
    return max(after - before for before, after in pairwise(late))


def late_for_good(late: Sequence[float]) -> list[float]:
    """How late each row is, only as far as all after it are late too: what is more was seen late, not printed late."""
    return list(accumulate(reversed(late), min))[::-1]


def _stands_still(values: tuple[float, ...]) -> bool:
    return len(values) >= STALLED_WINDOWS and not any(values[-STALLED_WINDOWS:])
