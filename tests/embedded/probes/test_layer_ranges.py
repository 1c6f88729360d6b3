"""Layers whose largest value FP16 cannot hold, and what is done about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dsbench.embedded.probes import layer_ranges
from dsbench.families.base import Preprocessing
from dsbench.jobs.probe import LayerRange, ProbeResult
from dsbench.judge.imports import fp16

ONES = np.ones((1, 3, 2, 2), np.float32)


def network(path: Path, *factors: float) -> Path:
    """The image times each factor in turn."""
    names = ["images", *(f"t{number}" for number in range(len(factors)))]
    nodes = [
        helper.make_node("Mul", [names[n], f"f{n}"], [names[n + 1]], name=f"/Mul_{n}") for n in range(len(factors))
    ]
    nodes.append(helper.make_node("Shape", [names[-1]], ["shape"]))
    graph = helper.make_graph(
        nodes,
        "factors",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 2, 2])],
        [helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.float32(value).reshape(()), f"f{n}") for n, value in enumerate(factors)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    ("factors", "layers"),
    [
        ((65504.0,), []),
        ((7e4, 1e-3), ["/Mul_0"]),
        ((-7e4, 1e-3), ["/Mul_0"]),
        ((1e-3, 1e-5, 1e4), ["/Mul_1"]),
        ((0.0,), []),
        ((-3e38,), []),
        ((3e38, 10.0), []),
    ],
)
def test_layers(tmp_path: Path, factors: tuple[float, ...], layers: list[str]) -> None:
    found = layer_ranges.measure(network(tmp_path / "m.onnx", *factors), [(0, ONES)], threads=1, budget_s=9)
    assert [(candidate, [item.layer for item in ranges]) for candidate, ranges in found] == [(0, layers)]


def test_the_budget_leaves_at_least_one(tmp_path: Path) -> None:
    path = network(tmp_path / "m.onnx", 7e4)
    found = layer_ranges.measure(path, [(0, ONES), (3, ONES / 9)], threads=1, budget_s=0)
    assert [candidate for candidate, _ in found] == [0]
    both = layer_ranges.measure(path, [(0, ONES), (3, ONES / 9)], threads=1, budget_s=9)
    assert [(candidate, len(ranges)) for candidate, ranges in both] == [(0, 1), (3, 0)]


def test_a_graph_that_cannot_be_changed_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"no model")
    assert layer_ranges.measure(path, [(0, ONES)], threads=1, budget_s=9) == []


def test_the_chosen_scale_counts() -> None:
    tried = (Preprocessing(1.0), Preprocessing(0.5, (1.0, 2.0, 3.0)), Preprocessing(0.5, (3.0, 2.0, 1.0), 1))
    result = ProbeResult(measured=(0, 1), layer_ranges=(LayerRange(0, "Pow", "/Pow", 7e4),))
    layers = fp16.beyond(result, tried, 0)
    assert layers is not None
    assert "Pow /Pow (7e+04)" in fp16.warning(layers)
    assert "network-mode=0" in fp16.warning(layers)
    assert fp16.beyond(result, tried, 2) == ()
    assert fp16.beyond(ProbeResult(), tried, 0) is None
    assert fp16.warning(()) == ""
