"""The script that gives outputs a batch dimension, in both forms of Unsqueeze."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dsbench.model.onnx import batch_dimension
from dsbench.model.onnx.tensor import TensorFacts


@pytest.mark.parametrize("opset", [11, 13])
def test_the_script_works(opset: int, tmp_path: Path) -> None:
    """One output is also another node's input."""
    import onnxruntime

    path = tmp_path / "it's a dir" / "net.onnx"
    path.parent.mkdir()
    nodes = [
        helper.make_node("Reshape", ["images", "shape"], ["rows"]),
        helper.make_node("Neg", ["rows"], ["turned"]),
    ]
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 2, 2])
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4, 3]) for name in ("rows", "turned")]
    shape = numpy_helper.from_array(np.array([4, 3], np.int64), "shape")
    graph = helper.make_graph(nodes, "net", [image], outputs, [shape])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    script = batch_dimension.script(path, opset).split("<<'EOF'\n")[1].removesuffix("\nEOF")
    subprocess.run([sys.executable, "-c", script], check=True)
    changed = path.with_name("net_batch1.onnx")
    onnx.checker.check_model(str(changed))
    feed = np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2)
    rows, turned = onnxruntime.InferenceSession(str(changed)).run(["rows", "turned"], {"images": feed})
    assert np.array_equal(rows, feed.reshape(1, 4, 3))
    assert np.array_equal(turned, -rows)


@pytest.mark.parametrize(
    ("shapes", "batch", "missing"),
    [
        ([(1600, 80), (400, 32)], 1, True),
        ([(1600, 80), (400, 32)], None, True),
        ([(1, 1600, 80), (1, 400, 32)], 1, False),
        ([(1, 1600, 80), (1, 400, 32)], None, False),  # frozen inside the graph, which is another fault
        ([(1600, 80), (1, 400, 32)], 1, False),
        ([(1, 40, 40), (2, 40, 40), (2, 40, 40)], 1, True),  # a heat map
        ([("n", 80)], 1, False),
        ([(4, 100, 6)], 4, False),
    ],
)
def test_which_outputs_have_none(shapes: list[tuple[int | str, ...]], batch: int | None, missing: bool) -> None:
    outputs = [TensorFacts(f"out{i}", "float32", shape) for i, shape in enumerate(shapes)]
    assert bool(batch_dimension.missing(outputs, batch)) == missing
