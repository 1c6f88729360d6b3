"""paused-stream: a stream stopped delivering frames for a while and then went on.

A slow model and frames that come several at a time look alike: the number of frames that were due separates them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from statistics import median

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.elapsed import Elapsed
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode, named
from dsbench.judge.run.reasons.stopped_stream import pauses
from dsbench.judge.run.steady import all_begun, first_frame

MIN_DUE_FRAMES = 10
"""Frames that must have been due in windows without one."""
MIN_PAUSE_S = 2.0
"""Seconds without frames that are no start, however slow."""
_BATCH_FRAMES = 30
"""A stream whose frames come together has fewer of them at once."""
_NEARLY = 0.99
"""Windows are known to some milliseconds."""
_MIN_WINDOWS, _SPREAD, _MIN_LACK = 8, 1.4826, 0.05
"""Windows by which one is known to be low; standard deviations in a median deviation; fraction that a low one lacks."""
_LONG = 1.25
"""Intervals from which on a window is long: its row was late, or rows before it were cut."""
_SLOWEST_START, _FALLEN = 0.25, 0.5
"""Fractions of the usual rate below which a window is no start, and of a window's rate below which the next fell."""


def find(run: JudgedRun) -> Reason | None:
    """Streams that paused within the run."""
    found = paused(run.windows, run.start, run.elapsed, run.target_fps * run.context.confirms)
    text = f"{named(found)} paused within the run although frames were due: read the log for errors of the source"
    return Reason(ReasonCode.PAUSED_STREAM, text) if found else None


def paused(windows: Windows, start: int, elapsed: Elapsed, target_fps: float = 0.0) -> tuple[int, ...]:
    """Numbers of the streams that paused for a while and then went on.

    In the steady windows, which begin with ``start``, a stream paused where

    - windows have no frame although some were due. No pause is seen where more than a third of the windows are empty,
      nor where more than a tenth are pauses of a few frames: a slow model, or one whose frames come several at a time;
    - a long window (its row was late, or rows before it were cut) lacks the frames of ``MIN_PAUSE_S``;
    - with a target: a few windows of a stream that runs evenly lack as many, one after the other.

    Before the steady windows a stream may come up slowly. It paused where it ran and then had less than half of that,
    or hardly a frame for ``MIN_PAUSE_S``, or, by its average, a first frame and then none for as long. Windows from
    ``target_fps`` on do not count there. ``elapsed`` says how long windows were and when the first frame came.
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
            or (elapsed.by_averages and _long_lacks(passed[start:], usual, windows.interval_s))
            or (target_fps > 0 and _several_lack(even[start:], windows.interval_s))
            or at_first.paused(target_fps)
        ):
            found.append(stream)
    return tuple(found)


def _long_lacks(passed: Sequence[tuple[float, float]], usual: float, interval_s: float) -> bool:
    long = ((frames, seconds) for frames, seconds in passed if seconds > _LONG * interval_s)
    return usual > 0 and any(seconds - frames / usual >= _pause_s(usual) for frames, seconds in long)


def _pause_s(usual: float) -> float:
    """Seconds without a frame that make a pause of a stream of this rate."""
    return max(_NEARLY * MIN_PAUSE_S, MIN_DUE_FRAMES / usual)


def _several_lack(passed: Sequence[tuple[float, float]], interval_s: float) -> bool:
    """Whether a stream that runs evenly has a few windows, one after the other, that lack the frames of
    ``MIN_PAUSE_S``. A camera's frames waited as long, although none of these windows may be below the target.
    ``passed``: frames and seconds of each window."""
    values = [frames / seconds for frames, seconds in passed]
    while values and not values[-1]:
        values.pop()  # whether it went on nobody knows
    if len(values) > 1 and values[-1] < min(values[:-1]):
        values.pop()  # nor of one that is lower than all before
    usual = median(values) if len(values) >= _MIN_WINDOWS else 0.0
    if usual <= 0:
        return False
    uneven = _SPREAD * median(abs(value - usual) for value in values)
    lowest_usual = usual - max(4 * uneven, _MIN_LACK * usual, 2 / interval_s)
    low = [value < lowest_usual for value in values]
    if sum(low) > max(2, len(values) / 5):
        return False
    runs = groupby(zip(low, passed, strict=False), key=itemgetter(0))
    lost_s = [math.fsum(seconds - frames / usual for _, (frames, seconds) in run) for is_low, run in runs if is_low]
    return max(lost_s, default=0.0) >= _pause_s(usual)


def _empty(values: Sequence[float], interval_s: float) -> bool:
    lengths, usual = pauses(values)
    ended = lengths[:-1] if values and not values[-1] else lengths
    due = usual * max(ended, default=0) * interval_s
    often = len(lengths) > len(values) / 10 and due < _BATCH_FRAMES
    return due >= MIN_DUE_FRAMES and sum(lengths) <= len(values) / 3 and not often


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

    def paused(self, target_fps: float) -> bool:
        usual, enough = self.usual, min(self.lowest, target_fps)
        if usual <= 0 or not self.cut:
            return False
        (began, first_s), *others = self.cut
        highest, fallen_s, hardly_s = min(began / first_s, usual), 0.0, 0.0
        if began < min(enough, _SLOWEST_START * usual) * self.since_first_s:
            hardly_s = self.since_first_s - began / usual
        for frames, seconds in others:
            fps, lacks_s = frames / seconds, seconds - frames / usual
            if fps < min(enough, _FALLEN * highest) and highest >= _SLOWEST_START * usual:
                fallen_s += lacks_s
            if fps < min(enough, _SLOWEST_START * usual):
                hardly_s += lacks_s
            highest = max(highest, min(fps, usual))
        before_s = self._before_the_first() if target_fps else 0.0
        return max(2 * fallen_s, hardly_s, before_s) >= _pause_s(usual)

    def _before_the_first(self) -> float:
        """Seconds without a frame behind the very first one: whole windows, or what their rows that were cut hide."""
        frames, seconds = self.cut[0]
        several = seconds > _LONG * self.interval_s
        return self.since_first_s - (frames / self.usual if several else seconds)
