"""From samples to the figures that are printed: medians, and ratios taken within a round. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.candidates import BOUND, Sample

APP = "dsbench-app"
FAST = "dsbench-app, DSBENCH_ENGINE=fast"
Rounds = Mapping[str, Sequence[Sample]]
"""A candidate's samples, one a round, all candidates in the same rounds."""


@dataclass(frozen=True)
class Line:
    """One candidate at one number of streams: medians over the rounds.

    ``alone`` is Sample.alone, ``spread`` half its range over its median. ``of_bound``: its ``alone`` over the bound's;
    ``of_app``: the app's over its own; both are medians of the rounds' ratios. ``others``: processors that other
    programs used meanwhile.
    """

    name: str
    fps: float
    others: float
    alone: float
    spread: float
    cpu_ms: float
    of_bound: float
    of_app: float


def lines(rounds: Rounds) -> list[Line]:
    """The app first, then the bound, the app on its fast engine, then the peers from fast to slow."""
    found = [_line(name, rounds) for name in rounds]
    order = {APP: 0, BOUND: 1, FAST: 2}
    return sorted(found, key=lambda line: (order.get(line.name, 3), -line.alone))


def _line(name: str, rounds: Rounds) -> Line:
    own, bound, app = rounds[name], rounds[BOUND], rounds[APP]
    rates = [sample.alone for sample in own]
    alone = statistics.median(rates)
    return Line(
        name,
        statistics.median(sample.fps for sample in own),
        statistics.median(sample.others for sample in own),
        alone,
        (max(rates) - min(rates)) / 2 / alone,
        statistics.median(sample.cpu_ms for sample in own),
        _ratio(own, bound),
        _ratio(app, own),
    )


def _ratio(above: Sequence[Sample], below: Sequence[Sample]) -> float:
    return statistics.median(a.alone / b.alone for a, b in zip(above, below, strict=True))


def best_peer(found: Sequence[Line]) -> Line | None:
    """The peer that the app beats by least, by the rounds' ratios."""
    peers = [line for line in found if line.name not in (APP, BOUND, FAST)]
    return min(peers, key=lambda line: line.of_app, default=None)


@dataclass(frozen=True)
class Growth:
    """Resident memory of a run in MiB: medians of its first and last quarter, and minutes between their middles."""

    first: float
    last: float
    minutes: float

    @property
    def per_minute(self) -> float:
        return (self.last - self.first) / self.minutes if self.minutes else 0.0


def growth(seconds: Sequence[float], resident: Sequence[float]) -> Growth:
    """From a series sampled at ``seconds``; its first tenth (caches filling) is not counted."""
    begin = len(resident) // 10
    quarter = max(1, (len(resident) - begin) // 4)
    first, last = slice(begin, begin + quarter), slice(len(resident) - quarter, len(resident))
    minutes = (statistics.median(seconds[last]) - statistics.median(seconds[first])) / 60
    return Growth(statistics.median(resident[first]), statistics.median(resident[last]), minutes)
