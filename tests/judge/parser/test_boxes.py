"""6b's sanity check of raw parser boxes."""

from __future__ import annotations

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.families.base import Network
from dsbench.judge.parser.boxes import check
from tests.agreement import compare

NETWORK = Network(416, 416)
GOOD = [0, 10, 20, 100, 50, 0.9]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ([0, 1.2, 0.4, 2.1, 2.9, 0.9], "grid-space"),
        ([0, 0.2, 0.4, 0.1, 0.9, 0.9], "normalised-boxes"),
        ([0, 10, 20, -5, 50, 0.9], "negative-size"),
        ([0, 10, 20, 0, 50, 0.9], "zero-size"),
        ([0, 400, 20, 50, 50, 0.9], "outside"),
        ([0, -20, 20, 50, 50, 0.9], "outside"),
        ([3, 10, 20, 50, 50, 0.9], "class-id"),
        ([0, np.nan, 20, 50, 50, 0.9], "not-finite"),
    ],
)
def test_bad_boxes(row: list[float], rule: str) -> None:
    found = check([np.array([row], np.float32)], NETWORK, 3)
    assert rule in [finding.rule for finding in found]
    assert all(finding.fix for finding in found)


def test_good_boxes_and_none() -> None:
    assert check([np.array([GOOD], np.float32), np.zeros((0, 6), np.float32)], NETWORK, 3) == ()


def test_parser_that_returns_false() -> None:
    found = check([None, np.array([GOOD], np.float32)], NETWORK, 3)
    assert [finding.rule for finding in found] == ["parser-false"]
    assert "1 of 2 real frames" in found[0].what


def test_compare_counts_equal_boxes_in_any_order() -> None:
    rows = np.array([GOOD, [1, 5, 5, 9, 9, 0.5]], np.float32)
    reference = Boxes(rows[:, 0].astype(np.int32), *rows[:, 1:].T)
    assert compare([rows], [reference]).complete
    assert compare([rows[::-1]], [reference]).complete
    moved = rows + np.array([0, 8, 0, 0, 0, 0], np.float32)
    result = compare([moved], [reference])
    assert (result.equal, result.complete, result.largest_difference) == (0, False, 8)
    assert not compare([None], [reference]).complete
