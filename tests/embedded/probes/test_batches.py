"""Batches of different frames on graphs that keep, fix, repeat or mix the batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.probes import batches
from dsbench.embedded.probes.batches import Array
from dsbench.judge.imports import batch
from dsbench.judge.imports.batch import BatchState

make = helper.make_node
SHAPE = (3, 4, 6)


def network(path: Path, *nodes: onnx.NodeProto) -> onnxruntime.InferenceSession:
    """From ``images`` [n, 3, 4, 6] to ``output``."""
    weights = {
        "one": np.array([1, *SHAPE]),
        "first": np.array([0]),
        "zero": np.array([0]),
        "end": np.array([1]),
        "little": np.float32(0.05).reshape(()),
    }
    graph = helper.make_graph(
        nodes,
        "batches",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", *SHAPE])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options)


def tried(session: onnxruntime.InferenceSession, frames: Sequence[Array]) -> tuple[BatchState, str]:
    def call(feed: Array) -> list[Array]:
        try:
            return list(session.run(None, {"images": feed}))
        except Exception as error:
            raise DsbenchError(Code.ONNX_RUN_FAILED, str(error)) from error

    trials = batches.trials(call, frames, [call(frame) for frame in frames])
    return batch.state(trials), batch.warning(trials)


@pytest.fixture
def frames() -> list[Array]:
    return list(np.random.default_rng(0).random((4, 1, *SHAPE), dtype=np.float32))


FIRST = make("Slice", ["images", "zero", "end"], ["item"])
EXPANDED = (make("Shape", ["images"], ["shape"]), make("Expand", ["item", "shape"], ["output"]))
MEAN = make("ReduceMean", ["images"], ["mean"], axes=[0], keepdims=1)


@pytest.mark.parametrize(
    ("nodes", "state"),
    [
        ([make("Relu", ["images"], ["output"])], BatchState.OPEN),
        ([make("Reshape", ["images", "one"], ["output"], name="/head/Reshape")], BatchState.FROZEN),
        ([FIRST, make("Relu", ["item"], ["output"])], BatchState.FROZEN),
        ([FIRST, *EXPANDED], BatchState.REPEATED),
        ([MEAN, make("Add", ["images", "mean"], ["output"])], BatchState.MIXED),
        ([make("Sub", ["images", "images"], ["output"])], BatchState.UNKNOWN),
        ([make("ReduceMean", ["images"], ["output"], axes=[0, 1], keepdims=0)], BatchState.UNKNOWN),
    ],
)
def test_states(tmp_path: Path, frames: list[Array], nodes: list[onnx.NodeProto], state: BatchState) -> None:
    found, warning = tried(network(tmp_path / "m.onnx", *nodes), frames)
    assert found is state
    assert bool(warning) == state.wrong


def test_the_warning_names_the_node(tmp_path: Path, frames: list[Array]) -> None:
    _, warning = tried(
        network(tmp_path / "m.onnx", make("Reshape", ["images", "one"], ["output"], name="/head/Reshape")), frames
    )
    assert "frozen at 1 inside the graph" in warning
    assert "(Reshape /head/Reshape fails with a batch of 2)" in warning
    assert "export with a dynamic batch" in warning


def test_a_little_noise_is_no_mixture(tmp_path: Path, frames: list[Array]) -> None:
    small = make("Mul", ["mean", "little"], ["part"])
    session = network(tmp_path / "m.onnx", MEAN, small, make("Sub", ["images", "part"], ["output"]))
    assert tried(session, frames)[0] is BatchState.OPEN


def test_equal_frames_show_nothing(tmp_path: Path, frames: list[Array]) -> None:
    session = network(tmp_path / "m.onnx", make("Relu", ["images"], ["output"]))
    assert tried(session, frames[:1] * 4)[0] is BatchState.UNKNOWN
    assert tried(session, frames[:1])[0] is BatchState.UNKNOWN


def test_too_little_memory_is_no_frozen_batch(frames: list[Array]) -> None:
    def call(feed: Array) -> list[Array]:
        raise MemoryError

    trials = batches.trials(call, frames, [[frame] for frame in frames])
    assert batch.state(trials) is BatchState.UNKNOWN
