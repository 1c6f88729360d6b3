"""Why a measurement is invalid or inconclusive: each rule looks at one run and says what it found, with figures.

INVALID: the figures are not of what was to be measured. INCONCLUSIVE: they are, but do not decide. docs/measuring.md
explains each code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import backlog, row_clock, standstill, steady, telemetry, windows
from dsbench.judge.run.elapsed import Elapsed
from dsbench.judge.run.run_context import RunContext
from dsbench.judge.run.statistics import Interval
from dsbench.judge.run.steady import Change
from dsbench.judge.run.telemetry import TelemetrySummary


class State(StrEnum):
    """VALID: the figures hold. INCONCLUSIVE: they do not decide. INVALID: they are not of what was to be measured."""

    VALID = "valid"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"


class ReasonCode(StrEnum):
    """Stable names of the reasons, as in the record and in docs/measuring.md."""

    TOO_FEW_WINDOWS = "too-few-windows"
    TWO_STATES = "two-states"
    DRIFT = "drift"
    NOISE = "noise"
    STALLED_STREAM = "stalled-stream"
    STOPPED_STREAM = "stopped-stream"
    PAUSED_STREAM = "paused-stream"
    FELL_BEHIND = "fell-behind"
    THROTTLED = "throttled"
    OTHER_LOAD = "other-load"
    ENGINE_BUILD = "engine-build"
    CLOCK = "clock"
    ROWS_LOST = "rows-lost"
    SILENT = "silent"
    QUANTISATION = "quantisation"
    NEAR_TARGET = "near-target"


DISTURBED = frozenset({ReasonCode.THROTTLED, ReasonCode.OTHER_LOAD, ReasonCode.ROWS_LOST})
"""What comes from outside the pipeline and makes it slow, or hides how fast it was: alone it may keep up."""
FEWEST_WINDOWS = 5
"""Steady windows below which an interval says little."""
HOPELESS = 4.0
"""So many times faster in one state than in the other: no figure of such a run means anything."""
NOISY = 0.2
"""Half of the interval as a share of the mean, above which a throughput is as good as unknown."""
UNEVEN = 0.15
"""Spread of the windows as a share of their mean (standard deviation) that is no single state's."""
FEW_BELOW = 0.05
"""Share of windows."""
THROTTLED_SOME, THROTTLED_MOST = 0.1, 0.5
"""Shares of the samples."""
OTHERS_PCT = 25.0
"""CPU time of other programs, in percent of the machine, that is more than the usual background."""
BUSY_PCT = 75.0
"""Below that the machine has time left for others."""
STEAL_PCT = 10.0
GPU_BEFORE_PCT = 10.0
"""SM utilisation before the app was started."""
CLOCK_TOLERANCE, CLOCK_SEEN_WITHIN_S = 0.03, 0.3
"""Share of the interval; and how late a row may be seen, which matters in short runs."""
FROZEN_S = 2.7
"""Seconds longer than usual between two rows."""
_FIRST_ROWS = 3
_SLOWED = ("HwSlowdown", "SwThermalSlowdown", "HwThermalSlowdown", "HwPowerBrakeSlowdown")
"""Throttle reasons that are not how the GPU is meant to run; SwPowerCap is, under full load."""
_NAMED = 8


@dataclass(frozen=True)
class Reason:
    """Why a measurement is not valid. ``code`` is stable; ``text`` has the figures and what to do; ``state``: what it
    makes of the measurement, which has the worst of its reasons'."""

    code: str
    text: str
    state: State = State.INCONCLUSIVE


@dataclass(frozen=True)
class Steady:
    """What the rules look at: a run's windows from number ``start`` on. ``each`` (streams,) are the intervals of its
    streams, ``total`` that of their sum; ``slowest`` the stream with the smallest lower bound; ``elapsed``: how long
    windows really were."""

    windows: Windows
    start: int
    target_fps: float
    total: Interval
    each: tuple[Interval, ...]
    slowest: int
    elapsed: Elapsed

    @property
    def count(self) -> int:
        return len(self.windows.fps) - self.start

    @property
    def resolution(self) -> float:
        """One frame in the whole time, in frames per second."""
        return 1 / (self.count * self.windows.interval_s)

    @property
    def span(self) -> tuple[float, float]:
        """From and to, in seconds since the app's start."""
        at_s = self.windows.at_s
        begin = at_s[self.start - 1] if self.start else at_s[0] - self.windows.interval_s
        return max(0.0, begin), at_s[-1]


def of_steady(run: Steady, context: RunContext) -> Iterator[Reason]:
    """All that is wrong with a run that has steady windows; only where nothing is, that it is near the target or fell
    behind for a while."""
    found = [
        *(tuple(_unstable(run, context)) or _noise(run, context)),
        *_still(run, context),
        *_rows(run, context),
        *_build(run, context),
        *_device(run, context),
    ]
    yield from found
    if context.confirms and not found:
        yield from _target(run)
        yield from _behind(run)


def _found(state: State, code: ReasonCode, text: str) -> Reason:
    return Reason(code, text, state)


def too_few(count: int) -> Reason:
    """So few steady windows that their interval says nothing or little."""
    plural = "" if count == 1 else "s"
    text = f"{count} steady window{plural}, at least {FEWEST_WINDOWS} are needed: raise --perf-seconds"
    return _found(State.INCONCLUSIVE, ReasonCode.TOO_FEW_WINDOWS, text)


def stalled(streams: Sequence[int]) -> Reason:
    """Streams that stand still: the others have the machine to themselves, so no figure is of that many streams."""
    text = (
        f"{named(streams)} stood still to the end: read the log for errors of the source; no figure is of all streams"
    )
    return _found(State.INVALID, ReasonCode.STALLED_STREAM, text)


def rows_lost(table: Windows) -> Reason | None:
    """So many rows are missing, or so late ones, that the others do not speak for the run."""
    whole = len(table.fps)
    if table.broken > whole:
        which = f"{table.broken} PERF rows, {f'and {whole} are whole' if whole else 'all that came'}"
    elif unread := windows.unread_s(table):
        which = f"every PERF row of the last {unread:.1f} s"
    else:
        return None
    return _unreadable(which)


def _unreadable(which: str) -> Reason:
    text = f"other output cut (or inf or nan spoilt) {which}: lower the log level (GST_DEBUG)"
    return _found(State.INCONCLUSIVE, ReasonCode.ROWS_LOST, text)


def _noise(run: Steady, context: RunContext) -> Iterator[Reason]:
    """Whether a mean says anything. Where a target decides, its interval says how well it is known."""
    spread = steady.variation(steady.totals(run.windows)[run.start :], run.windows.streams / run.windows.interval_s)
    if run.count < FEWEST_WINDOWS:
        if not rows_lost(run.windows):  # more seconds would not help
            yield too_few(run.count)
    elif spread >= UNEVEN and not (context.confirms and _all_above(run)):
        text = f"all streams together varied by {100 * spread:.0f}% from window to window: what else used the machine?"
        yield _found(State.INCONCLUSIVE, ReasonCode.NOISE, text)
    elif run.total.relative > NOISY and not context.confirms:
        text = f"all streams together are known to {100 * run.total.relative:.0f}% only: raise --perf-seconds"
        yield _found(State.INCONCLUSIVE, ReasonCode.NOISE, text)


def _all_above(run: Steady) -> bool:
    """Whether nearly every window of every stream reaches the target: the answer is then clear, however uneven."""
    allowed = run.count * FEW_BELOW
    columns = (run.windows.of_stream(stream)[run.start :] for stream in range(run.windows.streams))
    return all(sum(value < run.target_fps for value in column) <= allowed for column in columns)


def _unstable(run: Steady, context: RunContext) -> Iterator[Reason]:
    frame = 1 / run.windows.interval_s
    totals = steady.totals(run.windows)[run.start :]
    slowest = run.windows.of_stream(run.slowest)[run.start :]
    two = steady.two_states(totals, run.windows.streams * frame)
    if two is not None and _matters(two, run.total):
        yield _two_states(two, "all streams together")
    elif context.confirms and (two := steady.two_states(slowest, frame)) and two.low < run.target_fps <= two.high:
        yield _two_states(two, f"stream {run.slowest}")
    elif context.confirms and (first := _slow_first(run)):
        yield _two_states(*first)
    trend = steady.drift(totals, run.windows.streams * frame)
    if trend is not None and _matters(trend, run.total):
        yield _drift(trend, "all streams together")
    elif context.confirms and (trend := steady.drift(slowest, frame)) and _crosses(trend, run.target_fps):
        yield _drift(trend, f"stream {run.slowest}")


def _slow_first(run: Steady) -> tuple[Change, str] | None:
    """Of a stream that reaches the target only after a level below it that was cut as if it were warm-up."""
    begun = steady.all_begun(run.windows)
    for stream in range(run.windows.streams):
        change = steady.slow_first(run.windows, stream, begun, run.start)
        if change and change.first < run.target_fps <= change.second:
            return change, f"stream {stream}"
    return None


def _matters(change: Change, mean: Interval) -> bool:
    return change.high - change.low >= steady.MATTERS * mean.mean


def _crosses(trend: Change, target_fps: float) -> bool:
    """Whether a stream that slows down falls below the target within another run as long, or has."""
    return trend.second < trend.first and 2 * trend.second - trend.first < target_fps <= trend.first


def _two_states(two: Change, who: str) -> Reason:
    state = State.INVALID if two.ratio >= HOPELESS else State.INCONCLUSIVE
    text = f"{who} ran in two states, at about {two.low:.1f} and {two.high:.1f} FPS: what else used the machine?"
    return _found(state, ReasonCode.TWO_STATES, text)


def _drift(trend: Change, who: str) -> Reason:
    state = State.INVALID if trend.ratio >= HOPELESS else State.INCONCLUSIVE
    text = f"{who} went from about {trend.first:.1f} to {trend.second:.1f} FPS: measure longer, until it is steady"
    return _found(state, ReasonCode.DRIFT, text)


def _still(run: Steady, context: RunContext) -> Iterator[Reason]:
    if paused := standstill.paused(run.windows, run.start, run.elapsed, run.target_fps * context.confirms):
        text = f"{named(paused)} stood still for a while within the run, although frames were due: read the log"
        yield _found(State.INCONCLUSIVE, ReasonCode.PAUSED_STREAM, text)
    if stopped := standstill.stopped(run.windows, run.start, run.target_fps * context.confirms):
        what = "had no frame at the end of the run, or so few that it may have stopped"
        text = f"{named(stopped)} {what}: read the log, measure longer"
        yield _found(State.INCONCLUSIVE, ReasonCode.STOPPED_STREAM, text)


def _behind(run: Steady) -> Iterator[Reason]:
    """Streams that keep up on average only."""
    behind = backlog.streams_behind(run.elapsed, run.start, run.target_fps)
    if behind and all(one.low >= run.target_fps for one in run.each):
        longest = f"{max(behind.values()):.1f} s behind a camera of {run.target_fps:g} FPS"
        text = f"{named(tuple(behind))} fell up to {longest} for a while: what else used the machine?"
        yield _found(State.INCONCLUSIVE, ReasonCode.FELL_BEHIND, text)


def _rows(run: Steady, context: RunContext) -> Iterator[Reason]:
    begun = steady.all_begun(run.windows)
    if 2 * begun > len(run.windows.fps):
        text = f"the last stream began after {run.windows.at_s[begun]:.0f} s, too late to judge by the rest"
        yield _found(State.INCONCLUSIVE, ReasonCode.TOO_FEW_WINDOWS, f"{text}: raise --perf-seconds")
    if lost := rows_lost(run.windows) or _rows_missing(run.windows, begun):
        yield lost
    if context.due_s and (pause := windows.silent_s(run.windows, context.due_s)):
        text = f"no PERF row came in the last {pause:.1f} s of the run: its figures are of the time before"
        yield _found(State.INCONCLUSIVE, ReasonCode.SILENT, text)
    ratio = clock(run.windows, run.start, run.elapsed)
    if ratio != 1:
        text = (
            f"PERF rows came every {ratio * run.windows.interval_s:.2f} s, FPS are computed with "
            f"{run.windows.interval_s} s: the printed FPS are {100 * abs(ratio - 1):.0f}% too "
            f"{'high' if ratio > 1 else 'low'}; the intervals here are corrected"
        )
        yield _found(State.INCONCLUSIVE, ReasonCode.CLOCK, text)


def _rows_missing(table: Windows, begun: int) -> Reason | None:
    """What happened while rows were due and none came, or none was whole, the figures do not know."""
    first_cut = bool(table.number) and not table.earlier and table.number[0] > _FIRST_ROWS
    if first_cut and (any(table.fps[0]) or any(map(any, table.avg[:1]))):  # else nothing had begun
        return _unreadable(f"the first {table.number[0] - 1} PERF rows")
    whole = table.at_s[begun:]
    every = tuple(at_s for at_s in table.begun_s if at_s >= whole[0]) or whole
    if (frozen := windows.missing_s(every, table.interval_s)) >= FROZEN_S:
        text = f"the app printed no PERF row for {frozen:.1f} s longer than usual: did it, or the machine, stand still?"
        return _found(State.INCONCLUSIVE, ReasonCode.SILENT, text)
    if (unread := windows.missing_s(whole, table.interval_s)) >= windows.SILENT_INTERVALS * table.interval_s:
        return _unreadable(f"every PERF row for {unread:.1f} s")
    return None


def clock(table: Windows, start: int, times: Elapsed) -> float:
    """How long a window really was, as a multiple of its interval; 1 where that is not known, or within tolerance."""
    ratio = row_clock.of_rows(table, start, times)
    seconds = (len(table.fps) - start) * table.interval_s
    return ratio if ratio and abs(ratio - 1) > CLOCK_TOLERANCE + CLOCK_SEEN_WITHIN_S / seconds else 1.0


def _build(run: Steady, context: RunContext) -> Iterator[Reason]:
    begin, end = run.span
    for began, ended in context.builds:
        if began < end and ended > begin:
            text = (
                f"nvinfer built an engine from {began:.0f} to {ended:.0f} s, within the measured {begin:.0f} to "
                f"{end:.0f} s: measure again, the engine is there now"
            )
            yield _found(State.INVALID, ReasonCode.ENGINE_BUILD, text)
            return


def _device(run: Steady, context: RunContext) -> Iterator[Reason]:
    if context.telemetry is None or len(context.telemetry.rows) < 2:
        return
    summary = telemetry.summarise(context.telemetry, run.span)
    slowed = [one for one in summary.throttled or () if one.reason in _SLOWED]
    if slowed and slowed[0].share >= THROTTLED_SOME:
        share = f"{slowed[0].reason} in {100 * slowed[0].share:.0f}% of the samples"
        state = State.INVALID if slowed[0].share >= THROTTLED_MOST else State.INCONCLUSIVE
        yield _found(state, ReasonCode.THROTTLED, f"the GPU was slowed down ({share}): look at cooling and power")
    if other := _other_load(summary, context):
        yield _found(State.INCONCLUSIVE, ReasonCode.OTHER_LOAD, f"{other}: measure again when the machine is quiet")


def _other_load(summary: TelemetrySummary, context: RunContext) -> str:
    """Who else used the machine, with figures; "" if nobody to speak of."""
    cpu, others, steal = summary.of("cpu_pct"), summary.of("others_cpu_pct"), summary.of("steal_pct")
    if context.cores and cpu and others and cpu.mean >= BUSY_PCT and others.mean / context.cores >= OTHERS_PCT:
        return f"other programs used {others.mean / context.cores:.0f}% of all cores"
    if steal and steal.mean >= STEAL_PCT:
        return f"the hypervisor gave {steal.mean:.0f}% of the CPU time to others"
    before = summary.before_run("sm_pct")
    if before is not None and before >= GPU_BEFORE_PCT:
        return f"the GPU was {before:.0f}% busy before the app was started"
    came = [one for one in context.telemetry.processes if not one.before] if context.telemetry else []
    if came:
        return f"another process came onto the GPU (pid {came[0].pid}{' ' * bool(came[0].name)}{came[0].name})"
    return ""


def _target(run: Steady) -> Iterator[Reason]:
    """The interval of the stream that decides has the target within it."""
    target, one = run.target_fps, run.each[run.slowest]
    if any(other.high < target for other in run.each) or one.low >= target:
        return
    bounds = f"stream {run.slowest} has {one.low:.2f} to {one.high:.2f} FPS, the target is {target:g}"
    if abs(one.mean - target) <= run.resolution or run.resolution >= one.half_width / 2:
        text = f"{bounds}: one frame more would decide; raise --perf-seconds"
        yield _found(State.INCONCLUSIVE, ReasonCode.QUANTISATION, text)
    else:
        yield _found(State.INCONCLUSIVE, ReasonCode.NEAR_TARGET, f"{bounds}: raise --perf-seconds")


def named(streams: Sequence[int]) -> str:
    """``stream 3``, ``streams 1, 2 and 9 more``."""
    shown = ", ".join(map(str, streams[:_NAMED]))
    rest = f" and {len(streams) - _NAMED} more" if len(streams) > _NAMED else ""
    return f"stream{'s' if len(streams) > 1 else ''} {shown}{rest}"
