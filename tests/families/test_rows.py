"""Boxes, scores and class ids in outputs of their own: mmdeploy's detections, DeepStream-Yolo's cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dsbench.families import registry
from dsbench.families.base import NamedArray, Network, Outputs, Preprocessing
from dsbench.families.grids import grid
from dsbench.model.onnx.graph import OnnxFacts, inspect
from tests import onnx_zoo
from tests import street_zoo as zoo
from tests.families import street_check

NETWORK = Network(320, 320)
RNG = np.random.default_rng(3)


@pytest.fixture
def facts(tmp_path: Path) -> OnnxFacts:
    return replace(inspect(onnx_zoo.detector(tmp_path / "x.onnx")), width=320, height=320)


def cells() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners, scores and class ids of strides 8, 16, 32; three neighbours see one object."""
    columns, rows, stride = grid((8, 16, 32), NETWORK)
    x, y, half = (columns + 0.5) * stride, (rows + 0.5) * stride, stride * 1.5
    boxes = np.stack((x - half, y - half, x + half, y + half), axis=1)
    scores, classes = RNG.uniform(0, 0.02, len(boxes)), RNG.integers(0, 2, len(boxes))
    for at in (500, 501, 502):
        boxes[at], scores[at], classes[at] = (100, 80, 160, 200), 0.8, 1
    return boxes, scores, classes


def outputs(**arrays: np.ndarray) -> Outputs:
    return tuple(
        NamedArray(name, array if array.dtype == np.int64 and name == "labels" else array.astype(np.float32))
        for name, array in arrays.items()
    )


def centres_of(corners: np.ndarray) -> np.ndarray:
    return np.concatenate(((corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]), axis=1)


@pytest.mark.parametrize("centres", [False, True])
@pytest.mark.parametrize("column", [False, True], ids=["[A]", "[A, 1]"])
def test_a_row_for_each_cell_is_left_to_nms(facts: OnnxFacts, centres: bool, column: bool) -> None:
    boxes, scores, classes = cells()
    shape = (-1, 1) if column else (-1,)
    sample = outputs(boxes=centres_of(boxes) if centres else boxes, scores=scores.reshape(shape),
                     classes=classes.reshape(shape))  # fmt: skip
    head = registry.recognise(facts, [sample], labels=["person", "car"])
    assert (head.family, registry.convention(head).cluster_mode, head.classes) == ("deepstream_yolo", 2, 2)
    found = registry.by_name(head.family).decode(sample, head, NETWORK, 0.5)
    assert len(found) == 3
    assert found.table()[0, :5] == pytest.approx([1, 100, 80, 60, 120])


def test_few_rows_are_detections(facts: OnnxFacts) -> None:
    """300 queries are also the cells of stride 32 at 640x480, which says nothing."""
    wide = replace(facts, width=640, height=480)
    boxes = np.tile([10.0, 20, 60, 90], (300, 1))
    scores, classes = np.zeros(300), np.zeros(300)
    boxes[0], scores[0], classes[0] = (100, 80, 160, 200), 0.8, 1
    head = registry.recognise(wide, [outputs(boxes=boxes, scores=scores, classes=classes)], labels=["a", "b"])
    assert (head.family, registry.convention(head).cluster_mode) == ("rtdetr", 4)


@pytest.mark.parametrize("boxes_first", [True, False])
def test_mmdeploy(facts: OnnxFacts, boxes_first: bool) -> None:
    dets = np.zeros((100, 5))
    dets[:2] = (100, 80, 160, 200, 0.8), (10, 20, 60, 90, 0.2)
    labels = np.zeros(100, np.int64)
    labels[0] = 1
    arrays = {"dets": dets, "labels": labels} if boxes_first else {"labels": labels, "dets": dets}
    head = registry.recognise(facts, [outputs(**arrays)], labels=["person", "car"])
    assert (head.family, registry.convention(head).cluster_mode, head.classes) == ("mmdeploy", 4, 2)
    found = registry.by_name("mmdeploy").decode(outputs(**arrays), head, NETWORK, 0.5)
    assert found.table().tolist() == [pytest.approx([1, 100, 80, 60, 120, 0.8])]


def test_as_many_rows_as_there_are_detections(facts: OnnxFacts) -> None:
    """Graphs with open sizes write as many rows as they keep: another number on each frame."""
    rows = np.random.default_rng(0).uniform(0.1, 0.9, (100, 5)) * (100, 100, 200, 200, 1)
    rows[:, 2:4] += rows[:, :2]
    frames = [outputs(dets=rows[:count], labels=np.arange(count) % 2) for count in (100, 59, 100)]
    assert registry.recognise(facts, frames, labels=["person", "car"]).family == "mmdeploy"


def test_one_wrongly_fed_frame_does_not_hide_the_corners(facts: OnnxFacts) -> None:
    """A network that is fed 0..255 instead of 0..1 may write x2 < x1; the other samples show what the columns are."""
    boxes = np.tile([100.0, 80, 160, 200], (300, 1))
    scores, labels = np.full(300, 0.01), np.zeros(300, np.int64)
    scores[0] = 0.9
    good = outputs(labels=labels, boxes=boxes, scores=scores)
    bad = outputs(labels=labels, boxes=boxes[:, [2, 3, 0, 1]], scores=np.full(300, 0.9))
    head = registry.recognise(facts, [bad, good, bad], labels=["person", "car"])
    assert head.family == "rtdetr"
    assert head.facts[1].value == "corners in network pixels"


@pytest.mark.parametrize(
    ("build", "family"),
    [
        (zoo.mmdeploy, "mmdeploy"),
        (zoo.deepstream_yolo, "deepstream_yolo"),
        (partial(zoo.deepstream_yolo, centres=True), "deepstream_yolo"),
    ],
    ids=["mmdeploy", "corners", "centres"],
)
def test_from_recognition_to_boxes(build: Callable[[Path], Path], family: str, tmp_path: Path) -> None:
    net = street_check.Net.load(build(tmp_path / "net.onnx"))
    head = net.recognise()
    assert (head.family, head.classes) == (family, zoo.CLASSES)
    library = street_check.compiled(head, tmp_path / "parser")
    street_check.check_boxes(net, head, library, feed=Preprocessing(1 / 255, (), 0, 1, 1))
