"""labels.txt against the model's names: wrong orders are errors that show both, other names are warnings."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dsbench.judge.label_names import COUNT, NAMES, ORDER, compare, mismatches, not_background
from dsbench.model.coco import COCO80, COCO91
from dsbench.model.exporter.statement import Said

FOUR = ("person", "car", "dog", "traffic light")


@pytest.mark.parametrize(
    ("labels", "names", "classes"),
    [
        (FOUR, FOUR, 4),
        (("Person", "CAR", "dog\r", "traffic_light"), FOUR, 4),
        (("\ufeffperson", "car", "dog", "traffic-light"), FOUR, 4),
        (("person", "x", "dog", "traffic light"), ("person", "", "dog", "traffic light"), 4),
        (("a", "b"), None, 2),
        (("a", "b"), ("LABEL_0", "LABEL_1"), 2),
        (("a", "b"), ("class0", "class1"), 2),
        (COCO80, COCO80, 80),
        (COCO91, COCO91, 91),
        (COCO80, None, 80),
        ((*COCO80[:3], "motorbike", "aeroplane", *COCO80[5:]), COCO80, 80),
        (("person",), ("person",), 1),
    ],
)
def test_what_agrees(labels: Sequence[str], names: tuple[str, ...] | None, classes: int) -> None:
    assert compare(labels, names and Said(names, "here"), classes) is None


@pytest.mark.parametrize(
    ("labels", "names", "classes", "rule", "error", "expected"),
    [
        (sorted(FOUR), FOUR, 4, ORDER, True, "sorted by name: the model (here): 'person', 'car', 'dog', 'traffic"
         " light'; labels.txt: 'car', 'dog', 'person', 'traffic light'"),
        (("person", "dog", "car", "traffic light"), FOUR, 4, ORDER, True, "in another order"),
        (("background", *FOUR), FOUR, 4, ORDER, True, "one line too many at the top (line 1 is 'background')"),
        (FOUR[1:], FOUR, 4, ORDER, True, "one line too few at the top"),
        (("person", "traffic light"), ("N/A", "person", "traffic light"), 3, ORDER, True,
         "one line too few at the top"),
        (("a", "c", "b"), ("a", "b", "c"), 3, ORDER, True, "in another order"),
        (("x", *FOUR[:3]), FOUR, 4, ORDER, True, "shifted, one line too many"),
        ((*FOUR[:3], "lamp"), FOUR, 4, NAMES, False,
         "class 3 is 'traffic light' in the model (here), 'lamp' in labels.txt"),
        (sorted(COCO80), COCO80, 80, ORDER, True, "sorted by name"),
        (sorted(COCO80), None, 80, ORDER, False, "COCO's 80 names sorted by name"),
        ((*COCO80[:11], "N/A", *COCO80[11:79]), None, 80, ORDER, False,
         "68 of 80 not in COCO's lines: line 13 is 'stop sign', COCO has 'parking meter'"),
        (("car", "bicycle", "person", *COCO80[3:]), None, 80, ORDER, False, "COCO's 80 names in another order"),
        (COCO80, None, 91, ORDER, True, "COCO's list of 80, the head has 91 columns"),
        (COCO80, COCO91, 91, ORDER, True, "COCO's list of 80, the head has 91 columns"),
        (COCO91, None, 80, ORDER, True, "COCO's 91 category ids"),
        (("background", "a", "b"), None, 2, COUNT, True, "the first line, 'background', is a background"),
        (("a", "b", "background"), None, 2, COUNT, True, "the last line, 'background'"),
    ],
)  # fmt: skip
def test_what_is_wrong(
    labels: Sequence[str], names: tuple[str, ...] | None, classes: int, rule: str, error: bool, expected: str
) -> None:
    found = compare(labels, names and Said(names, "here"), classes)
    assert found is not None
    assert (found.rule, found.error) == (rule, error)
    assert expected in found.what


@pytest.mark.parametrize(
    ("labels", "classes", "rules", "expected"),
    [
        (FOUR, 4, (), ""),
        (FOUR, None, (), ""),
        (("person",), 4, (COUNT,), "labels.txt has 1 class, the model's head has 4"),
        ((*FOUR[:2], "cat"), 4, (COUNT,), "labels.txt has 3 classes, the model's head has 4"),
        (FOUR[1:], 4, (ORDER,), "one line too few at the top"),  # the order explains the number
    ],
)
def test_another_number_of_classes_than_the_head(
    labels: Sequence[str], classes: int | None, rules: tuple[str, ...], expected: str
) -> None:
    found = mismatches(labels, len(labels), Said(FOUR, "here"), classes)
    assert tuple(wrong.rule for wrong in found) == rules
    assert expected in "".join(wrong.what for wrong in found)


@pytest.mark.parametrize(
    ("labels", "names", "doubt"),
    [
        (sorted(COCO80), None, True),
        (COCO80[::-1], None, True),
        (("Auto", "Mensch", "Hund", "Ampel"), FOUR, True),  # another data set, or translated
        ((*FOUR[:3], "lamp"), FOUR, False),
        (sorted(FOUR), FOUR, False),  # an error, no doubt
    ],
)
def test_names_that_may_all_be_wrong_leave_the_import_undecided(
    labels: Sequence[str], names: tuple[str, ...] | None, doubt: bool
) -> None:
    found = compare(labels, names and Said(names, "here"), len(labels))
    assert found is not None
    assert found.doubt == doubt


def test_a_list_is_sorted_in_its_own_spelling() -> None:
    other = {"airplane": "aeroplane", "motorcycle": "motorbike", "couch": "sofa"}
    found = compare(sorted(other.get(name, name) for name in COCO80), None, 80)
    assert found is not None
    assert "sorted by name" in found.what


def test_metadata_that_do_not_name_every_class_of_the_head() -> None:
    """labels.txt is right then; where it repeats the metadata, the fix is about them."""
    fewer = Said(FOUR[1:], "ONNX metadata: names")
    (right,) = mismatches(FOUR, 4, fewer, 4)
    assert (right.rule, right.error, right.doubt) == (NAMES, False, False)
    assert right.what == "ONNX metadata: names has 3 names, the head has 4 classes, as labels.txt has"
    assert mismatches(FOUR, 4, Said(FOUR[1:], "config.json"), 4) == ()
    (repeated,) = mismatches(FOUR[1:], 3, fewer, 4)
    assert repeated.rule == COUNT
    assert repeated.fix.startswith("the names in the ONNX metadata are not this head's: export the model again")


def test_a_class_in_the_line_of_the_background() -> None:
    found = not_background(("face", "trailer"), 0)
    assert found is not None
    assert found.doubt
    assert "line 1 is 'face'" in found.what
    assert not_background(("BACKGROUND", "face"), 0) is None
    assert not_background(("face", "__background__"), 0) is None
    assert not_background(("face",), -1) is None
