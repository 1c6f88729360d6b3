"""Sides as distributions: every layout of NanoDet, PicoDet and raw YOLOv8 gives the same boxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dsbench.families import registry
from dsbench.families.base import Hints, NamedArray, Network, Outputs, Preprocessing
from dsbench.families.map_heads import MapLayout
from dsbench.model.onnx.graph import OnnxFacts, inspect
from tests import map_zoo, onnx_zoo
from tests import street_zoo as zoo
from tests.families import street_check

RNG = np.random.default_rng(11)


@pytest.fixture
def facts(tmp_path: Path) -> OnnxFacts:
    return replace(inspect(onnx_zoo.detector(tmp_path / "x.onnx")), width=320, height=320)


def outputs(*arrays: np.ndarray) -> Outputs:
    return tuple(NamedArray(f"out{i}", np.asarray(array, np.float32)) for i, array in enumerate(arrays))


def one_hot(side: float, bins: int) -> np.ndarray:
    """Logits that are sure of a whole number of strides."""
    logits = np.full(bins, -9.0)
    logits[int(side)] = 9.0
    return logits


def head_rows(stride: int, classes: int, bins: int, *, seen: bool) -> tuple[np.ndarray, np.ndarray]:
    """Scores (cells, C) and sides (cells, 4 * bins); ``seen``: cell (2, 1) sees class 1, sides 1, 2, 3 and 4."""
    side = -(-320 // stride)
    scores = RNG.uniform(0, 0.02, (side * side, classes))
    sides = RNG.normal(0, 1, (side * side, 4 * bins))
    if seen:
        scores[side + 2, 1] = 0.9
        sides[side + 2] = np.concatenate([one_hot(n, bins) for n in (1, 2, 3, 4)])
    return scores, sides


@pytest.mark.parametrize(
    ("strides", "origin"), [((8, 16, 32, 64), 0.0), ((8, 16, 32), 0.5)], ids=["NanoDet-Plus", "three strides"]
)
def test_one_output_with_all_strides(facts: OnnxFacts, strides: tuple[int, ...], origin: float) -> None:
    """NanoDet-Plus measures from the corner of a cell, everything else from its centre."""
    parts = [np.concatenate(head_rows(stride, 80, 8, seen=stride == 16), axis=1) for stride in strides]
    sample = outputs(np.concatenate(parts))
    head = registry.recognise(facts, [sample], labels=["x"] * 80)
    assert (head.family, head.classes) == ("gfl", 80)
    found = registry.by_name("gfl").decode(sample, head, Network(320, 320), 0.5).table()
    x, y = (2 + origin) * 16, (1 + origin) * 16
    assert found[0, :5] == pytest.approx([1, x - 16, max(y - 32, 0), 4 * 16, y + 64 - max(y - 32, 0)], abs=0.1)
    stated = registry.recognise(facts, [sample], labels=["x"] * 80, hints=Hints(cell_offset=0.5))
    assert isinstance(stated.layout, MapLayout)
    assert stated.layout.origin == 0.5


@pytest.mark.parametrize("classes", [2, 80])
@pytest.mark.parametrize("bins", [8, 16, 17])
def test_any_order_of_outputs(facts: OnnxFacts, classes: int, bins: int) -> None:
    """The strides of classes and sides need not stand in one order, nor does a sum of scores disturb."""
    rows = {stride: head_rows(stride, classes, bins, seen=stride == 32) for stride in (8, 16, 32)}
    order = [rows[8][0], rows[32][1], rows[16][0], rows[8][1], rows[32][0], rows[16][1]]
    sample = outputs(*order)
    head = registry.recognise(facts, [sample], labels=["x"] * classes)
    found = registry.by_name("gfl").decode(sample, head, Network(320, 320), 0.5)
    assert found.table()[:, :5].tolist() == [pytest.approx([1, 48, 0, 128, 176], abs=0.1)]
    sums = [np.clip(rows[stride][0].sum(axis=1, keepdims=True), 0, 1) for stride in (8, 16, 32)]
    with_sums = registry.recognise(facts, [outputs(*order, *sums)], labels=["x"] * classes)
    assert with_sums.classes == classes


def test_ultralytics_metadata_do_not_hide_raw_maps(facts: OnnxFacts) -> None:
    """Its exporter writes them too, for NPUs; the metadata name YOLO."""
    maps = [np.concatenate(head_rows(stride, 2, 16, seen=False)[::-1], axis=1) for stride in (8, 16, 32)]
    stated = replace(facts, metadata=tuple(zoo.ultralytics(names=("a", "b")).items()))
    head = registry.recognise(stated, [outputs(*maps)], labels=["a", "b"])
    assert (head.family, head.classes) == ("gfl", 2)


@pytest.mark.parametrize(
    "build",
    [
        map_zoo.nanodet,
        map_zoo.picodet,
        map_zoo.raw_yolov8,
        map_zoo.joined,
        partial(map_zoo.joined, turned=True),
    ],
    ids=["rows in any order", "two maps a stride", "one map a stride", "one output", "transposed"],
)
def test_from_recognition_to_boxes(build: Callable[[Path], Path], tmp_path: Path) -> None:
    net = street_check.Net.load(build(tmp_path / "net.onnx"))
    head = net.recognise()
    assert (head.family, head.classes) == ("gfl", zoo.CLASSES)
    assert registry.convention(head).cluster_mode == 2
    library = street_check.compiled(head, tmp_path / "parser")
    street_check.check_boxes(net, head, library, feed=Preprocessing(1 / 255, (), 0, 1, 1))
