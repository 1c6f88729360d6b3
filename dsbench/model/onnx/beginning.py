"""What a graph does to the picture before its first layer: a normalisation that somebody built in.

The first layer is a convolution, a pooling, a matrix product. Before it a graph may scale each channel
(y = factor * x + shift), and rearrange the pixels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

_REARRANGE = {
    *("Cast", "Concat", "DequantizeLinear", "DynamicQuantizeLinear", "Flatten", "Identity", "Pad", "QuantizeLinear"),
    *("Reshape", "Slice", "SpaceToDepth", "Squeeze", "Transpose", "Unsqueeze"),
}
_SHAPES = {"Shape", "Size"}
_LAYERS = {"Conv", "ConvInteger", "QLinearConv", "FusedConv", "MatMul", "Gemm", "MaxPool", "AveragePool"}
_MOST = 3
"""Channels of a picture."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """``factor`` and ``shift`` hold one number, or one for each channel. ``clear``: nothing else is done to the values.
    ``colours``: the channels keep their order. ``nodes``: the operators of the scaling."""

    factor: tuple[float, ...] = (1.0,)
    shift: tuple[float, ...] = (0.0,)
    clear: bool = True
    colours: bool = True
    nodes: tuple[str, ...] = ()

    @property
    def scales(self) -> bool:
        """Whether the graph scales pixels itself."""
        return bool(self.nodes)

    @property
    def gain(self) -> float:
        """The factor of all channels together: their geometric mean, 0 if one is 0."""
        return math.prod(abs(value) for value in self.factor) ** (1 / len(self.factor))

    @property
    def offsets(self) -> tuple[float, ...]:
        """What is subtracted from the values that the graph is fed; empty if nothing is."""
        if not any(self.shift) or not all(self.factor):
            return ()
        size = max(len(self.factor), len(self.shift))
        factors, shifts = (values * (size if len(values) == 1 else 1) for values in (self.factor, self.shift))
        return tuple(-shift / factor for factor, shift in zip(factors, shifts, strict=True))

    def then(self, factor: Sequence[float], shift: Sequence[float], node: str) -> Beginning:
        """With one more scaling behind it."""
        size = max(len(self.factor), len(factor), len(shift))
        factors, shifts, more, added = (
            tuple(values) * (size if len(values) == 1 else 1) for values in (self.factor, self.shift, factor, shift)
        )
        return replace(
            self,
            factor=tuple(a * b for a, b in zip(factors, more, strict=True)),
            shift=tuple(a * b + c for a, b, c in zip(shifts, more, added, strict=True)),
            nodes=(*self.nodes, node),
        )


def read(graph: onnx.GraphProto, image: str, channel: int = 1) -> Beginning:
    """The beginning of ``graph`` behind the input ``image``, whose channels are dimension ``channel``."""
    found, reached = Beginning(), {image}
    constants = {item.name: item for item in graph.initializer}
    constants |= {
        node.output[0]: item.t
        for node in graph.node
        if node.op_type == "Constant" and node.output
        for item in node.attribute
        if item.name == "value"
    }
    for node in graph.node:
        source = next((name for name in node.input if name in reached), None)
        if source is None or node.op_type in _SHAPES:
            continue
        if node.op_type in _LAYERS or not node.output:
            break
        if node.op_type in _REARRANGE:
            moved = node.op_type == "Slice" and channel in _axes(node, constants)
            found = replace(found, colours=False, clear=False) if moved else found
        else:
            scaling = _scaling(node, source, constants)
            if scaling is None:
                return replace(found, clear=False, colours=found.colours and node.op_type not in ("Gather", "Split"))
            found = found.then(*scaling, node.op_type)
        reached.add(node.output[0])
    return found


def _scaling(
    node: onnx.NodeProto, source: str, constants: Mapping[str, onnx.TensorProto]
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Factor and shift of one operator; None if it does anything else."""
    if node.op_type == "BatchNormalization":
        return _batch_normalization(node, constants)
    other = [name for name in node.input if name != source]
    values = _numbers(constants.get(other[0])) if len(other) == 1 else None
    if not values:
        return None
    first, zero = node.input[0] == source, (0.0,) * len(values)
    if node.op_type == "Mul":
        return values, zero
    if node.op_type == "Add":
        return (1.0,) * len(values), values
    if node.op_type == "Sub":
        return ((1.0,), tuple(-value for value in values)) if first else ((-1.0,), values)
    if node.op_type == "Div" and first and all(values):
        return tuple(1 / value for value in values), zero
    return None


def _batch_normalization(
    node: onnx.NodeProto, constants: Mapping[str, onnx.TensorProto]
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    scale, bias, mean, variance = (_numbers(constants.get(name)) for name in node.input[1:5])
    epsilon = next((item.f for item in node.attribute if item.name == "epsilon"), 1e-5)
    if not (scale and bias and mean and variance) or not len(scale) == len(bias) == len(mean) == len(variance):
        return None
    factor = tuple(a / (value + epsilon) ** 0.5 for a, value in zip(scale, variance, strict=True))
    return factor, tuple(b - m * a for a, b, m in zip(factor, bias, mean, strict=True))


def _axes(node: onnx.NodeProto, constants: Mapping[str, onnx.TensorProto]) -> Sequence[int]:
    """The dimensions that a Slice cuts."""
    given = next((list(item.ints) for item in node.attribute if item.name == "axes"), None)
    if given is None and len(node.input) > _MOST:
        given = [int(value) for value in _numbers(constants.get(node.input[3])) or ()]
    return [axis % 4 for axis in given or ()]


def _numbers(tensor: Any) -> tuple[float, ...] | None:
    """Up to three numbers of a constant; None for anything else."""
    from onnx import numpy_helper

    if tensor is None or tensor.data_location == tensor.EXTERNAL:
        return None
    size = 1
    for side in tensor.dims:
        size *= max(side, 0)
    if not 0 < size <= _MOST:
        return None
    try:
        return tuple(float(value) for value in numpy_helper.to_array(tensor).reshape(-1))
    except (TypeError, ValueError):  # damaged, or no numbers
        return None
