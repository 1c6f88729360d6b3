"""Every graph, node, attribute and tensor of a model: of functions, subgraphs and training graphs, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import onnx


def graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    """Every graph."""
    pending = [model.graph]
    for training in model.training_info:
        pending += [training.initialization, training.algorithm]
    for function in model.functions:
        pending += _below(function.attribute_proto)
        for node in function.node:
            pending += _below(node.attribute)
    while pending:
        graph = pending.pop()
        yield graph
        for node in graph.node:
            pending += _below(node.attribute)


def nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """Every node."""
    for function in model.functions:
        yield from function.node
    for graph in graphs(model):
        yield from graph.node


def tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor; of a sparse one its values and its indices."""
    for function in model.functions:
        yield from _of_attributes(function.attribute_proto)
    for node in nodes(model):
        yield from _of_attributes(node.attribute)
    for graph in graphs(model):
        yield from graph.initializer
        yield from _halves(graph.sparse_initializer)


def _below(attributes: Iterable[onnx.AttributeProto]) -> Iterator[onnx.GraphProto]:
    for attribute in attributes:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _of_attributes(attributes: Iterable[onnx.AttributeProto]) -> Iterator[onnx.TensorProto]:
    for attribute in attributes:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        if attribute.HasField("sparse_tensor"):
            yield from _halves([attribute.sparse_tensor])
        yield from _halves(attribute.sparse_tensors)


def _halves(sparse: Iterable[onnx.SparseTensorProto]) -> Iterator[onnx.TensorProto]:
    for one in sparse:
        yield one.values
        yield one.indices
