"""engine-build: nvinfer built an engine while the run was being measured."""

from __future__ import annotations

from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode, State


def find(run: JudgedRun) -> Reason | None:
    """The first engine build within the steady windows."""
    begin, end = run.span
    for began, ended in run.context.builds:
        if began < end and ended > begin:
            text = (
                f"nvinfer built an engine from {began:.0f} to {ended:.0f} s, within the measured {begin:.0f} to "
                f"{end:.0f} s: run again, the engine exists now"
            )
            return Reason(ReasonCode.ENGINE_BUILD, text, State.INVALID)
    return None
