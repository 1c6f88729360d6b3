"""The throughput program: what it refuses to measure."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from dsbench.embedded.bench import throughput


def model(path: Path, first: str) -> Path:
    """A graph that hands its input on, or item 0 of it."""
    taken = {"batch": [helper.make_node("Identity", ["images"], ["found"])]}
    nodes = taken.get(first) or [helper.make_node("Slice", ["images", "start", "end"], ["found"])]
    limits = [helper.make_tensor(name, TensorProto.INT64, [4], values) for name, values in LIMITS]
    given = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, 8, 8])
    found = helper.make_tensor_value_info("found", TensorProto.FLOAT, [first, 3, 8, 8])
    graph = helper.make_graph(nodes, "net", [given], [found], limits)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


LIMITS = (("start", [0, 0, 0, 0]), ("end", [1, 3, 8, 8]))


@pytest.mark.parametrize(("first", "batch", "status"), [("batch", 2, 0), ("one", 1, 0), ("one", 2, 1)])
def test_a_graph_that_loses_the_batch_is_not_measured(
    first: str, batch: int, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = model(tmp_path / "net.onnx", first)
    arguments = [str(path), "--batch", str(batch), "--seconds", "0.01", "--warm-up", "0"]
    assert throughput.main(arguments) == status
    shown = capsys.readouterr()
    assert ("Throughput:" in shown.out) == (status == 0)
    assert shown.err == ("output found has shape [1, 3, 8, 8]: the graph does not keep the batch\n" if status else "")
