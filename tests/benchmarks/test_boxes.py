"""The peers' decode in NumPy, and how boxes are compared."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import boxes


def rows(*cells: tuple[int, tuple[float, ...]]) -> np.ndarray:
    """Outputs of a 32x64 network with two classes; ``cells`` by anchor."""
    found = np.zeros((4 * 8 + 2 * 4 + 1 * 2, 7), np.float32)
    for anchor, values in cells:
        found[anchor] = values
    return found


def test_an_anchor_is_decoded_where_it_lies() -> None:
    # the stride-8 anchor of column 3, row 1: centre (3.5 * 8, 1.25 * 8), 16 wide, 8 high
    found = boxes.candidates(rows((11, (0.5, 0.25, np.log(2), 0, 0.5, 0.2, 0.8))), (32, 64), 0.25, 0.5)
    assert found.tolist() == [[1, pytest.approx(0.4), 40, 12, 72, 28]]


def test_boxes_are_clipped_and_low_scores_left_out() -> None:
    wide = (0.5, 0.5, 5.0, 5.0, 1.0, 1.0, 0.0)
    low = (0.5, 0.5, 0.0, 0.0, 0.3, 0.5, 0.1)
    found = boxes.candidates(rows((0, wide), (41, low)), (32, 64), 0.25, 1.0)
    assert found.tolist() == [[0, 1, 0, 0, 63, 31]]


def test_agreement_pairs_each_box_once_and_by_class() -> None:
    one, other = [0, 0.9, 0, 0, 10, 10], [1, 0.9, 0, 0, 10, 10]
    near = [0, 0.8, 1, 0, 11, 10]
    found = boxes.compare(boxes.of_lists([[one, near], [one], []]), boxes.of_lists([[one], [other], []]))
    assert found == boxes.Agreement(matched=1, first=3, second=2)
    assert found.f1 == pytest.approx(0.4)
    assert boxes.compare([], []).f1 == 1
