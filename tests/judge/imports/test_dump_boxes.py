"""Labels of a dump as class ids."""

from __future__ import annotations

import pytest

from dsbench.base.boxes import Boxes
from dsbench.formats import kitti
from dsbench.judge.imports import dump_boxes
from dsbench.judge.imports.dump_boxes import UNKNOWN, names_of

NAMES = names_of(("car", "person;tall", "car", ""))


@pytest.mark.parametrize(
    ("label", "number"),
    [("car", 0), ("\ufeffcar", 0), ("person", 1), ("person\r", 1), ("cat", UNKNOWN), ("", 3)],
)
def test_a_label_has_the_place_of_its_first_line(label: str, number: int) -> None:
    assert NAMES.id_of(label) == number


def test_without_label_file_every_class_is_one() -> None:
    nobody = names_of(())
    assert (nobody.id_of(""), nobody.one_id(5), nobody.spoilt([""])) == (0, 0, ())


def test_classes_of_one_name_are_one() -> None:
    assert [NAMES.one_id(number) for number in (0, 1, 2, 9)] == [0, 1, 0, 9]


def test_invisible_characters_are_found() -> None:
    assert NAMES.spoilt(["car", "\ufeffcar", "person\r", "cat"]) == ("\ufeffcar", "person\r")


def test_names_are_shown() -> None:
    assert [NAMES.name(number) for number in (1, 3, 8)] == ["person", "class 3", "class 8"]


def test_objects_of_a_frame() -> None:
    frame = (kitti.from_box("person", 10, 20, 30, 40, 0.5), kitti.from_box("cat", 0, 0, 1, 1, 0.25))
    found = dump_boxes.boxes_of(frame, NAMES)
    assert found.table().tolist() == [[1, 10, 20, 30, 40, 0.5], [UNKNOWN, 0, 0, 1, 1, 0.25]]
    assert len(dump_boxes.boxes_of((), NAMES)) == len(Boxes.empty())
