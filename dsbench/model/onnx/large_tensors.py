"""Tensors whose size a constant of the graph sets, and which no detector needs: such a model would fill the memory of
any machine before it fails."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base.errors import Code, DsbenchError
from dsbench.model.onnx import walk

if TYPE_CHECKING:
    import onnx

MAX_ELEMENTS = 1 << 27
"""512 MiB in float32. The largest tensors of a detector for one image, its first feature maps, have some 2^24."""
_SIZES = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1}
"""The input that gives the shape of the result; for Tile the repeats, of which the result has at least as many."""
_RANDOM = ("RandomNormal", "RandomUniform")
_MAX_RANK = 64


def require_none(model: onnx.ModelProto, path: Path) -> None:
    """Raise ONNX_GRAPH for an operator whose result has more than ``MAX_ELEMENTS`` elements by a constant."""
    constants = dict(_constants(model))
    for node in walk.nodes(model):
        size = _size(node, constants)
        count = math.prod(max(side, 0) for side in size)
        if count > MAX_ELEMENTS:
            shown = "x".join(map(str, size))
            name = node.name or (node.output[0] if node.output else "")
            raise DsbenchError(
                Code.ONNX_GRAPH,
                f"the operator {node.op_type} {name!r} makes a tensor of {shown} elements: no detector needs more than "
                f"{MAX_ELEMENTS}",
                where=str(path),
                fix="export the model again (Steps 1-3); the constant that sets this size is wrong",
            )


def _size(node: onnx.NodeProto, constants: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    """Sides of the result, as far as constants set them; () if none do."""
    if node.op_type in _RANDOM:
        return next((tuple(item.ints) for item in node.attribute if item.name == "shape"), ())
    position = _SIZES.get(node.op_type)
    if position is None or position >= len(node.input):
        return ()
    return constants.get(node.input[position], ())


def _constants(model: onnx.ModelProto) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and values of the constants that can be shapes: of int64, with few elements."""
    for graph in walk.graphs(model):
        for tensor in graph.initializer:
            yield tensor.name, _values(tensor)
    for node in walk.nodes(model):
        if node.op_type == "Constant" and node.output:
            for item in node.attribute:
                values = _values(item.t) if item.name == "value" else tuple(item.ints)
                yield node.output[0], values


def _values(tensor: onnx.TensorProto) -> tuple[int, ...]:
    from onnx import numpy_helper

    small = len(tensor.dims) == 1 and 0 < tensor.dims[0] <= _MAX_RANK
    if tensor.data_type != tensor.INT64 or tensor.data_location == tensor.EXTERNAL or not small:
        return ()
    try:
        return tuple(int(value) for value in numpy_helper.to_array(tensor))
    except (TypeError, ValueError):  # damaged
        return ()
