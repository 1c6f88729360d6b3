"""How a worker's processors share the calls of the network: the ways to try, and the choice between them.

Lanes of one thread each are the plan: on every network seen so far they were fastest. Where many lanes get in each
other's way (caches, memory), fewer with ONNX Runtime's own threads may be. ``DSBENCH_LANES`` asks for a way without a
trial: ``parallel`` keeps the plan, ``intra`` gives all of a worker's processors to one call at a time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

VARIABLE = "DSBENCH_LANES"
AUTO, PARALLEL, INTRA = "auto", "parallel", "intra"
_MARGIN = 1.05  # what a short trial cannot tell from no difference


@dataclass(frozen=True, slots=True)
class Way:
    """``lanes`` calls of the network at once, each on ``threads`` processors."""

    lanes: int
    threads: int

    @property
    def processors(self) -> int:
        """That are busy when every lane infers."""
        return self.lanes * self.threads

    def __str__(self) -> str:
        return f"{_count(self.lanes, 'lane')} of {_count(self.threads, 'thread')}"


@dataclass(frozen=True, slots=True)
class Rate:
    """Frames a second that a way promised in each round of a trial."""

    way: Way
    rounds: tuple[float, ...]

    @property
    def fps(self) -> float:
        """The best: other programs only ever take speed away."""
        return max(self.rounds)


@dataclass(frozen=True, slots=True)
class Choice:
    """The way that all workers of an instance take, and what each way promised over all of them, the plan first."""

    way: Way
    rates: tuple[Rate, ...]
    workers: int = 1

    def line(self, who: str = "the network") -> str:
        """For the console."""
        chosen = next(rate for rate in self.rates if rate.way == self.way)
        others = ", ".join(f"{rate.way} {rate.fps:.1f}" for rate in self.rates if rate is not chosen)
        each = f" in each of {self.workers} processes" if self.workers > 1 else ""
        return f"{who} runs in {self.way}{each} ({chosen.fps:.1f} frames/s in a short trial; {others})"


def asked(environment: Mapping[str, str] = os.environ) -> str:
    """AUTO, PARALLEL or INTRA: what the user asks for."""
    value = environment.get(VARIABLE, AUTO)
    return value if value in (PARALLEL, INTRA) else AUTO


def unknown_value(environment: Mapping[str, str] = os.environ) -> str:
    """What there is to say about a value that means nothing, or ""."""
    value = environment.get(VARIABLE, AUTO)
    if value in (AUTO, PARALLEL, INTRA):
        return ""
    return f"{VARIABLE}={value} is ignored: it can be {AUTO}, {PARALLEL} or {INTRA}"


def intra(plan: Way) -> Way:
    """One call at a time on all processors of ``plan``."""
    return Way(1, plan.processors)


def ways(plan: Way) -> tuple[Way, ...]:
    """``plan``, half as many lanes (or the next fewer that divide them), one lane; each keeps all processors busy."""
    if plan.lanes == 1:
        return (plan,)
    between = [Way(n, plan.processors // n) for n in range(2, plan.lanes) if plan.lanes % n == 0]
    return (plan, *between[-1:], intra(plan))


def frames_per_second(way: Way, calls_per_second: float, beside_s: float) -> float:
    """What is left of all lanes' calls when each lane does ``beside_s`` seconds of other work before its next call.

    Lanes do that work at once, one processor each; a single lane does it while all other processors wait.
    """
    return way.lanes / (way.lanes / calls_per_second + beside_s)


def choose(measured: Sequence[tuple[Rate, ...]]) -> Choice | None:
    """The same way for all workers, by the sum of their rates, so that their streams go on at equal speed.

    Another way than the plan has to be clearly faster, and in every round: a plan that something else kept from its
    processors for most of the trial is not given up. None where any worker has measured nothing.
    """
    tried = {tuple(rate.way for rate in rates) for rates in measured}
    if len(tried) != 1 or () in tried:
        return None
    summed = tuple(_sum(rates) for rates in zip(*measured, strict=True))
    plan = summed[0]
    faster = [rate for rate in summed if _is_faster(rate, plan)]
    return Choice(max(faster, key=lambda rate: rate.fps, default=plan).way, summed, len(measured))


def _sum(rates: Sequence[Rate]) -> Rate:
    """Of one way over all workers, in the rounds that all of them had."""
    return Rate(rates[0].way, tuple(map(sum, zip(*(rate.rounds for rate in rates), strict=False))))


def _is_faster(rate: Rate, plan: Rate) -> bool:
    in_every_round = all(own > plans for own, plans in zip(rate.rounds, plan.rounds, strict=True))
    return in_every_round and rate.fps >= _MARGIN * plan.fps


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
