"""What one run of the app says of all its streams, and whether it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import elapsed, find_reasons, statistics, steady
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import DISTURBED, Reason, State
from dsbench.judge.run.reasons import clock, stalled_stream
from dsbench.judge.run.run_context import RunContext
from dsbench.judge.run.statistics import Interval

__all__ = ["Interval", "Measurement", "RealTime", "Reason", "State", "of_run"]

_WORST_FIRST = (State.INVALID, State.INCONCLUSIVE, State.VALID)


class RealTime(StrEnum):
    """Whether every stream keeps up with the target."""

    YES = "YES"
    NO = "NO"
    UNSURE = "UNSURE"


@dataclass(frozen=True)
class Measurement:
    """One run, all streams, over its steady windows. ``total`` and ``per_stream`` (streams,) are None and empty without
    a steady window; ``warm_up_s``: seconds since the app's start that are cut; ``stalled``: numbers of the streams that
    stalled to the end; ``clock``: how long a window really was, as a multiple of its interval, 1 where not known;
    ``lowest`` (streams,): each stream's lowest steady window in real-time FPS; ``remarks``: what was seen but cannot
    change the answer, such as two levels that both reach the target."""

    state: State
    reasons: tuple[Reason, ...]
    streams: int
    target_fps: float
    warm_up_s: float
    windows: int
    total: Interval | None
    per_stream: tuple[Interval, ...]
    stalled: tuple[int, ...]
    ended_early_s: float | None = None
    clock: float = 1.0
    lowest: tuple[float, ...] = ()
    remarks: tuple[Reason, ...] = ()

    @property
    def slowest(self) -> int | None:
        """The number of the stream with the smallest lower bound; None without a steady window."""
        streams = range(len(self.per_stream))
        return min(streams, key=lambda number: self.per_stream[number].low, default=None)

    @property
    def disturbed(self) -> bool:
        """Whether a reason comes from outside the pipeline: other load, throttling, lost rows."""
        return any(reason.code in DISTURBED for reason in self.reasons)

    @property
    def real_time(self) -> RealTime:
        """YES if the measurement is valid and every stream's lower bound, or each of its windows, reaches the target;
        NO if a stream stalled, or the upper bound of one does not reach it and the measurement is neither invalid nor
        disturbed; else UNSURE."""
        slow = any(one.high < self.target_fps for one in self.per_stream)
        if self.stalled or (slow and self.state is not State.INVALID and not self.disturbed):
            return RealTime.NO
        every = bool(self.per_stream) and all(one.low >= self.target_fps for one in self.per_stream)
        sure = every or self.every_window
        return RealTime.YES if sure and self.state is State.VALID else RealTime.UNSURE

    @property
    def every_window(self) -> bool:
        """Whether every steady window of every stream reaches the target."""
        return bool(self.lowest) and min(self.lowest) >= self.target_fps


def of_run(windows: Windows, target_fps: float, context: RunContext) -> Measurement:
    """One run judged: the intervals of all streams and of their sum without warm-up, and the reasons against it."""
    stalled, start = stalled_stream.stalled(windows), steady.warm_up(windows)
    run = JudgedRun(windows, target_fps, context, start, stalled, elapsed.of_run(windows))
    if run.count:
        run = _with_intervals(run)
    found = find_reasons(run)
    reasons = sorted(found.reasons, key=lambda reason: _WORST_FIRST.index(reason.state))
    return Measurement(
        state=reasons[0].state if reasons else State.VALID,
        reasons=tuple(reasons),
        streams=windows.streams,
        target_fps=target_fps,
        warm_up_s=run.span[0] if run.count else 0.0,
        windows=run.count,
        total=run.total if run.count else None,
        per_stream=run.each,
        stalled=stalled,
        ended_early_s=context.ended_early_s,
        clock=run.clock,
        lowest=run.lowest,
        remarks=found.remarks,
    )


def _with_intervals(run: JudgedRun) -> JudgedRun:
    """Adds the intervals of the sum and of each stream, in real-time FPS.

    They are divided by the clock ratio if it is known, else widened by the observed clock error.
    """
    windows, start = run.windows, run.start
    counted = windows.fps[start:]
    columns = [steady.totals(windows)[start:], *map(list, zip(*counted, strict=True))]
    frame = 1 / (len(counted) * windows.interval_s)
    found = statistics.intervals(columns, (windows.streams * frame, *[frame] * windows.streams))
    ratio = clock.of_windows(windows, start, run.elapsed)
    lowest = tuple(map(min, columns[1:]))
    if ratio != 1:
        total, *each = [one.scaled(1 / ratio) for one in found]
        lowest = tuple(one / ratio for one in lowest)
    else:
        seen = clock.of_rows(windows, start, run.elapsed) or 1.0
        latest = clock.latest(windows, start, run.elapsed)
        lowest = tuple(one / max(1.0, latest) for one in lowest)
        total, *each = [Interval(one.mean, one.low / max(1.0, latest), one.high / min(1.0, seen)) for one in found]
    return replace(run, clock=ratio, total=total, each=tuple(each), lowest=lowest)
