"""Plain facts about the nodes of an ONNX graph, including the nodes of subgraphs and local functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.model.onnx.tensor import dtype_name

if TYPE_CHECKING:
    import onnx

_MAX_READ = 4096
"""Elements of a constant whose range is read."""


@dataclass(frozen=True, slots=True)
class ConstantFacts:
    """A constant input of a node: a weight, or the output of a Constant node."""

    dtype: str
    low: float | None = None
    """Smallest value; None for a large constant, for one that is empty, and for external data."""
    high: float | None = None


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One node."""

    type: str
    domain: str
    """"" for ONNX's own operators."""
    name: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    attributes: tuple[tuple[str, int | float | str], ...] = ()
    """Single numbers and texts only."""
    constants: tuple[ConstantFacts | None, ...] = ()
    """For each input; None where it is computed."""
    local: bool = False
    """A call of one of the file's own functions."""
    branches: tuple[tuple[int | str | None, ...], ...] = ()
    """Of an If: for each branch the ranks of its outputs, or the operator that makes one whose rank is not declared."""

    @property
    def shown(self) -> str:
        """Operator and name, as a message names the node."""
        return f"{self.type} {self.name or (self.outputs[0] if self.outputs else '')}".strip()

    def attribute(self, name: str) -> int | float | str | None:
        return dict(self.attributes).get(name)

    def constant(self, position: int) -> ConstantFacts | None:
        return self.constants[position] if position < len(self.constants) else None


def read(model: onnx.ModelProto) -> tuple[NodeFacts, ...]:
    """All nodes: the graph's, in order, each followed by those of its subgraphs; then those of local functions."""
    local = {(function.domain, function.name) for function in model.functions}
    nodes = list(_of_graph(model.graph, {}, local))
    for function in model.functions:
        nodes += _of_nodes(function.node, _constant_nodes(function.node), local)
    return tuple(nodes)


def _of_graph(
    graph: onnx.GraphProto, outer: dict[str, ConstantFacts], local: set[tuple[str, str]]
) -> Iterator[NodeFacts]:
    known = outer | {weight.name: _constant(weight) for weight in graph.initializer} | _constant_nodes(graph.node)
    yield from _of_nodes(graph.node, known, local)


def _of_nodes(
    nodes: Iterable[onnx.NodeProto], known: dict[str, ConstantFacts], local: set[tuple[str, str]]
) -> Iterator[NodeFacts]:
    for node in nodes:
        graphs = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
        domain = "" if node.domain == "ai.onnx" else node.domain
        yield NodeFacts(
            type=node.op_type,
            domain=domain,
            name=node.name,
            inputs=tuple(node.input),
            outputs=tuple(node.output),
            attributes=tuple(_attributes(node)),
            constants=tuple(known.get(name) for name in node.input),
            local=(node.domain, node.op_type) in local,
            branches=tuple(_ranks(graph) for graph in graphs) if node.op_type == "If" else (),
        )
        for graph in graphs:
            yield from _of_graph(graph, known, local)


def _attributes(node: onnx.NodeProto) -> Iterator[tuple[str, int | float | str]]:
    for item in node.attribute:
        if item.type == item.INT:
            yield item.name, item.i
        elif item.type == item.FLOAT:
            yield item.name, item.f
        elif item.type == item.STRING:
            yield item.name, item.s.decode("utf-8", "replace")


def _constant_nodes(nodes: Iterable[onnx.NodeProto]) -> dict[str, ConstantFacts]:
    return {
        node.output[0]: _constant(item.t)
        for node in nodes
        if node.op_type == "Constant" and node.output
        for item in node.attribute
        if item.name == "value"
    }


def _constant(tensor: onnx.TensorProto) -> ConstantFacts:
    from onnx import numpy_helper

    dtype = dtype_name(tensor.data_type)
    size = 1
    for side in tensor.dims:
        size *= max(side, 0)
    if not 0 < size <= _MAX_READ or tensor.data_location == tensor.EXTERNAL or dtype == "string":
        return ConstantFacts(dtype)
    try:
        values = numpy_helper.to_array(tensor).astype(float)
    except (TypeError, ValueError):  # damaged, or of a type that NumPy lacks
        return ConstantFacts(dtype)
    return ConstantFacts(dtype, float(values.min()), float(values.max()))


def _ranks(graph: onnx.GraphProto) -> tuple[int | str | None, ...]:
    makers = {name: node.op_type for node in graph.node for name in node.output}
    return tuple(
        len(value.type.tensor_type.shape.dim) if value.type.tensor_type.HasField("shape") else makers.get(value.name)
        for value in graph.output
    )
