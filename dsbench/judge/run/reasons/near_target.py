"""near-target and quantisation: the target lies within the interval of the slowest stream, so the run does not decide.

It is quantisation where one frame more would decide: too few frames were counted. Run 2 only.
"""

from __future__ import annotations

from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode


def find(run: JudgedRun) -> Reason | None:
    """The target lies within the interval of the stream that decides."""
    if not _undecided(run):
        return None
    return Reason(ReasonCode.NEAR_TARGET, f"{_bounds(run)}: raise --perf-seconds")


def find_quantisation(run: JudgedRun) -> Reason | None:
    """The same, and the target lies within one frame of the mean, or a frame is worth half of the interval."""
    one = run.each[run.slowest]
    decides = abs(one.mean - run.target_fps) <= run.resolution or run.resolution >= one.half_width / 2
    if not _undecided(run) or not decides:
        return None
    return Reason(ReasonCode.QUANTISATION, f"{_bounds(run)}: one frame more would decide; raise --perf-seconds")


def _undecided(run: JudgedRun) -> bool:
    return run.each[run.slowest].low < run.target_fps and all(one.high >= run.target_fps for one in run.each)


def _bounds(run: JudgedRun) -> str:
    one = run.each[run.slowest]
    interval = f"the 95% interval of stream {run.slowest}, {one.low:.2f} to {one.high:.2f} FPS"
    return f"{interval}, contains the target {run.target_fps:g}"
