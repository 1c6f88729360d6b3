"""Streams that stood still: to the end, in the last windows, or for a while.

Pure functions over one run's windows; what a slow model or frames that come several at a time look like is told apart
by how many frames were due.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from statistics import fmean, median

from dsbench.formats.perf_windows import Windows
from dsbench.judge.steady import all_begun, first_frame

STALLED_WINDOWS = 3
"""So many windows of 0.00: the stream stands still."""
PAUSED_FRAMES = 10
"""So many frames were due in windows without one, after which the stream went on: it stood still."""
NEVER_STARTED_WINDOWS = 5
"""So many windows without a frame of any stream: nothing runs."""
_STALLED_FRAMES = 5
"""So many frames must have been due in them: a slow model has windows without a frame."""
_BATCH_FRAMES = 30
"""A stream whose frames come together has fewer of them at once."""
STILL_S = 2.0
"""Seconds without frames that a stream cannot have been steady through, whole windows or parts of them."""
_LOW, _SLOWEST_START, _FALLEN = 0.75, 0.25, 0.5
"""Shares of a stream's usual rate: a window that lacks frames; one of a start that is none; one after a faster one."""


def stalled(windows: Windows) -> tuple[int, ...]:
    """Numbers of the streams that stand still at the end, or never had a frame although it was due."""
    return tuple(stream for stream in range(windows.streams) if _ends_still(windows, stream))


def _ends_still(windows: Windows, stream: int) -> bool:
    values = windows.of_stream(stream)
    first = first_frame(values)
    if first is None:
        means = [fmean(row) for row in zip(*windows.fps, strict=True)]
        usual = median(means) if means else 0.0
        if not any(means):
            return len(values) >= NEVER_STARTED_WINDOWS
        return len(values) >= STALLED_WINDOWS and usual * len(values) * windows.interval_s >= _STALLED_FRAMES
    still = next((number for number, value in enumerate(reversed(values)) if value > 0), len(values))
    moving = values[first : len(values) - still]
    longest = max((len(list(group)) for moves, group in groupby(moving, key=bool) if not moves), default=0)
    due = fmean(moving) * still * windows.interval_s
    return still >= max(STALLED_WINDOWS, 3 * longest) and due >= _STALLED_FRAMES


def stopped(windows: Windows, start: int) -> tuple[int, ...]:
    """Numbers of the streams without a frame in the last window or two, too few to say that they stand still, where
    frames were due and no pause from window ``start`` on was as long."""
    gone = stalled(windows)
    found = []
    for stream in range(windows.streams):
        pauses, usual = _pauses(windows.of_stream(stream)[start:])
        if stream in gone or not pauses or not usual or windows.fps[-1][stream] > 0:
            continue
        due = usual * pauses[-1] * windows.interval_s
        if pauses[-1] > max(pauses[:-1], default=0) and due >= _STALLED_FRAMES:
            found.append(stream)
    return tuple(found)


def _pauses(values: Sequence[float]) -> tuple[list[int], float]:
    """Lengths of the runs of windows without a frame, in their order, and the mean of the other windows, 0 without."""
    lengths = [len(list(group)) for moves, group in groupby(values, key=bool) if not moves]
    return lengths, fmean([value for value in values if value > 0] or [0.0])


def paused(windows: Windows, start: int, target_fps: float = 0.0) -> tuple[int, ...]:
    """Numbers of the streams that stood still for a while and then went on.

    From window ``start`` on, that is where windows have no frame although some were due, or where windows below
    ``target_fps`` (0: not looked at) lack, one after the other, as many frames as the stream has in ``STILL_S``. Before
    it, a stream may come up slowly, but one that ran and then had less than half of that, or hardly a frame for
    ``STILL_S``, had begun and stood still; windows from the target on do not count there either.

    A slow model, or one whose frames come several at a time, has windows without a frame all the time: no pause is seen
    where more than a third of the windows are empty, nor where more than a tenth are pauses of a few frames.
    """
    begun, found = all_begun(windows), []
    for stream in range(windows.streams):
        values = windows.of_stream(stream)
        at_first = _Start(values[begun:start], values[start:], windows.interval_s)
        if (
            _empty(values[start:], windows.interval_s)
            or _lacking(values[start:], windows.interval_s, target_fps)
            or at_first.stood_still(target_fps)
        ):
            found.append(stream)
    return tuple(found)


def _empty(values: Sequence[float], interval_s: float) -> bool:
    pauses, usual = _pauses(values)
    ended = pauses[:-1] if values and not values[-1] else pauses
    due = usual * max(ended, default=0) * interval_s
    often = len(pauses) > len(values) / 10 and due < _BATCH_FRAMES
    return due >= PAUSED_FRAMES and sum(pauses) <= len(values) / 3 and not often


def _lacking(values: Sequence[float], interval_s: float, target_fps: float) -> bool:
    """Low windows are looked at only where they are few: where they are many it is the stream's way to run."""
    while values and not values[-1]:
        values = values[:-1]  # of those nobody knows whether it went on
    usual = median(values) if values else 0.0
    low = [value < min(target_fps, _LOW * usual) for value in values]
    if not any(low) or sum(low) > len(values) / 5:
        return False
    longest = 0.0
    for is_low, run in groupby(zip(low, values, strict=True), key=itemgetter(0)):
        if is_low:
            longest = max(longest, _lost_s([value for _, value in run], usual, interval_s))
    return longest >= STILL_S and longest * usual >= PAUSED_FRAMES


def _lost_s(values: Sequence[float], usual: float, interval_s: float) -> float:
    """In how many seconds a stream has the frames that these windows lack."""
    return math.fsum(1 - value / usual for value in values) * interval_s


@dataclass(frozen=True)
class _Start:
    """``cut``: one stream's windows from the one in which all had begun, which is partly start-up, up to the first of
    the ``rest``, the steady ones."""

    cut: Sequence[float]
    rest: Sequence[float]
    interval_s: float

    def stood_still(self, target_fps: float) -> bool:
        usual = median(self.rest) if self.rest else 0.0
        if usual <= 0:
            return False
        least, highest = min(*self.rest, target_fps), 0.0
        fallen, hardly = [], []
        for number, value in enumerate(self.cut):
            low = number and value < least
            if low and value < _FALLEN * highest and highest >= _SLOWEST_START * usual:
                fallen.append(value)
            if low and value < _SLOWEST_START * usual:
                hardly.append(value)
            highest = max(highest, min(value, usual))
        lost = max(_lost_s(fallen, usual, self.interval_s), _lost_s(hardly, usual, self.interval_s) - STILL_S / 2)
        return lost >= STILL_S / 2 and lost * usual >= PAUSED_FRAMES
