"""Second inputs: each known one comes with a script that makes it constant, and the script works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from dsbench.base.errors import Code, DsbenchError
from dsbench.model.onnx.graph import inspect

Input = tuple[str, int, list[int | str]]


def two_inputs(path: Path, *extra: Input, size: tuple[int | str, int | str] = (64, 96)) -> Path:
    """An image input and others; the output is the first of the others, as float, plus nothing of the image."""
    nodes = [helper.make_node("Cast", [extra[0][0]], ["output"], to=TensorProto.FLOAT)]
    nodes += [helper.make_node("Identity", [name], [f"unused{i}"]) for i, (name, _, _) in enumerate(extra)]
    nodes += [helper.make_node("Identity", ["images"], ["picture"])]
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, *size])]
    inputs += [helper.make_tensor_value_info(*item) for item in extra]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("output", "picture")]
    model = helper.make_model(
        helper.make_graph(nodes, "two", inputs, outputs), opset_imports=[helper.make_opsetid("", 13)], ir_version=8
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def refused(path: Path) -> DsbenchError:
    with pytest.raises(DsbenchError) as caught:
        inspect(path)
    return caught.value


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (("orig_target_sizes", TensorProto.INT64, ["n", 2]), [[96, 64]]),
        (("orig_target_sizes", TensorProto.INT64, [2, 2]), [[96, 64], [96, 64]]),
        (("im_shape", TensorProto.FLOAT, ["n", 2]), [[64, 96]]),
        (("pixel_mask", TensorProto.INT64, ["n", 64, 96]), np.ones((1, 64, 96))),
    ],
)
def test_the_script_of_the_fix_makes_it_constant(tmp_path: Path, extra: Input, expected: object) -> None:
    import onnxruntime

    error = refused(two_inputs(tmp_path / "it's a dir" / "model.onnx", extra))
    assert error.code == Code.ONNX_INPUT
    assert f"2 inputs ('images', '{extra[0]}')" in error.what
    script = error.fix.split("<<'EOF'\n")[1].removesuffix("\nEOF")
    subprocess.run([sys.executable, "-c", script], check=True)
    folded = tmp_path / "it's a dir" / "model_one_input.onnx"
    assert inspect(folded).input_name == "images"
    session = onnxruntime.InferenceSession(str(folded))
    assert np.array_equal(session.run(["output"], {"images": np.zeros((1, 3, 64, 96), np.float32)})[0], expected)


def test_two_constants_at_once(tmp_path: Path) -> None:
    extra = (("im_shape", TensorProto.FLOAT, ["n", 2]), ("scale_factor", TensorProto.FLOAT, ["n", 2]))
    error = refused(two_inputs(tmp_path / "m.onnx", *extra))
    assert "make the other inputs constant" in error.fix
    assert "'scale_factor': np.array([[1, 1]], np.float32)" in error.fix


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (("input_ids", TensorProto.INT64, ["n", 16]), "the tokens of the class names"),
        (("whatever", TensorProto.INT64, ["n", 16]), "the other inputs (whatever) folded into constants"),
        (("second", TensorProto.FLOAT, ["n", 3, 64, 96]), "folded into constants"),
    ],
)
def test_what_cannot_be_known_is_said_in_words(tmp_path: Path, extra: Input, expected: str) -> None:
    error = refused(two_inputs(tmp_path / "m.onnx", extra))
    assert expected in error.fix
    assert "python3" not in error.fix


def test_an_open_size_stays_open_in_the_script(tmp_path: Path) -> None:
    path = two_inputs(tmp_path / "m.onnx", ("orig_target_sizes", TensorProto.INT64, ["n", 2]), size=("h", "w"))
    assert "np.array([[W, H]], np.int64)" in refused(path).fix


def test_a_bare_nms_graph_is_no_detector(tmp_path: Path) -> None:
    node = helper.make_node("NonMaxSuppression", ["boxes", "scores"], ["selected"])
    inputs = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 100, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3, 100]),
    ]
    outputs = [helper.make_tensor_value_info("selected", TensorProto.INT64, ["n", 3])]
    graph = helper.make_graph([node], "nms", inputs, outputs)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "m.onnx")
    error = refused(tmp_path / "m.onnx")
    assert error.code == Code.NOT_A_DETECTOR
    assert "a bare NMS graph" in error.what
