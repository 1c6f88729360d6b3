"""clock: windows were longer or shorter than the interval, so the printed FPS are wrong by as much.

DeepStream divides frames by the configured interval, however late its timer fires. How long windows really were is
known by the averages in the rows, or by when rows were seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.elapsed import Elapsed, in_bursts
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode

TOLERANCE, SEEN_WITHIN_S = 0.03, 0.3
"""Fraction of the interval; and how late a row may be seen, which matters in short runs."""
_MIN_GAPS = 4
"""With fewer gaps between rows the clock is not judged."""
_BURST_ROWS = 1.5
"""The number of rows between two bursts may be wrong by up to this many."""


def find(run: JudgedRun) -> Reason | None:
    """The windows were longer or shorter than the interval by more than the tolerance."""
    if run.clock == 1:
        return None
    interval_s = run.windows.interval_s
    text = (
        f"PERF rows came every {run.clock * interval_s:.2f} s but FPS are computed with {interval_s} s, so the printed "
        f"FPS are {100 * abs(run.clock - 1):.0f}% too {'high' if run.clock > 1 else 'low'} (the intervals here are "
        "corrected): the machine is overloaded, or the app's main loop is blocked"
    )
    return Reason(ReasonCode.CLOCK, text)


def of_windows(windows: Windows, start: int, elapsed: Elapsed) -> float:
    """How long a window really was, as a multiple of its interval; 1 where that is not known, or within tolerance."""
    ratio = of_rows(windows, start, elapsed)
    seconds = (len(windows.fps) - start) * windows.interval_s
    return ratio if ratio and abs(ratio - 1) > TOLERANCE + SEEN_WITHIN_S / seconds else 1.0


def of_rows(windows: Windows, start: int, elapsed: Elapsed) -> float | None:
    """How long a window really was, as a multiple of the interval that FPS are computed with; None if not known.

    Where averages do not say how late the timer was, windows are as far apart as their rows were seen, rows that other
    output cut included. The gap of a row that was not seen at all counts as two.
    """
    gaps = _gaps(windows, start)
    seen = _as_seen(gaps, windows.interval_s)
    if not elapsed.by_averages or len(windows.fps) - start < _MIN_GAPS:
        return seen
    known = _by_averages(windows, start, elapsed)
    return known if in_bursts(gaps, windows.interval_s) else max(seen or 0.0, known)


def latest(windows: Windows, start: int, elapsed: Elapsed) -> float:
    """The largest multiple of the interval that a window may have been on average; 1 if nothing says so.

    Without averages: no row was lost without a trace. Where rows were seen several at once that is known to a row or
    so; where all came at once, they were printed one after the other since the app's start.
    """
    if elapsed.by_averages:
        return of_rows(windows, start, elapsed) or 1.0
    gaps = _gaps(windows, start)
    if len(gaps) < _MIN_GAPS:
        return 1.0
    if not in_bursts(gaps, windows.interval_s):
        return math.fsum(gaps) / len(gaps) / windows.interval_s
    known = _clock_of_bursts(gaps, windows.interval_s)
    rows = windows.earlier + len(windows.begun_s or windows.at_s)
    at_most = windows.at_s[-1] / (rows * windows.interval_s)
    return max(1.0, min(at_most, known[0] + known[1]) if known else at_most)


def _as_seen(gaps: Sequence[float], interval_s: float) -> float | None:
    if len(gaps) < _MIN_GAPS:
        return None
    if not in_bursts(gaps, interval_s):
        usual = median(gaps)
        intervals = sum(round(gap / usual) for gap in gaps)  # a row seen late makes the next gap short
        return math.fsum(gaps) / intervals / interval_s
    known = _clock_of_bursts(gaps, interval_s)
    return known[0] if known and abs(known[0] - 1) > known[1] else None


def _by_averages(windows: Windows, start: int, elapsed: Elapsed) -> float:
    rows = windows.number[-1] - (windows.number[start - 1] if start else windows.number[0] - 1)
    return math.fsum(elapsed.span_s[start:]) / rows / windows.interval_s


def _gaps(windows: Windows, start: int) -> list[float]:
    """Seconds between the times at which rows were read, from the row before ``start`` on."""
    times = windows.at_s[max(start - 1, 0) :]
    if times and windows.begun_s:
        times = tuple(at_s for at_s in windows.begun_s if times[0] <= at_s <= times[-1])
    return [after - before for before, after in pairwise(times)]


def _clock_of_bursts(gaps: Sequence[float], interval_s: float) -> tuple[float, float] | None:
    """The clock of rows in bursts and by how much it may be wrong; None from one burst.

    What is seen at once was printed since the burst before: from the first burst to the last one those of all but the
    first. A row more or less may belong to either.
    """
    ends = [number for number, gap in enumerate(gaps) if gap > interval_s / 2]  # of bursts
    if not ends:
        return None
    rows = len(gaps) - ends[0]
    return math.fsum(gaps[ends[0] : ends[-1] + 1]) / rows / interval_s, _BURST_ROWS / rows
