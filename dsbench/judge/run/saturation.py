"""Where run 1 and trtexec are too far apart: what that means for PEAK_GPU_STREAMS, and what cannot be."""

from __future__ import annotations

from dsbench.judge.streams import RunFigures

FAR_BELOW = 0.8
"""Fraction of the target and of trtexec's throughput below which inference alone cannot be the limit."""

IMPLAUSIBLE = 120.0
"""Percent of trtexec's throughput that a whole pipeline cannot reach. Another batch size and noise explain some percent
above 100, not more."""


def implausible(efficiency: float) -> str:
    """What is wrong where a whole pipeline is faster than its model alone; "" where it is not."""
    if efficiency <= IMPLAUSIBLE:
        return ""
    return (
        f"{efficiency}% of what the model alone reaches cannot be: the trtexec log was recorded on a slower or busier "
        "machine, or with another engine than the run's (as with DSBENCH_ENGINE=fast), and PEAK_GPU_STREAMS follows "
        "from it; remove that log and run again to measure it anew"
    )


def note(run1: RunFigures, efficiency: float) -> str | None:
    """What the figures of run 1 say where it falls far short of trtexec; None where it keeps up or reaches trtexec's
    figure. ``efficiency`` in percent of trtexec. What it is instead is measured, not guessed: judge/bottleneck.py."""
    if run1.fps >= FAR_BELOW * run1.target_fps or efficiency >= FAR_BELOW * 100:
        return None
    return (
        f"{run1.streams} streams reach {run1.fps} of {run1.target_fps:g} FPS each, {run1.total_fps} img/s together, "
        f"{efficiency}% of what inference alone carries: PEAK_GPU_STREAMS is an overestimate here, and RT_STREAMS is "
        "what the whole pipeline leaves; throughput_limit measures what limits it"
    )
