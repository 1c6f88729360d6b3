"""When one more run decides ``--min-streams``."""

from __future__ import annotations

import pytest

from dsbench.judge.decision import why_undecided
from dsbench.judge.run.measurement import Interval, Measurement, Reason, State

UNSURE, NO, YES, INVALID = "unsure", "no", "yes", "invalid"


def measured(streams: int, said: str, fps: float) -> Measurement:
    low, high = {YES: (31.0, fps), NO: (fps - 1, fps)}.get(said, (fps - 1, fps + 1))
    state = {UNSURE: State.INCONCLUSIVE, INVALID: State.INVALID}.get(said, State.VALID)
    reasons = (Reason("near-target", "text"),) if said == UNSURE else ()
    each = (Interval(fps, low, high),) * streams
    total = Interval(fps * streams, low * streams, high * streams)
    return Measurement(state, reasons, streams, 30.0, 0.0, 20, total, each, ())


@pytest.mark.parametrize(
    ("wanted", "confirming", "why"),
    [
        (4, [measured(4, YES, 33)], ""),
        (4, [measured(5, YES, 33)], ""),
        (4, [measured(4, UNSURE, 30)], "run 2 with 4 did not decide (near-target)"),
        (4, [measured(5, UNSURE, 30)], "run 2 with 5 did not decide (near-target)"),
        (5, [measured(4, YES, 38)], "run 2 was made with 4"),
        (6, [measured(4, YES, 38)], ""),  # 152 frames a second
        (4, [measured(4, NO, 29)], ""),
        (3, [measured(5, NO, 20), measured(2, YES, 45)], "run 2 was made with 5 and 2"),
        (4, [measured(5, NO, 20), measured(2, YES, 45)], ""),
        (4, [measured(4, INVALID, 30)], ""),
        (9, [measured(8, UNSURE, 35)], ""),  # MAX_BS
    ],
)
def test_why_undecided(wanted: int, confirming: list[Measurement], why: str) -> None:
    assert why_undecided(wanted, 8, measured(6, YES, 10), confirming) == why
