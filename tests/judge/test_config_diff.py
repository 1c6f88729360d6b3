"""What becomes of boxes from one config to the other: a case table."""

from __future__ import annotations

import pytest

from dsbench.formats import kitti
from dsbench.formats.kitti import KittiObject
from dsbench.judge import config_diff

CAR = ("car", 100.0, 100.0, 80.0, 60.0, 0.9)
PERSON = ("person", 300.0, 100.0, 40.0, 90.0, 0.8)
Row = tuple[str, float, float, float, float, float]


def objects(*rows: Row) -> tuple[KittiObject, ...]:
    return tuple(kitti.from_box(*row) for row in rows)


@pytest.mark.parametrize(
    ("a", "b", "expected", "same"),
    [
        ((CAR, PERSON), (PERSON, CAR), {}, 2),
        ((CAR, PERSON), (CAR,), {"vanished": 1}, 1),
        ((CAR,), (CAR, PERSON), {"appeared": 1}, 1),
        ((CAR,), (("car", 103.0, 100.0, 80.0, 60.0, 0.9),), {"moved": 1}, 0),
        ((CAR,), (("car", 100.3, 100.0, 80.0, 60.0, 0.9),), {}, 1),
        ((CAR,), (("car", 103.0, 100.0, 80.0, 60.0, 0.5),), {"moved": 1}, 0),
        ((CAR,), (("car", 100.0, 100.0, 80.0, 60.0, 0.85),), {"rescored": 1}, 0),
        ((CAR,), (("truck", 100.0, 100.0, 80.0, 60.0, 0.9),), {"relabelled": 1}, 0),
        ((CAR,), (("car\r", 100.0, 100.0, 80.0, 60.0, 0.9),), {"relabelled": 1}, 0),
        ((CAR,), (("car", 500.0, 100.0, 80.0, 60.0, 0.9),), {"vanished": 1, "appeared": 1}, 0),
        ((), (), {}, 0),
    ],
)
def test_one_frame(a: tuple[Row, ...], b: tuple[Row, ...], expected: dict[str, int], same: int) -> None:
    found = config_diff.compare({0: objects(*a)}, {0: objects(*b)})
    assert {name: count for name, count in found.counts if count} == expected
    assert (found.unchanged, found.differs) == (same, bool(expected))


def test_frames_that_one_side_lacks_are_a_difference() -> None:
    found = config_diff.compare({0: objects(CAR), 1: objects(CAR)}, {0: objects(CAR)})
    assert (len(found.frames), found.only_a, found.only_b, found.differs) == (1, 1, 0, True)


def test_classes_with_most_differences_come_first() -> None:
    found = config_diff.compare({0: objects(CAR, PERSON), 1: objects(PERSON)}, {0: objects(CAR), 1: ()})
    first, second = found.classes()
    assert (first.label, first.a, first.b, first.vanished) == ("person", 2, 0, 2)
    assert (second.label, second.differs) == ("car", False)


def test_the_worst_frames_are_no_neighbours() -> None:
    frames = {number: objects(CAR, PERSON) for number in range(100)}
    other = {number: objects(*((CAR,) if number in (10, 11, 60) else (CAR, PERSON))) for number in range(100)}
    assert [frame.frame for frame in config_diff.compare(frames, other).worst(3)] == [10, 60]
