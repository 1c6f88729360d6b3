"""Pairs of boxes, and the figures made from them."""

from __future__ import annotations

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.judge.imports import matching
from dsbench.judge.imports.matching import Match

CAR = (0, 10.0, 10.0, 100.0, 50.0, 0.9)
"""class id, left, top, width, height, confidence."""


def boxes(*rows: tuple[float, ...]) -> Boxes:
    return Boxes.from_table(np.array(rows, np.float32).reshape(-1, 6))


def moved(row: tuple[float, ...], dx: float = 0, class_id: int | None = None, score: float | None = None) -> Boxes:
    number, left, top, width, height, confidence = row
    return boxes(
        (
            number if class_id is None else class_id,
            left + dx,
            top,
            width,
            height,
            confidence if score is None else score,
        )
    )


def one(reference: Boxes, found: Boxes, margin: float = 0.0) -> Match:
    return matching.match((4,), (reference,), (found,), lambda _: 0.25, margin)


@pytest.mark.parametrize(
    ("found", "paired", "missed", "extra", "f1", "close"),
    [
        (boxes(CAR), 1, 0, 0, 1.0, 1.0),
        (boxes(), 0, 1, 0, 0.0, 0.0),
        (moved(CAR, dx=20), 1, 0, 0, 1.0, 0.0),
        (moved(CAR, dx=60), 0, 1, 1, 0.0, 0.0),
        (moved(CAR, class_id=1), 0, 1, 1, 0.0, 0.0),
        (boxes(CAR, CAR), 1, 0, 1, 2 / 3, 2 / 3),
    ],
)
def test_figures(found: Boxes, paired: int, missed: int, extra: int, f1: float, close: float) -> None:
    match = one(boxes(CAR), found)
    assert (match.paired, match.missed, match.extra) == (paired, missed, extra)
    assert match.f1 == pytest.approx(f1)
    assert match.f1_close == pytest.approx(close)


def test_two_empty_sides_agree() -> None:
    match = one(boxes(), boxes())
    assert (match.f1, match.recall, match.precision, match.median_iou, match.score_drift) == (1, 1, 1, 1, 0)


def test_a_box_of_another_class_is_a_confusion() -> None:
    match = one(boxes(CAR), moved(CAR, class_id=7))
    assert match.confusions() == ((0, 7, 1),)
    assert match.classes() == ((0, 1, 0, 0), (7, 0, 1, 0))


def test_the_same_class_is_preferred_to_a_better_overlap() -> None:
    found = boxes((1, *CAR[1:]), (0, 15.0, *CAR[2:]))
    match = one(boxes(CAR), found)
    assert [pair.found for pair in match.frames[0].same] == [1]
    assert match.frames[0].extra == (0,)


def test_unpaired_boxes_at_the_threshold_count_for_neither_side() -> None:
    low = moved(CAR, score=0.255)
    assert one(low, boxes(), margin=0.01).f1 == 1
    assert one(boxes(), low, margin=0.01).f1 == 1
    assert one(low, boxes()).f1 == 0
    assert one(boxes(), moved(CAR, score=0.2), margin=0.01).extra == 1, "a lower threshold than the reference's"
    assert one(low, moved(CAR, class_id=1), margin=0.01).missed == 1, "a wrong class is no matter of the threshold"


def test_duplicates_are_counted_once_for_each_worse_box() -> None:
    pile = boxes(CAR, (0, 11.0, *CAR[2:]), (0, 12.0, *CAR[2:]), (1, *CAR[1:]), (0, 500.0, *CAR[2:]))
    assert one(boxes(), pile).duplicates == 2


def test_score_drift_is_the_median_of_the_pairs() -> None:
    reference = boxes(*((0, 200.0 * place, *CAR[2:5], 0.8) for place in range(3)))
    found = boxes(*((0, 200.0 * place, *CAR[2:5], score) for place, score in enumerate((0.8, 0.6, 0.5))))
    assert one(reference, found).score_drift == pytest.approx(-0.2)


def test_worst_frames_have_the_most_unpaired_boxes() -> None:
    frames = (boxes(CAR), boxes(CAR), boxes(CAR, (0, 500.0, *CAR[2:])))
    match = matching.match((3, 5, 9), frames, (boxes(CAR), boxes(), boxes()))
    assert [frame.frame for frame in match.worst(2)] == [5, 9]


def test_boxes_that_are_not_finite_pair_with_nothing() -> None:
    match = one(boxes(CAR), boxes((0, np.nan, 0, 10, 10, 0.9), (0, np.inf, 0, np.inf, 10, 0.9)))
    assert (match.paired, match.extra) == (0, 2)
