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

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.elapsed import Elapsed
from dsbench.judge.run.steady import all_begun, first_frame
from dsbench.judge.run.windows import STALLED_WINDOWS

PAUSED_FRAMES = 10
"""So many frames were due in windows without one, after which the stream went on: it stood still."""
NEVER_STARTED_WINDOWS = 5
"""So many windows without a frame of any stream: nothing runs."""
_STALLED_FRAMES = 5
"""So many frames must have been due in them: a slow model has windows without a frame."""
_BATCH_FRAMES = 30
"""A stream whose frames come together has fewer of them at once."""
STILL_S = 2.0
"""Seconds without frames that are no start, however slow."""
_NEARLY = 0.99
"""Windows are known to some milliseconds."""
_FEWEST, _SPREAD, _EVEN = 8, 1.4826, 0.05
"""Windows by which one can be told to be low; standard deviations in a median deviation; the least share it lacks."""
_LONG = 1.25
"""Times the interval."""
_SLOWEST_START, _FALLEN = 0.25, 0.5
"""Shares: of the usual rate, below which a window is no start; of a window's rate, below which the next has fallen."""


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


def stopped(windows: Windows, start: int, target_fps: float = 0.0) -> tuple[int, ...]:
    """Numbers of the streams without a frame in the last window or two, too few to say that they stand still, where
    frames were due and no pause from window ``start`` on was as long; or with so few in the last one, fewer than ever
    and below ``target_fps``, that they stood still for ``STILL_S`` of it."""
    gone = stalled(windows)
    found = []
    for stream in range(windows.streams):
        values = windows.of_stream(stream)[start:]
        pauses, usual = _pauses(values)
        *before, last = values
        if before and 0 < last < min(*before, target_fps) and (1 - last / usual) * windows.interval_s >= STILL_S:
            found.append(stream)
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


def paused(windows: Windows, start: int, elapsed: Elapsed, target_fps: float = 0.0) -> tuple[int, ...]:
    """Numbers of the streams that stood still for a while and then went on.

    From window ``start`` on, that is where windows have no frame although some were due, or where a window that was
    long (rows were late, or cut), or with a target a few of a stream that runs evenly, have as many fewer than usual as
    come in ``STILL_S``. Before it a stream may come up slowly, but one that ran and then had less than half of that, or
    hardly a frame for ``STILL_S``, or by its average a first frame and then none for as long, had begun and stood
    still; windows from ``target_fps`` on do not count there. ``elapsed`` tells how long windows were and when the first
    frame was.

    A slow model, or one whose frames come several at a time, has windows without a frame all the time: no pause is seen
    where more than a third of the windows are empty, nor where more than a tenth are pauses of a few frames.
    """
    begun, found = all_begun(windows), []
    for stream in range(windows.streams):
        values = windows.of_stream(stream)
        usual = median(values[start:])
        passed = [(row[stream], seconds) for row, seconds in zip(elapsed.frames, elapsed.span_s, strict=True)]
        # rows that were seen late are judged by themselves
        even = passed if elapsed.by_averages else [(frames, windows.interval_s) for frames, _ in passed]
        since_first_s = elapsed.since_first_s[stream] * (first_frame(values) == begun)
        at_first = _Start(passed[begun:start], min(values[start:]), usual, since_first_s, windows.interval_s)
        if (
            _empty(values[start:], windows.interval_s)
            or (elapsed.by_averages and _hidden(passed[start:], usual, windows.interval_s))
            or (target_fps > 0 and _lacking(even[start:], windows.interval_s))
            or at_first.stood_still(target_fps)
        ):
            found.append(stream)
    return tuple(found)


def _hidden(passed: Sequence[tuple[float, float]], usual: float, interval_s: float) -> bool:
    long = ((frames, seconds) for frames, seconds in passed if seconds > _LONG * interval_s)
    return usual > 0 and any(seconds - frames / usual >= _still_s(usual) for frames, seconds in long)


def _still_s(usual: float) -> float:
    """Seconds in which a stream of this rate must have had no frame to have stood still."""
    return max(_NEARLY * STILL_S, PAUSED_FRAMES / usual)


def _lacking(passed: Sequence[tuple[float, float]], interval_s: float) -> bool:
    """Whether a stream that runs evenly has a few windows, one after the other, that lack the frames of ``STILL_S``: a
    camera's frames waited as long, although none of these windows may be below the target. ``passed``: frames and
    seconds of each window."""
    values = [frames / seconds for frames, seconds in passed]
    while values and not values[-1]:
        values.pop()  # whether it went on nobody knows
    if len(values) > 1 and values[-1] < min(values[:-1]):
        values.pop()  # nor of one that is lower than all before
    usual = median(values) if len(values) >= _FEWEST else 0.0
    if usual <= 0:
        return False
    uneven = _SPREAD * median(abs(value - usual) for value in values)
    least = usual - max(4 * uneven, _EVEN * usual, 2 / interval_s)
    low = [value < least for value in values]
    if sum(low) > max(2, len(values) / 5):
        return False
    runs = groupby(zip(low, passed, strict=False), key=itemgetter(0))
    lost_s = [math.fsum(seconds - frames / usual for _, (frames, seconds) in run) for is_low, run in runs if is_low]
    return max(lost_s, default=0.0) >= _still_s(usual)


def _empty(values: Sequence[float], interval_s: float) -> bool:
    pauses, usual = _pauses(values)
    ended = pauses[:-1] if values and not values[-1] else pauses
    due = usual * max(ended, default=0) * interval_s
    often = len(pauses) > len(values) / 10 and due < _BATCH_FRAMES
    return due >= PAUSED_FRAMES and sum(pauses) <= len(values) / 3 and not often


@dataclass(frozen=True)
class _Start:
    """One stream. ``cut``: frames and seconds of the windows from the one in which all had begun, which is partly
    start-up, up to the first steady one; ``lowest`` and ``usual`` FPS of the steady ones; ``since_first_s``: from its
    first frame to the end of the first of these windows, 0 if not known."""

    cut: Sequence[tuple[float, float]]
    lowest: float
    usual: float
    since_first_s: float
    interval_s: float

    def stood_still(self, target_fps: float) -> bool:
        usual, least = self.usual, min(self.lowest, target_fps)
        if usual <= 0 or not self.cut:
            return False
        (began, first_s), *others = self.cut
        highest, fallen_s, hardly_s = min(began / first_s, usual), 0.0, 0.0
        if began < min(least, _SLOWEST_START * usual) * self.since_first_s:
            hardly_s = self.since_first_s - began / usual
        for frames, seconds in others:
            fps, lacks_s = frames / seconds, seconds - frames / usual
            if fps < min(least, _FALLEN * highest) and highest >= _SLOWEST_START * usual:
                fallen_s += lacks_s
            if fps < min(least, _SLOWEST_START * usual):
                hardly_s += lacks_s
            highest = max(highest, min(fps, usual))
        before_s = self._before_the_first() if target_fps else 0.0
        return max(2 * fallen_s, hardly_s, before_s) >= _still_s(usual)

    def _before_the_first(self) -> float:
        """Seconds without a frame behind the very first one: whole windows, or what their rows that were cut hide."""
        frames, seconds = self.cut[0]
        several = seconds > _LONG * self.interval_s
        return self.since_first_s - (frames / self.usual if several else seconds)
