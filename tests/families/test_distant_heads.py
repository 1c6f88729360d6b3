"""Heads that only look like a family's: named as what they are, never decoded as something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import DsbenchError
from dsbench.families import registry
from dsbench.families.base import NamedArray, Network, Outputs, Preprocessing, best_class
from dsbench.families.grids import grid
from dsbench.model.onnx.graph import OnnxFacts, inspect
from tests import onnx_zoo, street_zoo
from tests.families import street_check

SIDE = 640
RNG = np.random.default_rng(5)
BOX = (100.0, 200.0, 180.0, 360.0)


@pytest.fixture
def facts(tmp_path: Path) -> OnnxFacts:
    return replace(inspect(onnx_zoo.detector(tmp_path / "x.onnx")), width=SIDE, height=SIDE)


def outputs(**arrays: np.ndarray) -> Outputs:
    return tuple(NamedArray(name, np.asarray(array, np.float32)) for name, array in arrays.items())


def scene(classes: int, strides: tuple[int, ...] = (8, 16, 32), per_cell: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Corners (A, 4) in pixels near their cells and scores (A, C); BOX is class 0."""
    grids = [grid((stride,), Network(SIDE, SIDE)) for stride in strides]
    parts = zip(*grids, strict=True)
    columns, rows, stride = (np.concatenate([np.tile(each, per_cell) for each in part]) for part in parts)
    half = stride * RNG.uniform(0.5, 2, len(stride))
    x, y = (columns + 0.5) * stride, (rows + 0.5) * stride
    boxes = np.stack((x - half, y - half, x + half, y + half), axis=1)
    scores = RNG.uniform(0, 0.02, (len(boxes), classes))
    at = int(np.hypot(x - 140, y - 280).argmin())
    boxes[at] = BOX
    scores[at, 0] = 0.9
    return boxes, scores


def centres(boxes: np.ndarray) -> np.ndarray:
    return np.concatenate(((boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]), axis=1)


def refusal(facts: OnnxFacts, sample: Outputs, labels: int) -> str:
    with pytest.raises(DsbenchError) as caught:
        registry.recognise(facts, [sample], labels=["x"] * labels)
    assert caught.value.fix
    return caught.value.what


@pytest.mark.parametrize(("bins", "strides"), [(8, (8, 16, 32, 64)), (17, (8, 16, 32)), (16, (16,))])
@pytest.mark.parametrize("classes", [1, 80])
@pytest.mark.parametrize("turned", [False, True])
def test_distributions_of_sides_are_recognised(
    facts: OnnxFacts, bins: int, strides: tuple[int, ...], classes: int, turned: bool
) -> None:
    _, scores = scene(classes, strides)
    raw = np.concatenate((scores, RNG.normal(0, 2, (len(scores), 4 * bins))), axis=1)
    head = registry.recognise(facts, [outputs(out=raw.T if turned else raw)], labels=["x"] * classes)
    assert (head.family, head.classes) == ("gfl", classes)
    assert f"{4 * bins} of the {classes + 4 * bins} columns are distributions" in head.facts[1].reason


def test_distances_to_the_sides_are_no_yolox(facts: OnnxFacts) -> None:
    """One grid of stride 16: left, top, right, bottom, centre-ness, classes, as FCOS has them."""
    rows = np.concatenate((RNG.uniform(0, 5, (1600, 4)), RNG.uniform(0, 0.1, (1600, 81))), axis=1)
    assert "distances to the sides" in refusal(facts, outputs(out=rows), 80)


def test_distances_as_large_as_the_network_are_no_decoded_boxes(facts: OnnxFacts) -> None:
    rows = np.concatenate((RNG.uniform(0, SIDE, (1600, 4)), RNG.uniform(0, 0.1, (1600, 3))), axis=1)
    assert "do not follow the cells" in refusal(facts, outputs(out=rows.T), 3)


def test_offsets_drawn_towards_the_middle_are_no_decoded_boxes(facts: OnnxFacts) -> None:
    """YOLOX of one class: raw offsets of -1 to 2 look like fractions and shrink along the frame."""
    columns, lines, stride = grid((8, 16, 32), Network(SIDE, SIDE))
    offsets = np.stack([0.9 - 1.4 * part * stride / SIDE for part in (columns, lines)], axis=1)
    rest = np.concatenate((RNG.uniform(0.01, 2.3, (len(stride), 2)), RNG.uniform(0, 0.9, (len(stride), 2))), axis=1)
    raw = np.concatenate((offsets + RNG.normal(0, 0.3, offsets.shape), rest), axis=1)
    head = registry.recognise(facts, [outputs(out=raw)], labels=["x"])
    assert (head.family, head.classes) == ("yolox", 1)


def test_pairs_of_several_strides_are_no_queries(facts: OnnxFacts) -> None:
    maps = {f"cls_{n}": RNG.uniform(0, 0.1, (n, 1)) for n in (1600, 400)}
    maps |= {f"bbox_{n}": RNG.uniform(0, 0.5, (n, 4)) for n in (1600, 400)}
    assert "undecoded maps of strides 16, 32 (classes and four box numbers)" in refusal(facts, outputs(**maps), 1)


@pytest.mark.parametrize(
    ("per_cell", "objectness", "turned", "classes", "labels"),
    [(3, True, False, 3, 4), (3, True, False, 2, 3), (1, False, True, 3, 2)],
)
def test_a_label_too_many_does_not_move_the_columns(
    facts: OnnxFacts, per_cell: int, objectness: bool, turned: bool, classes: int, labels: int
) -> None:
    """Layout and values agree on where the classes begin; labels.txt alone says otherwise."""
    boxes, scores = scene(classes, per_cell=per_cell)
    obj = [(scores[:, :1] > 0.5) * 0.9 + 0.01] if objectness else []
    raw = np.concatenate((centres(boxes), *obj, scores), axis=1)
    head = registry.recognise(facts, [outputs(out=raw.T if turned else raw)], labels=["x"] * labels)
    assert (head.family, head.classes) == ("yolo", classes)


@pytest.mark.parametrize("classes", [1, 4, 80])
@pytest.mark.parametrize("boxes_first", [True, False])
def test_sigmoid_scores_beside_boxes_in_pixels(facts: OnnxFacts, classes: int, boxes_first: bool) -> None:
    """YOLO-NAS: no background, corners in pixels."""
    boxes, scores = scene(classes)
    arrays = {"boxes": boxes, "scores": scores} if boxes_first else {"scores": scores, "boxes": boxes}
    sample = outputs(**arrays)
    head = registry.recognise(facts, [sample], labels=["x"] * classes)
    assert (head.family, head.classes) == ("ssd", classes)
    found = registry.by_name("ssd").decode(sample, head, Network(SIDE, SIDE), 0.5)
    assert found.class_id.tolist() == [0]
    assert [float(found.left[0]), float(found.top[0]), float(found.width[0])] == [100, 200, 80]


def test_sigmoid_scores_beside_fractions_are_not_guessed(facts: OnnxFacts) -> None:
    """TensorFlow's raw_detection_boxes look so too, with y before x and a background first."""
    boxes, scores = scene(91)
    sample = outputs(raw_detection_boxes=boxes / SIDE, raw_detection_scores=scores)
    assert "no softmax with a background class" in refusal(facts, sample, 90)


def test_decoding_skips_what_the_parsers_skip(facts: OnnxFacts) -> None:
    """Infinite corners, NaN beside a good class, numbers that are no class ids."""
    boxes, scores = scene(3)
    boxes[7], scores[7, 1] = (0, 0, np.inf, 50), 0.8
    sample = outputs(boxes=boxes, scores=scores)
    head = registry.recognise(facts, [outputs(boxes=scene(3)[0], scores=scene(3)[1])], labels=["x"] * 3)
    assert len(registry.by_name("ssd").decode(sample, head, Network(SIDE, SIDE), 0.5)) == 1

    assert best_class(np.array([[0.1, np.nan, 0.3], [np.nan, 0.2, 0.1]], np.float32)).tolist() == [2, 0]

    corners = np.array([BOX, BOX])
    sample = outputs(labels=np.array([1, 0]), boxes=corners, scores=np.array([0.9, 0.2]))
    head = registry.recognise(facts, [sample], labels=["x"] * 3)
    sample = outputs(labels=np.array([np.inf, 2]), boxes=corners, scores=np.array([0.9, 0.8]))
    assert registry.by_name("rtdetr").decode(sample, head, Network(SIDE, SIDE), 0.5).class_id.tolist() == [2]


@pytest.mark.parametrize("build", [street_zoo.yolo_nas, street_zoo.pp_yoloe], ids=["YOLO-NAS", "PP-YOLOE"])
def test_pairs_from_recognition_to_boxes(build: Callable[[Path], Path], tmp_path: Path) -> None:
    net = street_check.Net.load(build(tmp_path / "net.onnx"))
    head = net.recognise()
    assert (head.family, head.classes) == ("ssd", street_zoo.CLASSES)
    library = street_check.compiled(head, tmp_path / "parser")
    street_check.check_boxes(net, head, library, feed=Preprocessing(1 / 255, (), 0, 1, 1))
