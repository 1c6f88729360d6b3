"""The frames on which candidates differ most."""

from __future__ import annotations

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.judge.imports.candidate_frames import difference, most_different


def boxes(*lefts: float) -> Boxes:
    return Boxes.from_table(np.array([(0, left, 0, 10, 10, 0.9) for left in lefts], np.float32).reshape(-1, 6))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (boxes(), boxes(), 0.0),
        (boxes(0), boxes(0), 0.0),
        (boxes(0), boxes(), 1.0),
        (boxes(0, 50), boxes(50), 1 / 3),
        (boxes(0), boxes(30), 1.0),
    ],
)
def test_difference(a: Boxes, b: Boxes, expected: float) -> None:
    assert difference(a, b) == pytest.approx(expected)


def test_the_frames_that_differ_most_in_the_order_of_the_video() -> None:
    one = [boxes(0), boxes(0), boxes(0, 50), boxes(0), boxes(0)]
    other = [boxes(), boxes(0), boxes(50), boxes(0), boxes(90)]
    assert most_different([one, other], 3) == (0, 2, 4)


def test_frames_that_differ_equally_are_taken_by_their_boxes() -> None:
    frames = [boxes(), boxes(0), boxes(), boxes(0, 50)]
    assert most_different([frames, frames], 2) == (1, 3)


def test_fewer_frames_than_wanted_are_all_taken() -> None:
    assert most_different([[boxes(0)], [boxes()]], 3) == (0,)
    assert most_different([], 3) == ()
