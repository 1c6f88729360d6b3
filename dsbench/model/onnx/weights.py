"""Weights of an ONNX file that hold NaN: whatever they touch becomes NaN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import DsbenchError
from dsbench.model.onnx import file


@dataclass(frozen=True, slots=True)
class SpoiltWeight:
    """An initializer with NaN."""

    name: str
    nan: int
    values: int

    @property
    def text(self) -> str:
        """``weight 'conv.weight' holds 12 NaN of 432 values``."""
        return f"weight {self.name!r} holds {self.nan} NaN of {self.values} values"


def with_nan(path: Path) -> tuple[SpoiltWeight, ...]:
    """The initializers with NaN that a node of the main graph reads; empty if the file cannot be read.

    Infinite values are left out: masks of attention have them.
    """
    import numpy as np
    import onnx
    from onnx import numpy_helper

    kinds = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
    found = []
    try:
        graph = file.load(path).graph
        read = {name for node in graph.node for name in node.input}
        for tensor in graph.initializer:
            if tensor.data_type not in kinds or tensor.name not in read:
                continue
            values = numpy_helper.to_array(tensor, str(path.parent.resolve()))
            if nan := int(np.isnan(values).sum()):
                found.append(SpoiltWeight(tensor.name, nan, values.size))
    except (DsbenchError, OSError, ValueError, onnx.checker.ValidationError):
        return ()
    return tuple(found)
