"""Consoles of runs that never were, with a known truth: frames of each stream at a known rate, counted as DeepStream
counts them (whole frames over the configured interval, however long it was), printed as it prints them, other threads'
messages between and inside the rows. The same seed gives the same run."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

Rate = Callable[[int, float], float]
"""(stream, seconds since the first window) -> true frames per second."""
_STEPS = 20
"""Parts of a window in which a rate is taken as constant."""
_MESSAGE = "(deepstream-app:5565): GStreamer-WARNING **: 22:31:53.963: Got data flow before segment event\n"


@dataclass(frozen=True)
class Shape:
    """A run. ``noise`` is the relative spread of a window, all streams alike, ``correlation`` that of neighbouring
    windows, ``own_noise`` each stream's for itself. ``stretch`` is how long a window is as a multiple of its interval.
    ``messages`` is the chance of a message inside a row, ``lost`` that of one which leaves nothing of it, twice in a
    row at most and not of the last one; of windows ``all_lost`` nothing is left. ``frozen_s``: how long app and
    pipeline stall before window ``frozen_at``."""

    rate: Rate
    streams: int = 4
    windows: int = 28
    interval_s: int = 2
    noise: float = 0.01
    correlation: float = 0.2
    own_noise: float = 0.005
    stretch: float = 1.0
    start_s: float = 1.5
    messages: float = 0.02
    lost: float = 0.0
    all_lost: range = range(0)
    frozen_at: int = 0
    frozen_s: float = 0.0
    burst: int = 1
    averages: bool = True


@dataclass
class Run:
    """The console and when each row was seen."""

    shape: Shape
    console: str = ""
    seen_s: list[float] = field(default_factory=list)
    lost_in_a_row: int = 0


def play(shape: Shape, seed: int) -> Run:
    """One run of that shape."""
    chance, run = random.Random(seed), Run(shape)
    length = shape.interval_s * shape.stretch
    done = [chance.random() for _ in range(shape.streams)]
    first_s: dict[int, float] = {}
    common = chance.gauss(0, 1)
    for number in range(shape.windows):
        common = shape.correlation * common + math.sqrt(1 - shape.correlation**2) * chance.gauss(0, 1)
        frozen = shape.frozen_s if number >= shape.frozen_at else 0.0
        now, cells = length * (number + 1) + frozen, []
        for stream in range(shape.streams):
            before = math.floor(done[stream])
            factor = max(0.0, 1 + shape.noise * common + shape.own_noise * chance.gauss(0, 1))
            for step in range(_STEPS):
                at = length * (number + (step + 0.5) / _STEPS) - shape.start_s
                done[stream] += length / _STEPS * factor * (shape.rate(stream, at) if at > 0 else 0.0)
                if stream not in first_s and math.floor(done[stream]):
                    first_s[stream] = at + shape.start_s
            fps = (math.floor(done[stream]) - before) / shape.interval_s
            average = math.floor(done[stream]) / (now - first_s[stream]) if stream in first_s else 0.0
            cells.append((fps, average if shape.averages else fps))
        _print(run, cells, number, chance)
        run.seen_s.append(now + chance.random() * 0.1)
    last = shape.windows - 1
    run.seen_s = [run.seen_s[min(last, number + shape.burst - 1 - number % shape.burst)] for number in range(last + 1)]
    return run


def _print(run: Run, cells: list[tuple[float, float]], number: int, chance: random.Random) -> None:
    if number % 20 == 0:
        run.console += "\n**PERF:  " + "".join(f"FPS {stream} (Avg)\t" for stream in range(len(cells))) + "\n"
    cut = chance.randrange(len(cells)) if chance.random() < run.shape.messages else -1
    run.console += "**PERF:  "
    by_chance = bool(run.shape.lost) and chance.random() < run.shape.lost and run.lost_in_a_row < 2
    by_chance = by_chance and number < run.shape.windows - 1  # two at the end would be a reason of their own
    run.lost_in_a_row = run.lost_in_a_row + 1 if by_chance else 0
    if by_chance or number in run.shape.all_lost:
        run.console += _MESSAGE
        return
    for stream, (fps, average) in enumerate(cells):
        run.console += _MESSAGE * (stream == cut) + f"{fps:.2f} ({average:.2f})\t"
    run.console += "\n" + _MESSAGE * (chance.random() < 0.3)


def constant(fps: float) -> Rate:
    """All streams alike."""
    return lambda stream, at: fps


def one_slow(fps: float, slow: float, which: int) -> Rate:
    """One stream is slower than the others."""
    return lambda stream, at: slow if stream == which else fps


def stops(fps: float, which: int, from_s: float, to_s: float = math.inf) -> Rate:
    """One stream stalls from then on, or for a while."""
    return lambda stream, at: 0.0 if stream == which and from_s <= at < to_s else fps


def two_states(first: float, second: float, every_s: float) -> Rate:
    """To and fro between two rates."""
    return lambda stream, at: first if int(at / every_s) % 2 == 0 else second


def trend(first: float, last: float, seconds: float) -> Rate:
    """From one rate to another, all the time."""
    return lambda stream, at: first + (last - first) * at / seconds


def late(fps: float, which: int, from_s: float) -> Rate:
    """One stream starts later than the others."""
    return lambda stream, at: 0.0 if stream == which and at < from_s else fps


def warming(fps: float, cold: float, seconds: float) -> Rate:
    """Slow at first, then steady."""
    return lambda stream, at: cold * fps if at < seconds else fps
