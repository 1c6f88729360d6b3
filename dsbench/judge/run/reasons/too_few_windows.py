"""too-few-windows: the run is too short for its interval to say something."""

from __future__ import annotations

from dsbench.judge.run import steady
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode
from dsbench.judge.run.reasons import rows_lost

MIN_WINDOWS = 5
"""Steady windows below which an interval says little."""


def find(run: JudgedRun) -> Reason | None:
    """Fewer than MIN_WINDOWS steady windows. Not reported if rows were lost, because a longer run would not help."""
    if run.count >= MIN_WINDOWS or rows_lost.find(run):
        return None
    plural = "" if run.count == 1 else "s"
    text = f"{run.count} steady window{plural}, at least {MIN_WINDOWS} are needed: raise --perf-seconds"
    return Reason(ReasonCode.TOO_FEW_WINDOWS, text)


def find_late_start(run: JudgedRun) -> Reason | None:
    """The last stream began when half of the windows were over."""
    begun = steady.all_begun(run.windows)
    if 2 * begun <= len(run.windows.fps):
        return None
    text = f"the last stream began after {run.windows.at_s[begun]:.0f} s, so too few windows are left"
    return Reason(ReasonCode.TOO_FEW_WINDOWS, f"{text}: raise --perf-seconds")
