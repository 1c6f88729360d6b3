"""The search for the largest number of real-time streams: which count to run next, and what the runs so far say.

A count is real-time if every run of it was: each stream's lower bound at the target or above. Noise can make a larger
count pass where a smaller one did not; the smaller one's failure wins: the answer holds for every count up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.judge.measurement import Measurement, RealTime

REPEATS = 2
"""Runs of the largest count that must all be real-time: one and its repeat."""


@dataclass(frozen=True)
class Trial:
    """One run. ``source``: where it comes from (``Run 2``, ``Sweep``); ``failure``: what the app said that died."""

    streams: int
    source: str
    measurement: Measurement | None
    failure: str = ""

    @property
    def real_time(self) -> RealTime:
        """NO where the app died: so many streams cannot be run at all."""
        return self.measurement.real_time if self.measurement else RealTime.NO


@dataclass(frozen=True)
class Bounds:
    """``low``: the largest count that is real-time as far as is known, 0 for none; ``high``: the smallest that is not,
    MAX_BS + 1 where none is known."""

    low: int
    high: int


def bounds(trials: Sequence[Trial], max_bs: int) -> Bounds:
    """What the runs so far leave open."""
    failed = {trial.streams for trial in trials if trial.real_time is not RealTime.YES}
    high = min((count for count in failed if count <= max_bs), default=max_bs + 1)
    return Bounds(max((trial.streams for trial in trials if trial.streams < high), default=0), high)


def next_streams(trials: Sequence[Trial], max_bs: int) -> int | None:
    """The count to run next; None when the answer is known.

    Between the bounds the step up doubles from 1 with every success, since run 2 is usually near the answer, but never
    passes the middle. Then the largest count is run again until ``REPEATS`` runs of it agree.
    """
    found = bounds(trials, max_bs)
    if found.high - found.low > 1:
        middle = (found.low + found.high) // 2
        if not found.low:
            return middle
        successes = sum(trial.streams > _start(trials) for trial in trials if trial.streams <= found.low)
        return min(middle, found.low + (1 << successes))
    runs = sum(trial.streams == found.low for trial in trials)
    return found.low if found.low and runs < REPEATS else None


def _start(trials: Sequence[Trial]) -> int:
    """The largest count that was real-time before the search began."""
    return max(
        (t.streams for t in trials if not t.source.startswith("Sweep") and t.real_time is RealTime.YES), default=0
    )


def trial_line(trial: Trial) -> str:
    """A run in one line."""
    measured = trial.measurement
    head = f"{trial.source}: {trial.streams} stream{'s' * (trial.streams != 1)}"
    if measured is None:
        return f"{head} | the app did not run: {trial.failure} | real-time: NO"
    if measured.slowest is None:
        return f"{head} | no steady window | real-time: {trial.real_time}"
    slow = measured.per_stream[measured.slowest]
    pace = f"slowest stream {slow.mean:.2f} FPS ({slow.low:.2f} to {slow.high:.2f})"
    return f"{head} | {pace} | real-time: {trial.real_time}"


def answer(trials: Sequence[Trial], max_bs: int) -> str:
    """The result in one sentence."""
    found = bounds(trials, max_bs)
    if not found.low:
        return f"Sweep: no stream count is real-time, not even {found.high}"
    runs = sum(trial.streams == found.low for trial in trials)
    above = f"{found.high} are not" if found.high <= max_bs else f"MAX_BS={max_bs} is the most that is run"
    plural = "s" * (found.low != 1)
    return f"Sweep: {found.low} stream{plural} in real time, in {runs} of {runs} runs; {above}"
