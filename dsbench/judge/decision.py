"""Whether one more run would decide ``--min-streams``: run 2 neither confirmed nor refuted that number of streams."""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.judge.run.measurement import Measurement, RealTime, State

NEAR = 0.97
"""Fraction of the wanted streams' frames that a run must have reached: another number of streams costs some percent."""


def why_undecided(wanted: int, max_bs: int, run1: Measurement, confirming: Sequence[Measurement]) -> str:
    """Why a run at ``wanted`` streams would decide, in a clause; "" if the runs decide, or if it would be hopeless.

    ``confirming``: run 2 and its retry.
    """
    if wanted > max_bs or any(run.state is State.INVALID for run in confirming[-1:]):
        return ""
    if any(run.streams >= wanted and run.real_time is RealTime.YES for run in confirming):
        return ""
    if any(run.streams <= wanted and run.real_time is RealTime.NO for run in confirming):
        return ""
    target = confirming[-1].target_fps
    most = max((run.total.high for run in (run1, *confirming) if run.total is not None), default=0.0)
    if most < NEAR * wanted * target:
        return ""
    unsure = [run for run in confirming if run.real_time is RealTime.UNSURE]
    if unsure:
        codes = ", ".join(dict.fromkeys(str(reason.code) for reason in unsure[-1].reasons))
        return f"run 2 with {unsure[-1].streams} did not decide ({codes})" if codes else "run 2 did not decide"
    return f"run 2 was made with {' and '.join(str(run.streams) for run in confirming)}"
