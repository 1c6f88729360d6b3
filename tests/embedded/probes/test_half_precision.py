"""Weights and results of layers rounded to FP16 in ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dsbench.base.errors import DsbenchError
from dsbench.embedded.probes import half_precision
from dsbench.embedded.probes.model import load_session


def network(path: Path, *factors: float) -> Path:
    """The input times each factor in turn, and the shape of the result."""
    names = ["x", *(f"t{number}" for number in range(len(factors)))]
    nodes = [helper.make_node("Mul", [names[n], f"f{n}"], [names[n + 1]]) for n in range(len(factors))]
    nodes.append(helper.make_node("Shape", [names[-1]], ["shape"]))
    graph = helper.make_graph(
        nodes,
        "factors",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, ["n"]),
         helper.make_tensor_value_info("shape", TensorProto.INT64, [1])],
        [numpy_helper.from_array(np.float32(value).reshape(()), f"f{n}") for n, value in enumerate(factors)],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("factors", [(1 / 3,), (1 / 3, 3.0), (1e4, 1e4, 1e-8), (1e-5, 1e-5, 1e10)])
def test_every_layer_is_rounded(tmp_path: Path, factors: tuple[float, ...]) -> None:
    path = network(tmp_path / "n.onnx", *factors)
    values = np.array([1.0, 0.1, 1234.5], np.float32)
    expected = values
    with np.errstate(over="ignore", invalid="ignore"):
        for factor in factors:
            weight = np.float32(np.float16(np.clip(factor, -65504, 65504)))
            expected = (expected * weight).astype(np.float16).astype(np.float32)
    session = load_session(str(path), 1, half_precision.rounded(path))
    found, shape = session.run(None, {"x": values})
    np.testing.assert_array_equal(found, expected)
    assert shape.tolist() == [3]


def test_a_file_that_cannot_be_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = network(tmp_path / "n.onnx", 1.0)
    monkeypatch.setattr("dsbench.embedded.probes.layer_ranges._MAX_BYTES", 10)
    with pytest.raises(DsbenchError, match="FP16 is not simulated for this file: too large"):
        half_precision.rounded(path)
