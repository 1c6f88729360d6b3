"""Precision, recall, confusion and hardest frames; what one threshold would give; classes by name."""

from __future__ import annotations

import pytest

from dsbench.judge.accuracy import class_names, errors_of_run, judged_frames, thresholds, verdict
from dsbench.judge.accuracy.average_precision import ClassPrecision, JudgedFrame, Precision
from dsbench.judge.accuracy.errors_of_run import BACKGROUND, MISSED, ClassErrors
from dsbench.judge.accuracy.verdict import GateState
from tests.judge.accuracy.frames import A, B, Row, frame

NAMES = ("car", "person", "tree", "sign")
"""Two shared classes; tree: of the ground truth only, sign: of the model only."""
AS_PERSON: Row = (1, *A[1:])


def errors(*frames: JudgedFrame) -> errors_of_run.RunErrors:
    return errors_of_run.evaluate(frames, NAMES, 2)


def test_right_missed_background_and_confused() -> None:
    found = errors(
        frame([A, B], [(*A, 0.9), (0, 500, 500, 50, 50, 0.9)], 0),
        frame([A], [(*AS_PERSON, 0.9)], 1),
        frame([A], [(*A, 0.9)], 2),
    )
    assert [(one.truth, one.found, one.count) for one in found.confusion] == [
        ("car", "car", 2),
        ("car", MISSED, 1),
        (BACKGROUND, "car", 1),
        ("car", "person", 1),
    ]
    assert found.classes[0] == ClassErrors("car", 4, 3, 2)
    assert (found.classes[0].precision, found.classes[0].recall) == (2 / 3, 0.5)
    assert found.classes[1].recall is None
    assert [(one.number, one.missed, one.background, one.confused) for one in found.frames] == [
        (0, 1, 1, 0),
        (1, 0, 0, 1),
    ]


def test_the_right_class_is_paired_before_a_better_box_of_another() -> None:
    found = errors(frame([A], [(*AS_PERSON, 0.9), (0, 0, 0, 80, 100, 0.3)]))
    assert found.classes[0].right == 1
    assert found.count(BACKGROUND, "person") == 1


def test_classes_of_one_side_are_neither_missed_nor_wrong() -> None:
    tree, sign = (2, *A[1:]), (3, *B[1:])
    found = errors(frame([tree], [(*sign, 0.9)]))
    assert found.confusion == ()
    found = errors(frame([tree, B], [(*A, 0.9), (*sign, 0.8)]))
    assert {(one.truth, one.found) for one in found.confusion} == {("tree", "car"), ("car", "sign")}


def test_crowd_regions() -> None:
    crowd = (0, 0, 0, 400, 400)
    assert errors(frame([crowd], [(*A, 0.9)], crowd=(0,))).confusion == ()
    assert errors(frame([crowd], [(*AS_PERSON, 0.9)], crowd=(0,))).count(BACKGROUND, "person") == 1


def test_the_best_threshold_and_what_the_own_one_costs() -> None:
    noise: list[Row] = [(0, 500 + 20 * number, 500, 10, 10, 0.2) for number in range(10)]
    best = thresholds.best([frame([A, B], [(*A, 0.9), (*B, 0.4), *noise])])
    assert best is not None
    assert best.threshold == pytest.approx(0.4)
    assert (best.f1, best.precision, best.recall) == (1.0, 1.0, 1.0)
    assert "pre-cluster-threshold=0.4" in thresholds.warning(ClassErrors("all", 2, 1, 1), best)
    assert thresholds.warning(ClassErrors("all", 100, 100, 97), best) == ""
    assert thresholds.best([frame([A], [])]) is None


def test_classes_are_paired_by_name() -> None:
    names = class_names.match(["car\r", "Traffic Light", "person", "sign"], ["traffic_light", "car", "tree"])
    assert names.names == ("car", "traffic_light")
    assert (names.only_truth, names.only_labels) == (("tree",), ("person", "sign"))
    assert names.respelled == (("car", "car"), ("Traffic Light", "traffic_light"))
    assert names.every == ("car", "traffic_light", "tree", "person", "sign")
    assert names.numbers(["Traffic Light", "car\r", "nothing"]) == {"Traffic Light": 1, "car\r": 0}
    assert class_names.match(["人", "车"], ["车"]).names == ("车",)


def precision(value: float, low: float, high: float, ap50: float = 0.9) -> Precision:
    return Precision(0.9, value, low, high, (ClassPrecision("car", 20, 20, ap50, value),), 50)


@pytest.mark.parametrize(
    ("found", "gate", "state"),
    [
        (precision(0.7, 0.68, 0.72), None, GateState.NO_GATE),
        (precision(0.7, 0.68, 0.72), 0.7, GateState.PASS),
        (precision(0.7, 0.68, 0.72), 0.71, GateState.FAIL),
        (precision(0.7, 0.55, 0.85), 0.75, GateState.INCONCLUSIVE),
        (precision(0.7, 0.55, 0.85), 0.6, GateState.INCONCLUSIVE),
        (precision(0.7, 0.55, 0.85), 0.9, GateState.FAIL),
        (precision(0.7, 0.55, 0.85), 0.5, GateState.PASS),
    ],
)
def test_the_gate(found: Precision, gate: float | None, state: GateState) -> None:
    assert verdict.judge(found, gate).state is state


def test_a_class_under_another_name_and_a_lost_class_are_named() -> None:
    swapped = errors(*(frame([A], [(*AS_PERSON, 0.9)], number) for number in range(12)))
    assert verdict.renamed(swapped) == "a class is detected under another name: car as person (12 of 12)"
    assert verdict.relabelling(swapped).endswith("labels.txt in its order: car instead of person")
    assert verdict.relabelled(("car", "person"), swapped) is None, "the names of persons are not known"
    assert verdict.warnings(precision(0, 0, 0, 0.0), swapped) == ()
    lost = errors(*(frame([A], [], number) for number in range(12)))
    assert verdict.renamed(lost) == ""
    (text,) = verdict.warnings(precision(0, 0, 0, 0.0), lost)
    assert text.startswith("never found, even with a low threshold: car (0 of 20)")
    assert verdict.warnings(precision(0.7, 0.6, 0.8), errors(frame([A], [(*A, 0.9)]))) == ()


def test_classes_that_exchange_their_names_are_put_right() -> None:
    person, as_car = (1, *B[1:]), (0, *B[1:], 0.9)
    both = errors(*(frame([A, person], [(*AS_PERSON, 0.9), as_car], number) for number in range(12)))
    assert verdict.relabelled(("car", "dog", "person"), both) == ("person", "dog", "car")
    assert verdict.relabelled(("auto", "person"), both) is None, "another spelling"


def test_boxes_come_back_from_the_surface_to_the_source() -> None:
    from dsbench.formats.ground_truth.truth import TruthFrame, TruthObject
    from dsbench.formats.kitti import from_box

    truth = TruthFrame("k", "k", (TruthObject("car", 20, 10, 60, 50), TruthObject("DontCare", 0, 0, 9, 9, crowd=True)))
    dumped = judged_frames.DumpedFrame(3, truth.in_pixels(640, 720), (from_box("car", 40, 10, 80, 40, 0.5),))
    names = class_names.match(["car", "person"], ["car", "person"])
    (one,) = judged_frames.judged([dumped], names)
    assert one.found.table().tolist() == [[0, 20, 10, 40, 40, 0.5]]
    assert one.truth.table()[0, :5].tolist() == [0, 20, 10, 40, 40]
    assert one.truth.class_id.tolist() == [0, 0, 1], "a region of no class stands for each"
    assert one.crowd.tolist() == [False, True, True]
