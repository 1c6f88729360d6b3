"""Undecoded boxes of anchor-free cells: what their numbers mean is read from neighbouring cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dsbench.families import cell_boxes, registry
from dsbench.families.base import Hints, NamedArray, Network, Outputs, Preprocessing
from dsbench.families.cell_boxes import BoxNumbers
from dsbench.families.map_heads import Form, MapLayout
from dsbench.families.maps import Grid, Plane
from dsbench.model.onnx.graph import OnnxFacts, inspect
from tests import map_zoo, onnx_zoo
from tests.families import street_check

SIDE = 320


@pytest.mark.parametrize(
    ("build", "numbers", "warned"),
    [
        (partial(map_zoo.rtmdet), BoxNumbers.PIXELS, True),
        (partial(map_zoo.rtmdet, pixels=False), BoxNumbers.STRIDES, True),
        (partial(map_zoo.rtmdet, third=True), BoxNumbers.PIXELS, False),
        (partial(map_zoo.yolox_maps), BoxNumbers.OFFSETS, False),
        (partial(map_zoo.yolox_maps, apart=False), BoxNumbers.OFFSETS, False),
    ],
    ids=["mmdet's RTMDet", "mmyolo's RTMDet", "FCOS", "nine maps of YOLOX", "three maps of YOLOX"],
)
def test_from_recognition_to_ground_truth(
    build: Callable[[Path], Path], numbers: BoxNumbers, warned: bool, tmp_path: Path
) -> None:
    net = street_check.Net.load(build(tmp_path / "model.onnx"))
    head = net.recognise()
    assert (head.family, head.classes, head.facts[1].value) == ("anchor_free", 4, numbers.value)
    assert bool(head.warnings) == warned
    assert not registry.convention(head).firm
    library = street_check.compiled(head, tmp_path / "parser")
    street_check.check_boxes(net, head, library, feed=Preprocessing(1 / 255))


@pytest.fixture
def facts(tmp_path: Path) -> OnnxFacts:
    return replace(inspect(onnx_zoo.detector(tmp_path / "x.onnx")), width=SIDE, height=SIDE)


def distances(stride: int, classes: int, box: tuple[float, float, float, float], origin: float) -> np.ndarray:
    """(classes + 4, h, w): class 0 sees the box, whose sides every cell measures in strides."""
    side = SIDE // stride
    y, x = np.mgrid[0:side, 0:side]
    cx, cy = (x + origin) * stride, (y + origin) * stride
    sides = np.stack((cx - box[0], cy - box[1], box[2] - cx, box[3] - cy)) / stride
    scores = np.full((classes, side, side), 0.02)
    scores[0][(sides > 0).all(axis=0)] = 0.9
    return np.concatenate((scores, sides + np.random.default_rng(2).normal(0, 0.02, sides.shape)))


def sample(classes: int, box: tuple[float, float, float, float], *, sums: bool = False) -> Outputs:
    found = []
    for stride in (8, 16, 32):
        both = distances(stride, classes, box, 0.5).astype(np.float32)
        found += [NamedArray(f"box{stride}", both[classes:]), NamedArray(f"score{stride}", both[:classes])]
        if sums:
            total = np.clip(both[:classes].sum(axis=0, keepdims=True), 0, 1)
            found.append(NamedArray(f"sum{stride}", total))
    return tuple(found)


def test_the_sum_of_the_classes_is_no_objectness(facts: OnnxFacts) -> None:
    """YOLOv6 as Rockchip's tools export it."""
    head = registry.recognise(facts, [sample(3, (40, 60, 200, 220), sums=True)], labels=["a", "b", "c"])
    assert isinstance(head.layout, MapLayout)
    assert (head.family, head.layout.form, head.layout.objectness) == ("anchor_free", Form.DISTANCE, False)
    assert (head.layout.activated, head.layout.origin, head.layout.pixels) == (True, 0.5, False)


def test_a_stated_point_of_the_cell(facts: OnnxFacts) -> None:
    given = sample(3, (40, 60, 200, 220))
    head = registry.recognise(facts, [given], labels=["a", "b", "c"], hints=Hints(cell_offset=0.5))
    assert head.warnings == ()
    found = registry.by_name("anchor_free").decode(given, head, Network(SIDE, SIDE), 0.5).table()
    assert found[:, 1:5] == pytest.approx(np.tile((40, 60, 160, 160), (len(found), 1)), abs=3)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda box, stride: box, BoxNumbers.STRIDES),
        (lambda box, stride: box * stride, BoxNumbers.PIXELS),
        (lambda box, stride: np.stack(((box[2] - box[0]) / 2, (box[3] - box[1]) / 2, *np.log(box[:2] + box[2:]))),
         BoxNumbers.OFFSETS),
        (lambda box, stride: box[::-1], None),
        (lambda box, stride: box / 8, None),  # offsets in units of an anchor box
        (lambda box, stride: np.zeros_like(box), None),
    ],
)  # fmt: skip
def test_what_neighbours_show(change: Callable[[np.ndarray, int], np.ndarray], expected: BoxNumbers | None) -> None:
    both = distances(16, 1, (40, 60, 200, 220), 0.5)
    arrays = (NamedArray("s", both[:1].astype("f4")), NamedArray("b", change(both[1:], 16).astype("f4")))
    grid = Grid(16, SIDE // 16, SIDE // 16)
    part = cell_boxes.CellPart(grid, Plane(0, 0, 1, grid.cells), Plane(1, 0, 1, grid.cells))
    found = cell_boxes.meaning([arrays], [part], 1, logits=False)
    assert (found.numbers if found else None) == expected
