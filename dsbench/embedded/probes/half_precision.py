"""A graph that computes as an FP16 engine does, as far as ONNX Runtime can: weights and every layer's result are
rounded to half precision. Sums inside a layer stay FP32, as on tensor cores.

TensorRT fuses layers and may keep some in FP32, so that an engine differs from this by a few boxes at most.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.probes.layer_ranges import LARGEST_FP16, editable, float_tensors

if TYPE_CHECKING:
    import onnx

_UNTOUCHED = ("Constant", "ConstantOfShape", "Identity", "Reshape", "Transpose", "Slice", "Concat", "Split", "Gather")
"""Operators that move values and compute none."""


def rounded(path: Path) -> bytes:
    """The model's bytes with casts to FP16 and back. Raises ONNX_RUN_FAILED where it cannot be changed."""
    from onnx import helper

    try:
        model = editable(path)
    except ValueError as error:
        what = f"FP16 is not simulated for this file: {error}"
        raise DsbenchError(Code.ONNX_RUN_FAILED, what, where=str(path)) from error
    floats = float_tensors(model)
    for weight in model.graph.initializer:
        _round(weight)
    nodes = []
    for node in model.graph.node:
        nodes.append(node)
        if node.op_type in _UNTOUCHED:
            continue
        for place, name in enumerate(node.output):
            if name in floats:
                node.output[place] = f"{name}_dsbench_fp32"
                nodes += _casts(helper, node.output[place], name)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    del model.graph.value_info[:]
    data: bytes = model.SerializeToString()
    return data


def _casts(helper: Any, source: str, target: str) -> list[onnx.NodeProto]:
    """FP32 to FP16 and back."""
    from onnx import TensorProto

    between = f"{target}_dsbench_fp16"
    return [
        helper.make_node("Cast", [source], [between], name=f"{between}_to", to=TensorProto.FLOAT16),
        helper.make_node("Cast", [between], [target], name=f"{between}_from", to=TensorProto.FLOAT),
    ]


def _round(weight: onnx.TensorProto) -> None:
    from onnx import TensorProto, numpy_helper

    if weight.data_type != TensorProto.FLOAT:
        return
    values = np.clip(numpy_helper.to_array(weight), -LARGEST_FP16, LARGEST_FP16)
    weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16).astype(np.float32), weight.name))
