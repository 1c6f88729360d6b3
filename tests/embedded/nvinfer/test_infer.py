"""Running a network: batches, fixed batches, input types, and networks that cannot be run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.nvinfer.infer import OnnxModel
from tests.embedded.app_support import write_network

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 3, 32, 32)).astype(np.float32)
MEANS = PIXELS.mean(axis=(2, 3))


@pytest.mark.parametrize("batch", ["n", 1, 2, 4, 5, 8])
@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8"])
def test_every_batch_and_type_gives_the_same(tmp_path: Path, batch: int | str, dtype: str) -> None:
    model = OnnxModel(write_network(tmp_path / "m.onnx", batch=batch, dtype=dtype))
    (means,) = model.run(PIXELS)
    assert means == pytest.approx(MEANS, abs=1e-3)


def test_what_a_model_says_of_itself(tmp_path: Path) -> None:
    model = OnnxModel(write_network(tmp_path / "m.onnx", batch=4, dtype="uint8"))
    assert (model.batch, model.frame_dims, model.dtype) == (4, (3, 32, 32), np.uint8)
    assert (model.input_name, model.output_names, model.output_shapes) == ("images", ("means",), ((4, 3),))
    free = OnnxModel(write_network(tmp_path / "free.onnx", size="s"))
    assert (free.batch, free.frame_dims) == (None, (3, None, None))


def write_graph(
    path: Path, inputs: dict[str, list[int | str]], outputs: dict[str, list[int | str]], *nodes: str
) -> Path:
    """Nodes as ``Op in out``."""
    made = [helper.make_node(op, [source], [target]) for op, source, target in (node.split() for node in nodes)]
    graph = helper.make_graph(
        made,
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_outputs_come_in_graph_order(tmp_path: Path) -> None:
    shape: list[int | str] = [1, 3, 4, 4]
    path = write_graph(tmp_path / "m.onnx", {"x": shape}, {"z": shape, "a": shape}, "Neg x a", "Abs x z")
    model = OnnxModel(path)
    assert model.output_names == ("z", "a")
    z, a = model.run(np.ones((1, 3, 4, 4), np.float32))
    assert (z[0, 0, 0, 0], a[0, 0, 0, 0]) == (1, -1)


def test_an_output_without_batch_is_refused(tmp_path: Path) -> None:
    path = write_graph(tmp_path / "m.onnx", {"x": ["n", 3, 4, 4]}, {"y": ["m"]}, "Shape x s")
    graph = onnx.load(path)
    graph.graph.node.append(helper.make_node("Cast", ["s"], ["y"], to=TensorProto.FLOAT))
    onnx.save(graph, path)
    with pytest.raises(DsbenchError, match="first dimension of every output") as caught:
        OnnxModel(path).run(np.ones((2, 3, 4, 4), np.float32))
    assert caught.value.code is Code.ONNX_RUN_FAILED


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({"x": [1, 3, 4, 4], "size": [1, 3, 4, 4]}, "has 2 inputs"),
        ({"x": [1, 3, 4]}, "default input_layer is not a image"),
    ],
)
def test_inputs_that_are_no_image(tmp_path: Path, inputs: dict[str, list[int | str]], text: str) -> None:
    path = write_graph(tmp_path / "m.onnx", inputs, {"y": inputs["x"]}, "Neg x y")
    with pytest.raises(DsbenchError, match=text) as caught:
        OnnxModel(path)
    assert caught.value.code is Code.ONNX_INPUT


@pytest.mark.parametrize("content", [None, b"", b"<html></html>"])
def test_files_that_are_no_network(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "m.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DsbenchError) as caught:
        OnnxModel(path)
    assert caught.value.code is (Code.ONNX_MISSING if content is None else Code.ONNX_INVALID)


def test_a_wrong_size_is_named(tmp_path: Path) -> None:
    model = OnnxModel(write_network(tmp_path / "m.onnx", batch=1))
    with pytest.raises(DsbenchError, match=r"input of shape \[1, 3, 8, 8\]"):
        model.run(np.zeros((1, 3, 8, 8), np.float32))
