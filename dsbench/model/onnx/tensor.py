"""A graph input or output of an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """Name, element type, and shape (None: the file does not say).

    A dimension is an int, or a symbol's name; an unnamed open dimension is ``"?"``.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...] | None


def inputs_of(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """The graph's inputs without the weights that old exporters list among them."""
    weights = {item.name for item in graph.initializer} | {item.values.name for item in graph.sparse_initializer}
    return [value for value in graph.input if value.name not in weights]


def dtype_name(number: int) -> str:
    """NumPy's name of an ONNX element type, or a text with its number."""
    from onnx import TensorProto

    try:
        name = str(TensorProto.DataType.Name(number)).lower()
    except ValueError:
        return f"type {number}"
    return {"float": "float32", "double": "float64"}.get(name, name)


def of_value(value: onnx.ValueInfoProto) -> TensorFacts:
    """The facts of one input or output as the graph declares it."""
    kind = value.type.tensor_type
    dtype = dtype_name(kind.elem_type)
    if not kind.HasField("shape"):
        return TensorFacts(value.name, dtype, None)
    dims: list[int | str] = []
    for dim in kind.shape.dim:
        dims.append(dim.dim_value if dim.HasField("dim_value") else (dim.dim_param or "?"))
    return TensorFacts(value.name, dtype, tuple("?" if d == -1 else d for d in dims))
