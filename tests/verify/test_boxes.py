"""A dump against the boxes that were derived again."""

from __future__ import annotations

import pytest

from dsbench.judge.imports.match_tally import MatchCounts, MatchTally
from dsbench.verify.boxes import Derived


def tally(paired: int, iou: float, drift: float = 0.0, unpaired: int = 0) -> MatchTally:
    boxes = paired + unpaired
    frame = MatchCounts(0, boxes, boxes, paired, paired, unpaired, unpaired, 0)
    return MatchTally((frame,), (iou,) * paired, (drift,) * paired)


@pytest.mark.parametrize(
    ("derived", "holds"),
    [
        (Derived(tally(100, 1.0)), True),
        (Derived(tally(100, 0.97, 0.01, unpaired=2)), True),
        (Derived(tally(100, 0.8)), False),
        (Derived(tally(100, 1.0, 0.2)), False),
        (Derived(tally(50, 1.0, unpaired=50)), False),
        (Derived(None, "the video is not here"), True),
    ],
)
def test_other_boxes_than_the_models_are_found(derived: Derived, holds: bool) -> None:
    assert (derived.mismatches == ()) == holds
    assert all("the dump has other boxes" in one.text and "F1" in one.text for one in derived.mismatches)
    assert derived.tally or derived.text == "the boxes were not derived again: the video is not here"
