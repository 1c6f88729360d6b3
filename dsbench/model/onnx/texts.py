"""Texts of a model. Protobuf hands out bytes for what is not UTF-8, and nothing behind this module expects them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base.errors import Code, DsbenchError
from dsbench.model.onnx import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    import onnx

_DESCRIPTIONS = ("producer_name", "producer_version", "domain", "doc_string")


def require_text(model: onnx.ModelProto, path: Path) -> None:
    """Raise ONNX_INVALID for a name that is not UTF-8. Descriptions that are not are removed: no program needs them."""
    wrong = next((name for name in _names(model) if isinstance(name, bytes)), None)
    if wrong is not None:
        raise DsbenchError(
            Code.ONNX_INVALID,
            f"{path.name} is damaged: it holds the name {wrong[:80]!a}, which is not UTF-8",
            where=str(path),
            fix="export the model again (Steps 1-3) and copy the whole file",
        )
    for field in _DESCRIPTIONS:
        if isinstance(getattr(model, field), bytes):
            model.ClearField(field)
    for place in reversed(range(len(model.metadata_props))):
        entry = model.metadata_props[place]
        if isinstance(entry.key, bytes) or isinstance(entry.value, bytes):
            del model.metadata_props[place]


def _names(model: onnx.ModelProto) -> Iterator[str | bytes]:
    for opset in model.opset_import:
        yield opset.domain
    for function in model.functions:
        yield from (function.name, function.domain, *function.input, *function.output)
    for graph in walk.graphs(model):
        for value in (*graph.input, *graph.output, *graph.value_info):
            yield value.name
            yield from (dim.dim_param for dim in value.type.tensor_type.shape.dim)
    for node in walk.nodes(model):
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
    for tensor in walk.tensors(model):
        yield tensor.name
        for entry in tensor.external_data:
            yield from (entry.key, entry.value)
