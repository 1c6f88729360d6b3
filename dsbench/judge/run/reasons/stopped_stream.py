"""stopped-stream: a stream has no frame, or hardly one, in the last window or two. That is too short for a stall."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import fmean

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode, named
from dsbench.judge.run.reasons.stalled_stream import MIN_DUE_FRAMES, stalled

MIN_STOPPED_S = 2.0
"""Seconds of the last window without a frame, where it has some."""


def find(run: JudgedRun) -> Reason | None:
    """Streams that may have stopped at the end."""
    found = stopped(run.windows, run.start, run.target_fps * run.context.confirms)
    what = "had no frame at the end of the run, or so few that it may have stopped"
    text = f"{named(found)} {what}: read the log and raise --perf-seconds"
    return Reason(ReasonCode.STOPPED_STREAM, text) if found else None


def stopped(windows: Windows, start: int, target_fps: float = 0.0) -> tuple[int, ...]:
    """Numbers of the streams that may have stopped at the end of the steady windows, which begin with ``start``.

    Either the last window or two are empty where frames were due, and no pause before was as long. Or the last window
    has so few frames, fewer than any before and below ``target_fps``, that the stream delivered none for
    ``MIN_STOPPED_S`` of it. Stalled streams are not among them.
    """
    gone = stalled(windows)
    found = []
    for stream in range(windows.streams):
        values = windows.of_stream(stream)[start:]
        lengths, usual = pauses(values)
        *before, last = values
        if before and 0 < last < min(*before, target_fps) and (1 - last / usual) * windows.interval_s >= MIN_STOPPED_S:
            found.append(stream)
        if stream in gone or not lengths or not usual or windows.fps[-1][stream] > 0:
            continue
        due = usual * lengths[-1] * windows.interval_s
        if lengths[-1] > max(lengths[:-1], default=0) and due >= MIN_DUE_FRAMES:
            found.append(stream)
    return tuple(found)


def pauses(values: Sequence[float]) -> tuple[list[int], float]:
    """Lengths of the runs of windows without a frame, in order, and the mean of the other windows, 0 without one."""
    lengths = [len(list(group)) for moves, group in groupby(values, key=bool) if not moves]
    return lengths, fmean([value for value in values if value > 0] or [0.0])
