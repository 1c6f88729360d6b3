"""Two lists of detections of the same frames."""

from __future__ import annotations

import pytest

from dsbench.base.boxes import Boxes
from dsbench.embedded.bench.agreement import Agreement, compare
from tests.embedded.native_support import boxes


def test_pairs_are_of_one_class_and_overlap_by_half() -> None:
    first = boxes((0, 0, 0, 10, 10, 0.9), (1, 50, 50, 10, 10, 0.8), (0, 100, 0, 10, 10, 0.7))
    second = boxes((0, 2, 0, 10, 10, 0.5), (0, 50, 50, 10, 10, 0.9), (0, 106, 0, 10, 10, 0.7))
    found = compare([first, Boxes.empty()], [second, second])
    assert found == Agreement(matched=1, first=3, second=6)
    assert found.f1 == pytest.approx(2 / 9)


def test_a_box_has_one_partner_only() -> None:
    one = boxes((0, 0, 0, 10, 10, 0.9))
    two = boxes((0, 0, 0, 10, 10, 0.9), (0, 1, 0, 10, 10, 0.9))
    assert compare([one], [two]).matched == 1
    assert compare([two], [two]) == Agreement(2, 2, 2)


def test_nothing_agrees_with_nothing() -> None:
    assert compare([Boxes.empty()], [Boxes.empty()]).f1 == 1
