"""The search for the largest number of real-time streams: which count to run next, and what the runs so far say.

A count is real-time if the lower bound of each stream reaches the target. A run that does not decide (noise, bounds on
both sides of the target, other load on the machine, a stalled stream) is repeated once. If the repeat does not decide
either, the count is not confirmed. Run 1 confirms nothing: it shows where to look until the count has a run of its own.
Noise can make a larger count pass where a smaller one did not. Then the smaller one wins, so the answer holds for every
count up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base.text import counted
from dsbench.judge.run.measurement import Measurement, RealTime, State
from dsbench.judge.run.reason import ReasonCode

REPEATS = 2
"""Runs of the largest count that must be real-time: one and its repeat."""
_UNSURE_RUNS = 2
"""Runs of a count that do not decide, after which the count is not confirmed."""
_DISTURBING = (ReasonCode.OTHER_LOAD, ReasonCode.THROTTLED, ReasonCode.ROWS_LOST)
"""With these a run can be slower than the machine is: that it is too slow decides nothing."""


@dataclass(frozen=True)
class SweepTrial:
    """One run. ``source``: which run it was (``Run 2``, ``Sweep``); ``failure``: the app's message if it died;
    ``confirms``: the run checks whether its streams keep up, which run 1 does not."""

    streams: int
    source: str
    measurement: Measurement | None
    failure: str = ""
    confirms: bool = True

    @property
    def real_time(self) -> RealTime:
        """NO where the app died: this number of streams cannot be run. UNSURE where the run was too slow, but
        disturbed."""
        if self.measurement is None:
            return RealTime.NO
        said = self.measurement.real_time
        disturbed = any(reason.code in _DISTURBING for reason in self.measurement.reasons)
        return RealTime.UNSURE if said is RealTime.NO and disturbed else said

    @property
    def said(self) -> str:
        """``real_time``, with the reasons why a run does not decide: ``UNSURE (noise)``."""
        reasons = self.measurement.reasons if self.measurement and self.real_time is RealTime.UNSURE else ()
        codes = ", ".join(dict.fromkeys(reason.code for reason in reasons))
        return f"{self.real_time} ({codes})" if codes else str(self.real_time)

    @property
    def refutes(self) -> bool:
        """Whether this run alone shows that its count is not real-time; an invalid run needs another that agrees."""
        valid = self.measurement is None or self.measurement.state is not State.INVALID
        return self.real_time is RealTime.NO and valid


@dataclass(frozen=True)
class Bounds:
    """``low``: the largest count that is real-time as far as is known, 0 for none; ``high``: the smallest that is not,
    or of which two runs did not decide; MAX_BS + 1 where none is known."""

    low: int
    high: int


def verdict(trials: Sequence[SweepTrial], streams: int) -> RealTime | None:
    """The verdict of all runs with ``streams`` streams; None without a run. Run 1 counts only if it is the only one."""
    found = [trial for trial in trials if trial.streams == streams]
    if not found:
        return None
    own = _confirming(found, streams)
    if not own:
        return found[-1].real_time
    runs = [trial.real_time for trial in own]
    if any(trial.refutes for trial in own) or runs.count(RealTime.NO) >= _UNSURE_RUNS:
        return RealTime.NO
    sure = runs.count(RealTime.YES)
    return RealTime.YES if sure and len(runs) - sure < _UNSURE_RUNS else RealTime.UNSURE


def bounds(trials: Sequence[SweepTrial], max_bs: int) -> Bounds:
    """What the runs so far leave open."""
    counts = sorted({trial.streams for trial in trials if trial.streams <= max_bs})
    high = next((count for count in counts if verdict(trials, count) is not RealTime.YES), max_bs + 1)
    return Bounds(max((count for count in counts if count < high), default=0), high)


def next_streams(trials: Sequence[SweepTrial], max_bs: int) -> int | None:
    """The count to run next; None when the answer is known.

    A count whose only run did not decide is run again if it is the upper bound. Between the bounds the middle is next.
    If run 2 was real-time, its count is usually near the answer: from there the step up doubles from 1 with every
    success, as long as it does not pass the middle. Then an upper bound that only run 1 gives is run. Last, the largest
    count is run until ``REPEATS`` runs of it agree.
    """
    found = bounds(trials, max_bs)
    at_high = _confirming(trials, found.high)
    if at_high and verdict(trials, found.high) is RealTime.UNSURE and len(at_high) < _UNSURE_RUNS:
        return found.high
    if found.high - found.low > 1:
        middle = (found.low + found.high) // 2
        if not _start(trials):
            return middle
        successes = sum(trial.streams > _start(trials) for trial in trials if trial.streams <= found.low)
        return min(middle, found.low + (1 << successes))
    if found.high <= max_bs and not at_high:
        return found.high
    return found.low if found.low and _agreeing(trials, found.low) < REPEATS else None


def _confirming(trials: Sequence[SweepTrial], streams: int) -> list[SweepTrial]:
    return [trial for trial in trials if trial.streams == streams and trial.confirms]


def _agreeing(trials: Sequence[SweepTrial], streams: int) -> int:
    return sum(trial.real_time is RealTime.YES for trial in _confirming(trials, streams))


def _start(trials: Sequence[SweepTrial]) -> int:
    """The largest count that was real-time before the search began."""
    return max(
        (t.streams for t in trials if not t.source.startswith("Sweep") and t.real_time is RealTime.YES), default=0
    )


def largest(trials: Sequence[SweepTrial], max_bs: int) -> int | None:
    """The answer: the largest count that is real-time; 0 if none is, None if that is not known."""
    found = bounds(trials, max_bs)
    if not found.low and verdict(trials, found.high) is RealTime.UNSURE:
        return None
    return found.low


def trial_line(trial: SweepTrial) -> str:
    """A run in one line."""
    measured = trial.measurement
    head = f"{trial.source}: {counted(trial.streams, 'stream')}"
    if measured is None:
        return f"{head} | the app did not run: {trial.failure} | real-time: NO"
    if measured.slowest is None:
        return f"{head} | no steady window | real-time: {trial.said}"
    slow = measured.per_stream[measured.slowest]
    pace = f"slowest stream {slow.mean:.2f} FPS ({slow.low:.2f} to {slow.high:.2f})"
    return f"{head} | {pace} | real-time: {trial.said}"


def answer(trials: Sequence[SweepTrial], max_bs: int) -> str:
    """The result in one sentence."""
    found = bounds(trials, max_bs)
    unsure = verdict(trials, found.high) is RealTime.UNSURE
    if not found.low:
        if largest(trials, max_bs) is None:
            return f"Sweep: no stream count is confirmed; the runs with {found.high} do not decide"
        return f"Sweep: no stream count is real-time, not even {found.high}"
    runs = len(_confirming(trials, found.low))
    if found.high > max_bs:
        above = f"MAX_BS={max_bs} is the largest count"
    else:
        above = f"the runs with {found.high} do not decide" if unsure else f"{found.high} are not"
    plural = "s" * (found.low != 1)
    return f"Sweep: {found.low} stream{plural} in real time, in {_agreeing(trials, found.low)} of {runs} runs; {above}"
