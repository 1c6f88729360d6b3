"""The largest value of each layer, from one run of the graph with two reductions behind every float tensor.

Only the reductions leave the graph, so that the memory stays that of an ordinary run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dsbench.embedded.ort import load_onnxruntime
from dsbench.jobs.probe import LayerRange

if TYPE_CHECKING:
    import onnx

Array = npt.NDArray[Any]
LARGEST_FP16 = 65504.0
SMALLEST_FP16 = 6e-8
"""About half of the smallest FP16 above 0 (2 to the power of -24): what is smaller becomes 0."""
_MASK = 1e30
"""From here on a value is a mask (minus infinity), which FP16 has too."""
_MAX_BYTES = 200 << 20
_MAX_KEPT = 8


def measure(
    path: Path, feeds: Iterable[tuple[int, Array]], *, threads: int, budget_s: float
) -> list[tuple[int, tuple[LayerRange, ...]]]:
    """For each (candidate, input): the layers whose largest value FP16 cannot hold, the first of the graph first.

    Fewer than ``feeds`` once ``budget_s`` is used up, none if the graph cannot be run in this way.
    """
    onnxruntime = load_onnxruntime()
    found: list[tuple[int, tuple[LayerRange, ...]]] = []
    started = time.monotonic()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        data, layers = _with_reductions(path)
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        wanted = [output for number in range(len(layers)) for output in _names(number)]
        for candidate, feed in feeds:
            results = session.run(wanted, {name: feed})
            found.append((candidate, tuple(_beyond(candidate, layers, results))[:_MAX_KEPT]))
            if time.monotonic() - started > budget_s:
                break
    except Exception:  # ONNX Runtime's exceptions have no common public base; the plain run has succeeded
        return found
    return found


def _names(number: int) -> tuple[str, str]:
    return f"dsbench_low_{number}", f"dsbench_high_{number}"


def _with_reductions(path: Path) -> tuple[bytes, list[tuple[str, str]]]:
    """The graph as bytes, and (operator, name) of each layer that is measured.

    Raises ValueError for a large file and for external data.
    """
    from onnx import TensorProto, helper

    model = editable(path)
    floats = float_tensors(model)
    layers: list[tuple[str, str]] = []
    for node in list(model.graph.node):
        for output in (name for name in node.output if name in floats and node.op_type != "Constant"):
            names = _names(len(layers))
            layers.append((node.op_type, node.name or output))
            for kind, name in zip(("ReduceMin", "ReduceMax"), names, strict=True):
                model.graph.node.append(helper.make_node(kind, [output], [name], keepdims=0))
                model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, []))
    return model.SerializeToString(), layers


def editable(path: Path) -> onnx.ModelProto:
    """The model in memory. Raises ValueError for a large file and for external data."""
    import onnx
    from onnx import TensorProto

    if path.stat().st_size > _MAX_BYTES:
        raise ValueError("too large to be changed in memory")
    model = onnx.load(path, load_external_data=False)
    if any(weight.data_location == TensorProto.EXTERNAL for weight in model.graph.initializer):
        raise ValueError("external data")
    return model


def float_tensors(model: onnx.ModelProto) -> set[str]:
    """Names of the FP32 tensors that the graph computes."""
    from onnx import TensorProto, shape_inference

    graph = shape_inference.infer_shapes(model).graph
    values = (*graph.value_info, *graph.output)
    return {value.name for value in values if value.type.tensor_type.elem_type == TensorProto.FLOAT}


def _beyond(candidate: int, layers: Sequence[tuple[str, str]], results: Sequence[Array]) -> Iterator[LayerRange]:
    for (kind, name), low, high in zip(layers, results[::2], results[1::2], strict=True):
        largest = float(np.maximum(np.abs(low), np.abs(high)))
        if math.isfinite(largest) and (LARGEST_FP16 < largest < _MASK or 0 < largest < SMALLEST_FP16):
            yield LayerRange(candidate, kind, name, largest)
