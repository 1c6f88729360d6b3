"""What is simulated to test the verdicts: kinds of runs, each with its truth and the verdicts that are right."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from benchmarks import simulated_runs as simulated
from dsbench.formats.telemetry import THROTTLE, Series
from dsbench.judge.run.measurement import Measurement, RealTime, State
from dsbench.judge.run.run_context import RunContext

TARGET = 30.0
Right = Callable[[Measurement], bool]


@dataclass(frozen=True)
class Case:
    """One run: what is simulated, what is true of it, which verdicts are right. ``rate``: the true rate of stream 0
    once steady, None where there is none. ``keeps_up``: whether every stream truly reaches the target; until
    ``trouble_s`` into the run it does."""

    shape: simulated.Shape
    keeps_up: bool
    right: Right
    rate: float | None = None
    target: float = TARGET
    context: RunContext = field(default_factory=RunContext)
    trouble_s: float = 0.0


def said(real_time: RealTime) -> Right:
    """Valid, with that answer."""
    return lambda found: found.state is State.VALID and found.real_time is real_time


def doubted(*codes: str) -> Right:
    """Not valid, for one of these reasons."""
    return lambda found: found.state is not State.VALID and any(one.code in codes for one in found.reasons)


def noticed(*codes: str) -> Right:
    """One of these reasons is named, or the streams keep up all the same, by every window."""
    return lambda found: doubted(*codes)(found) or (found.real_time is RealTime.YES and found.every_window)


def sure_or_not(keeps_up: bool) -> Right:
    """Near the target: the right answer or none."""
    return lambda found: found.real_time is not (RealTime.NO if keeps_up else RealTime.YES)


YES, NO = said(RealTime.YES), said(RealTime.NO)


def kinds() -> dict[str, Callable[[random.Random], Case]]:
    """What is simulated, by name; each is varied by chance."""
    return {
        "steady, keeps up": lambda c: _steady(c, c.uniform(31.5, 90), YES),
        "steady, too slow": lambda c: _steady(c, c.uniform(12, 28.5), NO),
        "near the target": lambda c: _near(c, c.uniform(29.7, 30.3)),
        "noisy, keeps up": lambda c: _noisy(c, c.uniform(40, 80)),
        "noisy, near the target": lambda c: _noisy_near(c, c.uniform(28, 32)),
        "low rate, keeps up": lambda c: _low(c, c.uniform(2.4, 6), 2.0, YES),
        "low rate, too slow": lambda c: _low(c, c.uniform(0.3, 1.6), 2.0, NO),
        "low rate, one frame decides": lambda c: _low_near(c, c.uniform(0.48, 0.52)),
        "one slow stream": _one_slow,
        "plateau, 64 streams": lambda c: _plateau(c, c.uniform(32, 150), YES),
        "plateau, 64 too slow": lambda c: _plateau(c, c.uniform(10, 28), NO),
        "slow to warm up": _warming,
        "late-starting stream": lambda c: _late(c, c.uniform(0.15, 0.45), YES),
        "stream starts near the end": lambda c: _late(c, c.uniform(0.6, 0.85), doubted("too-few-windows")),
        "stalled stream": _stalled,
        "stream dies at the end": _dies,
        "stream paused a while": _paused,
        "stream paused for a window": _paused_shortly,
        "stream paused after its start": _paused_at_first,
        "app frozen for a while": _frozen,
        "stall behind lost rows": _hidden,
        "two states about target": lambda c: _two_states(c, c.uniform(33, 45), c.uniform(18, 27)),
        "two states above it": lambda c: _two_states(c, c.uniform(60, 80), c.uniform(40, 50)),
        "changes once": _changes_once,
        "drifts down": lambda c: _trend(c, c.uniform(40, 50), c.uniform(25, 33)),
        "drifts up": lambda c: _trend(c, c.uniform(25, 33), c.uniform(40, 50)),
        "rows cut, keeps up": lambda c: _cut(c, c.uniform(33, 90), YES),
        "rows cut, too slow": lambda c: _cut(c, c.uniform(12, 28), NO),
        "clock slow, FPS too high": lambda c: _clock(c, c.uniform(27.5, 29.3)),
        "clock slow, few windows": lambda c: _clock_few(c, c.uniform(26, 29)),
        "clock slow, rows in bursts": _clock_of_bursts,
        "clock slow, keeps up": lambda c: _clock(c, c.uniform(40, 60)),
        "engine build inside": lambda c: _with(c, RunContext(builds=((20.0, 26.0),)), doubted("engine-build")),
        "GPU throttled": lambda c: _with(c, RunContext(_series(throttle=0x40)), noticed("throttled")),
        "other load": lambda c: _with(c, RunContext(_series(others=120.0), cores=2), noticed("other-load")),
    }


def _any(chance: random.Random, rate: simulated.Rate, streams: int | None = None) -> simulated.Shape:
    return simulated.Shape(
        rate,
        streams=streams or chance.choice((1, 2, 4, 8)),
        windows=chance.choice((18, 24, 29)),
        interval_s=chance.choice((1, 2)),
        noise=chance.uniform(0.0, 0.015),
        correlation=chance.uniform(0, 0.4),
        own_noise=chance.uniform(0, 0.01),
        averages=chance.random() < 0.75,
    )


def _length(shape: simulated.Shape) -> float:
    return shape.windows * shape.interval_s


def _steady(chance: random.Random, fps: float, right: Right) -> Case:
    return Case(_any(chance, simulated.constant(fps)), fps >= TARGET, right, fps)


def _near(chance: random.Random, fps: float) -> Case:
    return Case(_any(chance, simulated.constant(fps)), fps >= TARGET, sure_or_not(fps >= TARGET), fps)


def _noisy(chance: random.Random, fps: float) -> Case:
    shape = replace(_any(chance, simulated.constant(fps)), noise=chance.uniform(0.06, 0.12))
    return Case(shape, True, lambda found: found.state is not State.INVALID and found.real_time is not RealTime.NO, fps)


def _noisy_near(chance: random.Random, fps: float) -> Case:
    noise, correlation = chance.uniform(0.02, 0.06), chance.uniform(0, 0.5)
    shape = replace(_any(chance, simulated.constant(fps)), noise=noise, correlation=correlation)
    return Case(shape, fps >= TARGET, sure_or_not(fps >= TARGET), fps)


def _low(chance: random.Random, fps: float, target: float, right: Right) -> Case:
    shape = replace(_any(chance, simulated.constant(fps)), interval_s=2)
    return Case(shape, fps >= target, right, fps, target)


def _low_near(chance: random.Random, fps: float) -> Case:
    return Case(_any(chance, simulated.constant(fps)), fps >= 0.5, sure_or_not(fps >= 0.5), fps, 0.5)


def _one_slow(chance: random.Random) -> Case:
    streams = chance.choice((2, 4, 8, 32))
    rate = simulated.one_slow(chance.uniform(33, 60), chance.uniform(10, 28.5), chance.randrange(1, streams))
    return Case(_any(chance, rate, streams), False, NO)


def _plateau(chance: random.Random, fps: float, right: Right) -> Case:
    return Case(_any(chance, simulated.constant(fps), 64), fps >= TARGET, right, fps)


def _warming(chance: random.Random) -> Case:
    fps = chance.uniform(34, 60)
    shape = _any(chance, simulated.constant(fps))
    seconds = chance.uniform(0.05, 0.15) * _length(shape)
    return Case(replace(shape, rate=simulated.warming(fps, chance.uniform(0.3, 0.7), seconds)), True, YES, fps)


def _late(chance: random.Random, share: float, right: Right) -> Case:
    """One stream has no frame for that share of the run. What the few windows after it say of a minute nobody knows."""
    fps, streams = chance.uniform(34, 60), chance.choice((2, 4, 8))
    shape = _any(chance, simulated.constant(fps), streams)
    rate = simulated.late(fps, chance.randrange(streams), share * _length(shape))
    return Case(replace(shape, rate=rate), right is YES, right, fps if right is YES else None)


def _stalled(chance: random.Random) -> Case:
    streams = chance.choice((2, 4, 8, 32))
    shape = _any(chance, simulated.constant(40), streams)
    from_s = chance.uniform(0.0, 0.75) * _length(shape)
    rate = simulated.stops(chance.uniform(33, 60), chance.randrange(1, streams), from_s)
    return Case(replace(shape, rate=rate), False, doubted("stalled-stream"), trouble_s=from_s)


def _dies(chance: random.Random) -> Case:
    """Its last one or two windows have no frame: whether it goes on nobody knows."""
    streams = chance.choice((2, 4, 8))
    shape = _any(chance, simulated.constant(40), streams)
    from_s = _length(shape) - chance.choice((1, 2)) * shape.interval_s - shape.start_s - 0.2
    rate = simulated.stops(chance.uniform(36, 80), chance.randrange(streams), from_s)
    return Case(replace(shape, rate=rate), False, doubted("stopped-stream"), trouble_s=from_s)


def _cut(chance: random.Random, fps: float, right: Right) -> Case:
    """Some of the rows are lost, fewer than are whole."""
    return Case(
        replace(_any(chance, simulated.constant(fps)), lost=chance.uniform(0.1, 0.25)), fps >= TARGET, right, fps
    )


def _paused(chance: random.Random) -> Case:
    streams = chance.choice((2, 4, 8))
    shape = _any(chance, simulated.constant(40), streams)
    from_s = chance.uniform(0.35, 0.5) * _length(shape)
    to_s = from_s + chance.uniform(4.2, 6) * shape.interval_s
    rate = simulated.stops(chance.uniform(45, 80), chance.randrange(streams), from_s, to_s)
    # it reaches the target on average or not; that it paused is what must be reported
    return Case(
        replace(shape, rate=rate), False, lambda found: doubted("paused-stream")(found) or NO(found), trouble_s=from_s
    )


def _paused_shortly(chance: random.Random) -> Case:
    """One or two windows without a frame, in a stream that had plenty of them."""
    streams = chance.choice((1, 2, 4, 8))
    shape = _any(chance, simulated.constant(40), streams)
    from_s = round(chance.uniform(0.35, 0.8) * shape.windows) * shape.interval_s - 0.05
    to_s = from_s + chance.choice((1, 2)) * shape.interval_s + 0.1
    rate = simulated.stops(
        chance.uniform(36, 80), chance.randrange(streams), from_s - shape.start_s, to_s - shape.start_s
    )
    right = doubted("paused-stream", "noise", "two-states")
    return Case(replace(shape, rate=rate), False, right, trouble_s=to_s)


def _paused_at_first(chance: random.Random) -> Case:
    """One stream or all run for a moment, stall for some seconds and then go on."""
    streams = chance.choice((1, 2, 4, 8))
    shape = _any(chance, simulated.constant(40), streams)
    fps, from_s, long_s = chance.uniform(36, 80), chance.uniform(1.0, 4.0), chance.uniform(3.5, 6.0)
    which = range(streams) if chance.random() < 0.5 else (chance.randrange(streams),)

    def rate(stream: int, at: float) -> float:
        return 0.0 if stream in which and from_s <= at < from_s + long_s else fps

    return Case(replace(shape, rate=rate), False, lambda found: found.real_time is not RealTime.YES)


def _frozen(chance: random.Random) -> Case:
    """App and pipeline stall together: no window shows it, only the time between two rows does."""
    shape = _any(chance, simulated.constant(chance.uniform(32, 60)))
    at, seconds = chance.randrange(shape.windows // 3, shape.windows - 2), chance.uniform(4, 9)
    shape = replace(shape, frozen_at=at, frozen_s=seconds)
    return Case(shape, False, doubted("silent"), trouble_s=at * shape.interval_s + seconds)


def _hidden(chance: random.Random) -> Case:
    """A stream stalls just while other output cuts every row."""
    streams = chance.choice((1, 2, 4, 8))
    shape = _any(chance, simulated.constant(40), streams)
    first, count = chance.randrange(shape.windows // 3, shape.windows // 2), chance.randrange(3, 7)
    from_s, to_s = first * shape.interval_s, (first + count) * shape.interval_s
    rate = simulated.stops(
        chance.uniform(34, 60), chance.randrange(streams), from_s - shape.start_s, to_s - shape.start_s
    )
    shape = replace(shape, rate=rate, all_lost=range(first, first + count))
    return Case(shape, False, lambda found: doubted("rows-lost")(found) or NO(found), trouble_s=to_s)


def _two_states(chance: random.Random, first: float, second: float) -> Case:
    shape = _any(chance, simulated.constant(first))
    every_s = chance.uniform(2, 6) * shape.interval_s
    shape = replace(shape, rate=simulated.two_states(first, second, every_s))
    return Case(shape, min(first, second) >= TARGET, noticed("two-states", "drift", "noise"))


def _changes_once(chance: random.Random) -> Case:
    first, second = chance.uniform(40, 60), chance.uniform(20, 29)
    shape = _any(chance, simulated.constant(first))
    every_s = chance.uniform(0.45, 0.7) * _length(shape)
    return Case(
        replace(shape, rate=simulated.two_states(first, second, every_s)),
        False,
        doubted("two-states", "drift", "noise"),
        trouble_s=every_s,
    )


def _trend(chance: random.Random, first: float, last: float) -> Case:
    shape = _any(chance, simulated.constant(first))
    rate = simulated.trend(first, last, _length(shape))
    return Case(replace(shape, rate=rate), last >= TARGET and first >= TARGET, noticed("drift", "two-states"))


def _clock(chance: random.Random, fps: float) -> Case:
    shape = replace(_any(chance, simulated.constant(fps)), stretch=chance.uniform(1.06, 1.25))
    return Case(shape, fps >= TARGET, lambda found: doubted("clock")(found) or found.real_time is RealTime.NO, fps)


def _clock_few(chance: random.Random, fps: float) -> Case:
    """A short run with long windows: few rows to know the clock by."""
    shape = _any(chance, simulated.constant(fps))
    shape = replace(shape, windows=chance.choice((8, 9, 10)), interval_s=5, stretch=chance.uniform(1.16, 1.3))
    return Case(shape, False, lambda found: doubted("clock")(found) or found.real_time is RealTime.NO, fps)


def _clock_of_bursts(chance: random.Random) -> Case:
    """Rows are seen several at once: when each came nobody knows, and the FPS are too high."""
    fps, stretch, burst = chance.uniform(24, 29), chance.uniform(1.05, 1.25), chance.choice((3, 5, 10, 40))
    shape = replace(_any(chance, simulated.constant(fps)), stretch=stretch, burst=burst)
    return Case(shape, False, lambda found: found.real_time is not RealTime.YES)


def _with(chance: random.Random, context: RunContext, right: Right) -> Case:
    shape = replace(_any(chance, simulated.constant(chance.uniform(33, 60))), windows=29, interval_s=2)
    return Case(shape, True, right, context=context)


def _series(throttle: int = 0, others: float = 5.0) -> Series:
    """A sample each half second; the first row was taken before the app."""
    columns = ("seconds", "cpu_pct", "others_cpu_pct", THROTTLE)
    rows = tuple((number / 2, 95.0 if number else 3.0, others if number else 2.0, throttle) for number in range(120))
    return Series(("simulated",), columns, rows)
