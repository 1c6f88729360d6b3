"""Thread configurations of the network in one worker process: the candidates, and the choice between them.

A lane is a thread that carries frames from the decoder to the boxes. The default is one lane per processor, each
calling the network on one thread: it was the fastest on every network measured so far. Many lanes can compete for
caches and memory bandwidth; then fewer lanes with ONNX Runtime's own threads may be faster. ``DSBENCH_LANES`` selects
a configuration without a trial: ``parallel`` keeps the default, ``intra`` gives all processors of the worker to one
call at a time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsbench.base.text import counted

VARIABLE = "DSBENCH_LANES"
AUTO, PARALLEL, INTRA = "auto", "parallel", "intra"
_MARGIN = 1.05  # a short trial cannot detect smaller differences


@dataclass(frozen=True, slots=True)
class ThreadConfig:
    """``lanes`` concurrent calls of the network, each on ``threads`` processors."""

    lanes: int
    threads: int

    @property
    def processors(self) -> int:
        """Number of processors that are busy while every lane infers."""
        return self.lanes * self.threads

    def __str__(self) -> str:
        return f"{counted(self.lanes, 'lane')} of {counted(self.threads, 'thread')}"


@dataclass(frozen=True, slots=True)
class Rate:
    """Frames per second of a configuration in each round of a trial."""

    config: ThreadConfig
    rounds: tuple[float, ...]

    @property
    def fps(self) -> float:
        """The best round: other programs only ever make a round slower."""
        return max(self.rounds)


@dataclass(frozen=True, slots=True)
class ConfigChoice:
    """The configuration of all workers of an instance, and the rate of each candidate over all of them, the default
    first."""

    config: ThreadConfig
    rates: tuple[Rate, ...]
    workers: int = 1

    def line(self, who: str = "the network") -> str:
        """The choice as one line of the console."""
        chosen = next(rate for rate in self.rates if rate.config == self.config)
        others = ", ".join(f"{rate.config} {rate.fps:.1f}" for rate in self.rates if rate is not chosen)
        each = f" in each of {self.workers} processes" if self.workers > 1 else ""
        return f"{who} runs in {self.config}{each} ({chosen.fps:.1f} frames/s in a short trial; {others})"


def asked(environment: Mapping[str, str] = os.environ) -> str:
    """The user's choice: AUTO, PARALLEL or INTRA. An unknown value counts as AUTO."""
    value = environment.get(VARIABLE, AUTO)
    return value if value in (PARALLEL, INTRA) else AUTO


def unknown_value(environment: Mapping[str, str] = os.environ) -> str:
    """A warning about an unknown value of DSBENCH_LANES, or ""."""
    value = environment.get(VARIABLE, AUTO)
    if value in (AUTO, PARALLEL, INTRA):
        return ""
    return f"{VARIABLE}={value} is ignored: it can be {AUTO}, {PARALLEL} or {INTRA}"


def intra(default: ThreadConfig) -> ThreadConfig:
    """One call at a time on all processors of ``default``."""
    return ThreadConfig(1, default.processors)


def candidates(default: ThreadConfig) -> tuple[ThreadConfig, ...]:
    """``default``, half as many lanes (or the largest smaller divisor), and one lane. Each uses all processors."""
    if default.lanes == 1:
        return (default,)
    between = [ThreadConfig(n, default.processors // n) for n in range(2, default.lanes) if default.lanes % n == 0]
    return (default, *between[-1:], intra(default))


def frames_per_second(config: ThreadConfig, calls_per_second: float, other_work_s: float) -> float:
    """Frames per second of all lanes when each lane does ``other_work_s`` seconds of other work per call.

    Lanes do that work concurrently, one processor each. A single lane does it while all other processors wait.
    """
    return config.lanes / (config.lanes / calls_per_second + other_work_s)


def choose(measured: Sequence[tuple[Rate, ...]]) -> ConfigChoice | None:
    """One configuration for all workers, by the sum of their rates, so that their streams run at equal speed.

    A configuration replaces the default only if it is at least 5 % faster, and faster in every round: other load may
    have slowed the default down during most of the trial. None if a worker has measured nothing.
    """
    tried = {tuple(rate.config for rate in rates) for rates in measured}
    if len(tried) != 1 or () in tried:
        return None
    summed = tuple(_sum(rates) for rates in zip(*measured, strict=True))
    default = summed[0]
    faster = [rate for rate in summed if _is_faster(rate, default)]
    return ConfigChoice(max(faster, key=lambda rate: rate.fps, default=default).config, summed, len(measured))


def _sum(rates: Sequence[Rate]) -> Rate:
    """The rates of one configuration summed over all workers, for the rounds that every worker finished."""
    return Rate(rates[0].config, tuple(map(sum, zip(*(rate.rounds for rate in rates), strict=False))))


def _is_faster(rate: Rate, default: Rate) -> bool:
    in_every_round = all(own > other for own, other in zip(rate.rounds, default.rounds, strict=True))
    return in_every_round and rate.fps >= _MARGIN * default.fps
