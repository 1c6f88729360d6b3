"""IoU, NMS and matching of boxes."""

from __future__ import annotations

import numpy as np
import pytest

from dsbench.base.boxes import Boxes, centre_to_corners, count_matches, iou, nms

Row = tuple[float, float, float, float, float, float]
"""Class id, left, top, width, height, confidence."""


def made(*rows: Row) -> Boxes:
    return Boxes.from_table(np.array(rows, np.float32).reshape(-1, 6))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),  # the same
        ((0, 0, 2, 2), (1, 0, 2, 2), 1 / 3),  # half of it overlaps
        ((0, 0, 4, 4), (1, 1, 2, 2), 0.25),  # inside
        ((0, 0, 2, 2), (2, 0, 2, 2), 0.0),  # they touch
        ((0, 0, 2, 2), (9, 9, 2, 2), 0.0),  # apart in both axes: no product of two negative lengths
        ((3, 3, 0, 0), (3, 3, 0, 0), 1.0),  # equal, without area
        ((3, 3, 0, 0), (4, 3, 0, 0), 0.0),  # without area, elsewhere
        ((0, 0, np.nan, 2), (0, 0, 2, 2), np.nan),  # no number compares to any threshold
    ],
)
def test_iou(one: tuple[float, ...], other: tuple[float, ...], expected: float) -> None:
    a, b = made((0, *one, 1)), made((1, *other, 1))  # type: ignore[arg-type]
    found = iou(a, b)
    assert found.shape == (1, 1)
    if np.isnan(expected):
        assert not found[0, 0] > 0
    else:
        assert found[0, 0] == pytest.approx(expected)


def test_nms_keeps_the_best_of_each_class() -> None:
    ranked = made((0, 0, 0, 10, 10, 0.9), (0, 1, 0, 10, 10, 0.8), (1, 1, 0, 10, 10, 0.7), (0, 50, 50, 5, 5, 0.3))
    assert nms(ranked).tolist() == [0, 2, 3]
    many = made((0, 0, 0, 10, 10, 0.5), (0, 1, 0, 10, 10, 0.9), (1, 0, 0, 10, 10, 0.4), (0, 50, 0, 10, 10, 0.6))
    assert nms(many).tolist() == [1, 3, 2]
    assert nms(many, limit=2).tolist() == [1, 3]
    assert nms(Boxes.empty()).tolist() == []


def test_a_box_is_matched_once_and_by_class() -> None:
    one = made((0, 0, 0, 10, 10, 0.9))
    two = made((0, 0, 0, 10, 10, 0.9), (0, 1, 0, 10, 10, 0.8), (1, 0, 0, 10, 10, 0.9))
    assert count_matches(one, two) == count_matches(two, one) == 1
    assert count_matches(one, Boxes.empty()) == 0


def test_a_table_and_back() -> None:
    boxes = made((3, 1, 2, 3, 4, 0.5), (1, 0, 0, 1, 1, 0.25))
    assert boxes.table().tolist() == [[3, 1, 2, 3, 4, 0.5], [1, 0, 0, 1, 1, 0.25]]
    assert boxes.take(np.array([False, True])).table().tolist() == [[1, 0, 0, 1, 1, 0.25]]


def test_centres_to_corners() -> None:
    corners = centre_to_corners(*np.array([[10], [20], [4], [6]], np.float32))
    assert [float(part[0]) for part in corners] == [8, 17, 12, 23]
