"""What one run of the app says of all its streams, and whether it can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import elapsed, row_clock, standstill, statistics, steady, verdicts
from dsbench.judge.run.elapsed import Elapsed
from dsbench.judge.run.run_context import RunContext
from dsbench.judge.run.statistics import Interval
from dsbench.judge.run.verdicts import Reason, State, Steady

__all__ = ["Interval", "Measurement", "RealTime", "Reason", "State", "of_run"]

_ORDER = (State.INVALID, State.INCONCLUSIVE, State.VALID)


class RealTime(StrEnum):
    """Whether every stream keeps up with the target."""

    YES = "YES"
    NO = "NO"
    UNSURE = "UNSURE"


@dataclass(frozen=True)
class Measurement:
    """One run, all streams, over its steady windows. ``total`` and ``per_stream`` (streams,) are None and empty without
    a steady window; ``warm_up_s``: seconds since the app's start that are cut; ``stalled``: numbers of the streams that
    stand still; ``clock``: how long a window really was, as a multiple of its interval, 1 where not known."""

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

    @property
    def slowest(self) -> int | None:
        """The number of the stream with the smallest lower bound; None without a steady window."""
        return _slowest(self.per_stream) if self.per_stream else None

    @property
    def disturbed(self) -> bool:
        """Whether a reason comes from outside the pipeline: other load, throttling, lost rows."""
        return any(reason.code in verdicts.DISTURBED for reason in self.reasons)

    @property
    def real_time(self) -> RealTime:
        """YES if the measurement is valid and every stream's lower bound reaches the target; NO if a stream stands
        still, or the upper bound of one does not reach it and the measurement is neither invalid nor disturbed; else
        UNSURE."""
        slow = any(one.high < self.target_fps for one in self.per_stream)
        if self.stalled or (slow and self.state is not State.INVALID and not self.disturbed):
            return RealTime.NO
        every = bool(self.per_stream) and all(one.low >= self.target_fps for one in self.per_stream)
        return RealTime.YES if every and self.state is State.VALID else RealTime.UNSURE


def of_run(windows: Windows, target_fps: float, context: RunContext) -> Measurement:
    """The measurement of one run: warm-up cut, the intervals of all streams and of their sum, reasons against it."""
    stalled = standstill.stalled(windows)
    findings = [verdicts.stalled(stalled)] if stalled else []
    start = steady.warm_up(windows)
    if start >= len(windows.fps):
        findings.append(verdicts.rows_lost(windows) or verdicts.too_few(0))
        return _judged(findings, windows, target_fps, context, stalled=stalled)
    times = elapsed.of_run(windows)
    ratio = verdicts.clock(windows, start, times)
    total, *each = _intervals(windows, start, ratio, times)
    run = Steady(windows, start, target_fps, total, tuple(each), _slowest(each), times)
    findings += verdicts.of_steady(run, context)
    return _judged(findings, windows, target_fps, context, stalled=stalled, run=run, clock=ratio)


def _judged(
    findings: Sequence[Reason],
    windows: Windows,
    target_fps: float,
    context: RunContext,
    *,
    stalled: tuple[int, ...],
    run: Steady | None = None,
    clock: float = 1.0,
) -> Measurement:
    ordered = sorted(findings, key=lambda finding: _ORDER.index(finding.state))
    return Measurement(
        state=ordered[0].state if ordered else State.VALID,
        reasons=tuple(ordered),
        streams=windows.streams,
        target_fps=target_fps,
        warm_up_s=run.span[0] if run else 0.0,
        windows=run.count if run else 0,
        total=run.total if run else None,
        per_stream=run.each if run else (),
        stalled=stalled,
        ended_early_s=context.ended_early_s,
        clock=clock,
    )


def _intervals(windows: Windows, start: int, ratio: float, times: Elapsed) -> list[Interval]:
    """Of the sum and of each stream, in frames per second of real time: corrected by ``ratio``, or else wider by what
    the clock was seen to be off."""
    counted = windows.fps[start:]
    columns = [steady.totals(windows)[start:], *map(list, zip(*counted, strict=True))]
    frame = 1 / (len(counted) * windows.interval_s)
    found = statistics.intervals(columns, (windows.streams * frame, *[frame] * windows.streams))
    if ratio != 1:
        return [one.scaled(1 / ratio) for one in found]
    seen, latest = row_clock.of_rows(windows, start, times) or 1.0, row_clock.latest(windows, start, times)
    return [Interval(one.mean, one.low / max(1.0, latest), one.high / min(1.0, seen)) for one in found]


def _slowest(each: Sequence[Interval]) -> int:
    return min(range(len(each)), key=lambda number: each[number].low)
