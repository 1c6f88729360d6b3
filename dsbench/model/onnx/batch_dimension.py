"""Outputs without a batch dimension: which they are, and a script that gives them one.

nvinfer takes the first dimension of every output for the batch (semantics e1): of [1600, 80] it would reserve and hand
over one row. A detector that is exported for one image can be repaired without exporting it again: an Unsqueeze behind
each output. More than one image at a time it cannot carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dsbench.model.onnx.tensor import TensorFacts


def missing(outputs: Sequence[TensorFacts], batch: int | None) -> tuple[TensorFacts, ...]:
    """The outputs whose first dimension is a number that cannot be the batch (None: the input's batch is open).

    Empty unless it is so for all of them: a single frozen one has another cause. A first dimension of 1 is no batch
    where an output without one has as many dimensions: the heat map [1, h, w] beside sizes [2, h, w].
    """
    found = tuple(item for item in outputs if item.shape and isinstance(item.shape[0], int))
    if len(found) < len(outputs) or any(len(item.shape or ()) > 3 for item in found):
        return ()
    ranks = {len(item.shape or ()) for item in found if (item.shape or ("",))[0] not in (batch, 1)}
    return found if ranks and all(len(item.shape or ()) in ranks for item in found) else ()


def script(path: Path, opset: int) -> str:
    """Shell command that writes a copy of the model whose outputs are [1, ...]."""
    copy = path.with_name(f"{path.stem}_batch1.onnx")
    axes_as_input = opset >= 13
    inputs = '[rows, "batch_axis"], [output.name]' if axes_as_input else "[rows], [output.name], axes=[0]"
    axis = 'model.graph.initializer.append(numpy_helper.from_array(np.array([0]), "batch_axis"))'
    lines = (
        "export with the batch as the first dimension of each output, or put one in front (batch 1), then move"
        f" {path.name} out of {path.parent.name}/:",
        "python3 - <<'EOF'",
        "import numpy as np, onnx",
        "from onnx import helper, numpy_helper",
        f"model = onnx.load({str(path)!r})",
        *((axis,) if axes_as_input else ()),
        "weights = {item.name for item in model.graph.initializer}",
        "for item in model.graph.input:",
        "    if item.name not in weights:",
        "        item.type.tensor_type.shape.dim[0].dim_value = 1",
        "for output in list(model.graph.output):",
        '    rows = output.name + "_rows"',
        "    for node in model.graph.node:",
        "        for names in (node.input, node.output):",
        "            names[:] = [rows if name == output.name else name for name in names]",
        f'    model.graph.node.append(helper.make_node("Unsqueeze", {inputs}))',
        "    kind = output.type.tensor_type",
        "    dims = [1, *(dim.dim_value or dim.dim_param for dim in kind.shape.dim)] if kind.shape.dim else None",
        "    output.CopyFrom(helper.make_tensor_value_info(output.name, kind.elem_type, dims))",
        f"onnx.save(model, {str(copy)!r})",
        "EOF",
    )
    return "\n".join(lines)
