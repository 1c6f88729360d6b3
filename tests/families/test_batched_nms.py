"""Four outputs, suppressed in the graph: recognised by names, types and values, with and without running the graph."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.cpp import SDK
from dsbench.families import registry
from dsbench.families.base import Head, Hints, NamedArray, Network, Outputs
from dsbench.families.batched_nms import BatchedNmsLayout
from dsbench.model.onnx.graph import OnnxFacts, inspect
from dsbench.model.onnx.tensor import TensorFacts
from tests import onnx_zoo
from tests import street_zoo as zoo
from tests.agreement import compare
from tests.families import street_check

NETWORK = Network(64, 64)


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("efficient_nms", BatchedNmsLayout(0, 1, 2, 3, normalised=False)),
        ("batched_nms", BatchedNmsLayout(0, 1, 2, 3, normalised=True)),
        ("efficient_det", BatchedNmsLayout(0, 1, 2, 3, normalised=False, turned=True)),
    ],
)
def test_from_recognition_to_ground_truth(name: str, layout: BatchedNmsLayout, tmp_path: Path) -> None:
    net = street_check.Net.load(zoo.GOOD[name](tmp_path / "model.onnx"))
    head = net.recognise()
    assert (head.family, head.classes, head.layout) == ("batched_nms", 4, layout)
    assert head.warnings == ()
    assert registry.convention(head).cluster_mode == 4
    street_check.check_boxes(net, head, street_check.compiled(head, tmp_path / "parser"))


@pytest.fixture
def facts(tmp_path: Path) -> OnnxFacts:
    return inspect(onnx_zoo.detector(tmp_path / "x.onnx"))


def outputs(
    seed: int = 0, *, count: object = 20, kind: type = np.float32, scale: float = 1.0, first: int = 0
) -> Outputs:
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 0.6, (25, 2))
    arrays = {
        "num_detections": np.array([count]),
        "nmsed_boxes": np.concatenate((low, low + 0.3), axis=1).astype(np.float32) * np.float32(scale),
        "nmsed_scores": np.sort(rng.uniform(0.1, 1, 25)).astype(np.float32)[::-1],
        "nmsed_classes": (rng.integers(0, 3, 25) + first).astype(kind),
    }
    return tuple(NamedArray(name, array) for name, array in arrays.items())


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.float32])
@pytest.mark.parametrize(("normalised", "turned", "shift"), [(True, False, 0), (False, True, 1)])
def test_parsers_agree_with_the_reference(
    kind: type, normalised: bool, turned: bool, shift: int, tmp_path: Path
) -> None:
    layout = BatchedNmsLayout(0, 1, 2, 3, normalised, turned, shift)
    head = Head("batched_nms", 1.0, 3, layout, ())
    library = street_check.compiled(head, tmp_path)
    source = next(tmp_path.glob("*.cpp"))
    strict = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-std=c++11", "-fsyntax-only"]
    subprocess.run(["g++", *strict, "-isystem", SDK / "sources" / "includes", source], check=True)
    number = kind if kind is not np.float32 else np.float32
    frames = [
        outputs(seed, count=number(count), kind=kind, scale=1.0 if normalised else 64.0, first=shift)
        for seed, count in enumerate((20, 0, 99))
    ]
    if kind is np.float32:
        frames.append(outputs(7, count=np.float32(np.nan), kind=kind))
    frames[2][1].data[3, 1], frames[2][2].data[4] = np.inf, np.nan
    found = [street_check.parsed(library, frame, NETWORK) for frame in frames]
    reference = [registry.by_name("batched_nms").decode(f, head, NETWORK, street_check.THRESHOLD) for f in frames]
    agreement = compare(found, reference)
    assert agreement.complete
    assert agreement.parser > 25
    assert agreement.largest_difference <= 1e-3
    for wrong in (frames[0][:3], (*frames[0][:2], frames[0][0], frames[0][3])):
        assert street_check.parsed(library, wrong, NETWORK) is None


def test_classes_that_are_floats_without_a_name(facts: OnnxFacts) -> None:
    unnamed = tuple(NamedArray(f"out{i}", out.data) for i, out in enumerate(outputs()))
    turned_round = (unnamed[3], unnamed[2], unnamed[0], unnamed[1])
    head = registry.recognise(facts, [turned_round], labels=["a", "b", "c"])
    assert head.layout == BatchedNmsLayout(2, 3, 1, 0, normalised=True)


def test_ids_that_count_from_one(facts: OnnxFacts) -> None:
    head = registry.recognise(facts, [outputs(first=1)], labels=["a", "b", "c"])
    assert isinstance(head.layout, BatchedNmsLayout)
    assert (head.layout.shift, head.classes) == (1, 3)


def test_dsbench_toml_decides(facts: OnnxFacts) -> None:
    head = registry.recognise(facts, [outputs()], hints=Hints(boxes="pixels", corners="y1,x1,y2,x2"))
    assert isinstance(head.layout, BatchedNmsLayout)
    assert (head.layout.normalised, head.layout.turned) == (False, True)


def test_order_by_name_alone_is_a_warning(facts: OnnxFacts) -> None:
    named = tuple(NamedArray(out.name.replace("nmsed", "detection"), out.data) for out in outputs())
    head = registry.recognise(facts, [named])
    assert isinstance(head.layout, BatchedNmsLayout)
    assert head.layout.turned
    assert "look at the drawn frames" in head.warnings[0]


def test_a_plugin_is_recognised_without_running(tmp_path: Path) -> None:
    facts = inspect(zoo.efficient_nms_plugin(tmp_path / "x.onnx"))
    assert facts.plugins == ("EfficientNMS_TRT",)
    assert facts.outputs[1] == TensorFacts("det_boxes", "float32", ("batch", 100, 4))
    head = registry.recognise(facts, [], labels=zoo.NAMES)
    assert (head.family, head.classes) == ("batched_nms", 4)
    assert head.layout == BatchedNmsLayout(0, 1, 2, 3, normalised=False)
    assert "no detection shows" in head.warnings[0]
