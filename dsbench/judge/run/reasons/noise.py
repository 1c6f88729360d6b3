"""noise: windows differ so much from each other that their mean says little."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, pvariance

from dsbench.judge.run import steady
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import OTHER_LOAD_LIKELY, Reason, ReasonCode
from dsbench.judge.run.reasons import too_few_windows

MAX_HALF_WIDTH = 0.2
"""Half the width of the confidence interval, as a fraction of the mean. If it is larger, the throughput is unknown."""
MAX_SPREAD = 0.15
"""Standard deviation of the windows, as a fraction of the mean. If it is larger, the run was not in one state."""
MAX_BELOW = 0.05
"""Fraction of a stream's windows that may be below the target without making the verdict unclear."""


def find(run: JudgedRun) -> Reason | None:
    """Noise of all streams together. In run 2 the target decides how much is too much."""
    if run.count < too_few_windows.MIN_WINDOWS:
        return None
    confirms, total = run.context.confirms, run.total
    spread = variation(steady.totals(run.windows)[run.start :], run.windows.streams / run.windows.interval_s)
    if spread >= MAX_SPREAD and not (confirms and _all_above(run)):
        text = f"all streams together varied by {100 * spread:.0f}% from window to window: {OTHER_LOAD_LIKELY}"
        return Reason(ReasonCode.NOISE, text)
    if total.relative > MAX_HALF_WIDTH and not confirms:
        text = (
            f"the 95% interval of all streams together is as wide as ±{100 * total.relative:.0f}%: raise --perf-seconds"
        )
        return Reason(ReasonCode.NOISE, text)
    return None


def _all_above(run: JudgedRun) -> bool:
    """Whether nearly every window of every stream reaches the target: the answer is then clear, however uneven."""
    allowed = run.count * MAX_BELOW
    columns = (run.windows.of_stream(stream)[run.start :] for stream in range(run.windows.streams))
    return all(sum(value < run.target_fps for value in column) <= allowed for column in columns)


def variation(values: Sequence[float], quantum: float) -> float:
    """The standard deviation of windows as a fraction of their mean, without what counting whole frames adds."""
    mean = fmean(values)
    spread = math.sqrt(max(0.0, pvariance(values) - quantum * quantum))
    return spread / mean if mean > 0 else 0.0
