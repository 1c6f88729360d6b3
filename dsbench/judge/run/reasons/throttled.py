"""throttled: the GPU was slowed down by heat or power."""

from __future__ import annotations

from dsbench.judge.run import telemetry
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode, State

MIN_FRACTION, INVALID_FRACTION = 0.1, 0.5
"""Fractions of the samples in which it was."""
_SLOWED = ("HwSlowdown", "SwThermalSlowdown", "HwThermalSlowdown", "HwPowerBrakeSlowdown")
"""Throttle reasons that are not how the GPU is meant to run. SwPowerCap is, under full load."""


def find(run: JudgedRun) -> Reason | None:
    """The throttle reason that was active most often."""
    if run.context.telemetry is None or len(run.context.telemetry.rows) < 2:
        return None
    summary = telemetry.summarise(run.context.telemetry, run.span)
    slowed = [one for one in summary.throttled or () if one.reason in _SLOWED]
    if not slowed or slowed[0].fraction < MIN_FRACTION:
        return None
    seen = f"{slowed[0].reason} in {100 * slowed[0].fraction:.0f}% of the samples"
    state = State.INVALID if slowed[0].fraction >= INVALID_FRACTION else State.INCONCLUSIVE
    return Reason(ReasonCode.THROTTLED, f"the GPU was slowed down ({seen}): check cooling and power supply", state)
