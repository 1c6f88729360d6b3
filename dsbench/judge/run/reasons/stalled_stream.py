"""stalled-stream: a stream delivers no frame up to the end of the run, or never delivered one.

The others then have the machine to themselves, so no figure holds for that many streams.
"""

from __future__ import annotations

from itertools import groupby
from statistics import fmean, median

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode, State, named
from dsbench.judge.run.steady import first_frame

MIN_WINDOWS = 3
"""Windows of 0.00 at the end of a run that make a stall."""
MIN_DUE_FRAMES = 5
"""Frames that must have been due in them: a slow model has windows without a frame."""
NEVER_STARTED_WINDOWS = 5
"""Windows without a frame of any stream after which the run counts as never started."""


def find(run: JudgedRun) -> Reason | None:
    """Streams that stalled to the end."""
    if not run.stalled:
        return None
    what = "stalled until the end of the run: read the log for errors of the source; no figure holds for all streams"
    return Reason(ReasonCode.STALLED_STREAM, f"{named(run.stalled)} {what}", State.INVALID)


def stalled(windows: Windows) -> tuple[int, ...]:
    """Numbers of the streams that deliver nothing at the end, or never had a frame although one was due."""
    return tuple(stream for stream in range(windows.streams) if _stalled(windows, stream))


def _stalled(windows: Windows, stream: int) -> bool:
    values = windows.of_stream(stream)
    first = first_frame(values)
    if first is None:
        return _never_started(windows)
    empty = next((number for number, value in enumerate(reversed(values)) if value > 0), len(values))
    moving = values[first : len(values) - empty]
    longest = max((len(list(group)) for moves, group in groupby(moving, key=bool) if not moves), default=0)
    due = fmean(moving) * empty * windows.interval_s
    return empty >= max(MIN_WINDOWS, 3 * longest) and due >= MIN_DUE_FRAMES


def _never_started(windows: Windows) -> bool:
    """Whether a stream without any frame should have had one, by what the others had."""
    count = len(windows.fps)
    means = [fmean(column) for column in zip(*windows.fps, strict=True)]
    if not any(means):
        return count >= NEVER_STARTED_WINDOWS
    return count >= MIN_WINDOWS and median(means) * count * windows.interval_s >= MIN_DUE_FRAMES
