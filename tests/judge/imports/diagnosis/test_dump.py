"""A dump that is not the model's is explained by its mistake; a healthy one, and noise, by none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.families.base import Network
from dsbench.jobs.reference import Placement
from dsbench.judge.imports import postprocess
from dsbench.judge.imports.diagnosis import dump as diagnosis
from dsbench.judge.imports.diagnosis.dump import DumpCause
from dsbench.judge.imports.dump_boxes import names_of
from dsbench.judge.imports.parity import ParityJob
from dsbench.judge.imports.postprocess import plain
from dsbench.judge.imports.reference import Reference

CLASSES, FRAMES = 4, 10
NETWORK, PLACEMENT = Network(416, 416), Placement(0.325, 0.325, 0, 0, 1280, 720)
NAMES = names_of(("person", "car", "truck", "bicycle"))
RULES = plain(CLASSES)


def decoded(seed: int) -> Boxes:
    """Objects of all classes, each found twice."""
    random = np.random.default_rng(seed)
    rows = []
    for place in range(12):
        left, top = 15 + 90 * (place % 4) + random.uniform(0, 20), 15 + 65 * (place // 4) + random.uniform(0, 15)
        box = left, top, random.uniform(30, 60), random.uniform(15, 28)
        score = random.uniform(0.4, 0.95)
        rows += [(place % CLASSES, *box, score), (place % CLASSES, left + 2, *box[1:], score - 0.1)]
    return Boxes.from_table(np.array(rows, np.float32))


DECODED = tuple(map(decoded, range(FRAMES)))
JOB = ParityJob(Reference(tuple(range(FRAMES)), (DECODED,), (PLACEMENT,), 0.05), RULES, RULES, NAMES, 0.01)


def dumped(change: Callable[[Boxes], Boxes] = lambda boxes: boxes) -> list[Boxes]:
    """The dump of a parser that changes the boxes."""
    return [postprocess.apply(change(boxes), RULES, PLACEMENT) for boxes in DECODED]


def explained(dump: list[Boxes]) -> tuple[DumpCause, ...]:
    return diagnosis.explain(JOB, dump, NETWORK)


def edited(**columns: Callable[[Boxes], np.ndarray]) -> Callable[[Boxes], Boxes]:
    return lambda boxes: replace(boxes, **{name: np.asarray(of(boxes), np.float32) for name, of in columns.items()})


def test_a_healthy_dump_has_no_cause() -> None:
    assert explained(dumped()) == ()
    assert explained([Boxes.empty()] * FRAMES) == ()


@pytest.mark.parametrize(
    ("id", "change"),
    [
        ("corner-is-centre", edited(left=lambda b: b.left + b.width / 2, top=lambda b: b.top + b.height / 2)),
        ("sizes-swapped", edited(width=lambda b: b.height, height=lambda b: b.width)),
        ("size-halved", edited(width=lambda b: b.width / 2, height=lambda b: b.height / 2)),
        ("mirrored", edited(left=lambda b: NETWORK.width - b.left - b.width)),
    ],
)
def test_boxes_of_a_wrong_parser(id: str, change: Callable[[Boxes], Boxes]) -> None:
    assert explained(dumped(change))[0].id == id


def test_a_shift_is_measured_on_the_frame() -> None:
    found = explained(dumped(edited(left=lambda b: b.left + 6.5)))
    assert found[0].id == "shift"
    assert "boxes are shifted by +20.0 pixels in x" in found[0].text


@pytest.mark.parametrize(
    ("places", "text"),
    [
        ((1, 2, 3, 4), "labels are shifted by +1"),
        ((3, 1, 0, 2), "labels are sorted by name"),
        ((1, 0, 2, 3), "labels are exchanged: person is car, car is person"),
        ((0, 0, 1, 2), "labels are shifted by -1, but never beyond person"),
        ((0, 0, 0, 0), "every box is labelled person"),
    ],
)
def test_labels_at_other_places(places: tuple[int, ...], text: str) -> None:
    moved = [replace(boxes, class_id=np.array(places, np.int32)[boxes.class_id]) for boxes in dumped()]
    found = explained(moved)
    assert [cause.id for cause in found] == ["labels-moved"]
    assert text in found[0].text


def test_frames_that_are_numbered_otherwise_or_frozen() -> None:
    dump = dumped()
    assert "the frame before it" in explained([*dump[1:], dump[-1]])[0].text
    assert explained(dump[3:4] * FRAMES)[0].id == "frozen"


def test_boxes_of_earlier_frames() -> None:
    dump = dumped()
    late = explained([*dump[:1] * 3, *dump[:-3]])
    assert [cause.id for cause in late] == ["earlier-frames"]
    assert "boxes are late: 84 of 120 boxes are those of the frame 3 frames before" in late[0].text
    again = [Boxes.from_table(np.concatenate([one.table() for one in dump[max(0, at - 2) : at + 1]]))
             for at in range(FRAMES)]  # fmt: skip
    found = explained(again)
    assert [cause.id for cause in found] == ["earlier-frames"]
    assert "boxes of earlier frames are returned again" in found[0].text
    assert found[0].counted


def test_noise_has_no_cause() -> None:
    random = np.random.default_rng(1)
    noise = [replace(boxes, left=np.asarray(random.uniform(0, 1000, len(boxes)), np.float32)) for boxes in dumped()]
    assert explained(noise) == ()
