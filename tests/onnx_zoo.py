"""Tiny ONNX files, good and bad, made in memory by the tests that need them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Dims = Sequence[int | str | None]


def detector(
    path: Path,
    *,
    shape: Dims = ("batch", 3, 64, 64),
    head: np.ndarray | None = None,
    dtype: int = TensorProto.FLOAT,
    opset: int = 13,
) -> Path:
    """A model whose output is the constant ``head`` [1, anchors, columns] plus 0 x the mean of its input."""
    values = head if head is not None else yolox_head()
    nodes = [
        helper.make_node("Cast", ["images"], ["as_float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["as_float"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Reshape", ["nothing", "column"], ["rows"]),
        helper.make_node("Add", ["rows", "head"], ["output"]),
    ]
    weights = [
        numpy_helper.from_array(np.float32(0).reshape(1), "zero"),
        numpy_helper.from_array(np.array([-1, 1, 1], np.int64), "column"),
        numpy_helper.from_array(values.astype(np.float32), "head"),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", dtype, shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [shape[0], *values.shape[1:]])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="zoo")
    model.ir_version = 8
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def yolox_head(classes: int = 3, size: int = 64) -> np.ndarray:
    """A raw YOLOX head of one image with two sure objects: [1, anchors, 5 + classes]."""
    cells = sum((size // stride) ** 2 for stride in (8, 16, 32))
    head = np.zeros((1, cells, 5 + classes), np.float32)
    head[..., 4:] = 0.01
    for anchor, label, score in ((9, 0, 0.9), (20, classes - 1, 0.8)):
        head[0, anchor, :4] = (0.5, 0.5, np.log(2.0), np.log(1.5))
        head[0, anchor, 4], head[0, anchor, 5 + label] = 1.0, score
    return head


def edit(path: Path, change: object) -> Path:
    """Apply ``change(model)`` to the file without checking the result."""
    model = onnx.load(path, load_external_data=False)
    change(model)  # type: ignore[operator]
    path.write_bytes(model.SerializeToString())
    return path
