"""Whether the answer of a run is decided, however much its FPS varied.

Two levels, a trend, noise and other load are no reason against a run if no window of it gives another answer. Run 2
answers whether its streams keep up; run 1 how many streams run 2 is made with. A run whose frames were not all seen
(lost rows, pauses, a stall, a late clock) is never decided by its windows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reasons import drift, too_few_windows, two_states


def varying_fps_matter(run: JudgedRun) -> bool:
    """Whether another mix of the same windows could change the answer."""
    if run.context.confirms:
        return not keeps_up(run)
    least, most = rt_streams(run)
    return bool(run.stalled) or least != most


def lower_fps_matter(run: JudgedRun) -> bool:
    """Whether more FPS could change the answer: the run was slowed down by something that is not the pipeline."""
    if run.context.confirms:
        return not keeps_up(run)
    return rt_streams(run)[0] < run.context.most_streams or not run.context.most_streams


def keeps_up(run: JudgedRun) -> bool:
    """Whether every window of every stream reaches the target: no level below it was cut as if it were warm-up, and
    no trend leads below it within another run as long."""
    if run.count < too_few_windows.MIN_WINDOWS or run.stalled or min(run.lowest) < run.target_fps:
        return False
    return two_states.slow_first_of(run) is None and not drift.falls_below_target(run)


def rt_streams(run: JudgedRun) -> tuple[int, int]:
    """RT_STREAMS by the lowest and by the highest window of stream 0 alone (judge/streams.py has the formula)."""
    values = run.windows.of_stream(0)[run.start :]
    most = run.context.most_streams or math.inf
    low, high = (math.floor(bound / run.clock * run.windows.streams / run.target_fps) for bound in _ends(values))
    return int(min(low, most)), int(min(high, most))


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values, default=0.0), max(values, default=0.0)
