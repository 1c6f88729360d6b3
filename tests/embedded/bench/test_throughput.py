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


@pytest.mark.parametrize(
    ("cpus", "of_one", "available_mib", "expected"),
    [
        (2, 300 << 20, 4096, 2),
        (32, 300 << 20, 4096, 6),
        (32, 300 << 20, 100, 1),
        (8, 0, 1024, 8),
        (8, 1 << 40, None, 8),
    ],
)
def test_as_many_queries_run_at_a_time_as_fit_in_half_of_the_memory(
    cpus: int, of_one: int, available_mib: int | None, expected: int
) -> None:
    assert throughput.queries_at_a_time(cpus, of_one, available_mib) == expected


def test_fewer_queries_than_processors_run_on_several_threads_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[int] = []
    session = throughput._session
    monkeypatch.setattr(throughput, "usable_cpus", lambda: 4)
    monkeypatch.setattr(throughput, "queries_at_a_time", lambda *_: 2)
    monkeypatch.setattr(
        throughput, "_session", lambda *given, threads=1: (made.append(threads), session(*given, threads=threads))[1]
    )
    arguments = [str(model(tmp_path / "net.onnx", "batch")), "--batch", "2", "--seconds", "0.01", "--warm-up", "0"]
    assert throughput.main(arguments) == 0
    assert "Throughput:" in capsys.readouterr().out
    assert made == [1, 2]
