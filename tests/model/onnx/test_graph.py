"""Facts of ONNX files, and a clear error for each broken one (bad-inputs 1 to 26)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from dsbench.base.errors import Code, DsbenchError
from dsbench.model.onnx.graph import MISSING_INPUT_NAME, inspect, missing_side
from tests import onnx_zoo as zoo


def test_facts_of_a_dynamic_detector(tmp_path: Path) -> None:
    facts = inspect(zoo.detector(tmp_path / "tiny.onnx"))
    assert (facts.input_name, facts.batch, facts.channels, facts.height, facts.width) == ("images", None, 3, 64, 64)
    assert facts.outputs[0].shape == ("batch", 84, 8)
    assert (facts.layout, facts.nhwc, facts.opset, facts.producer) == ("NCHW", False, 13, "zoo")
    assert facts.warnings == ()
    assert len(facts.sha256) == 64


def test_frozen_batch_is_a_warning(tmp_path: Path) -> None:
    facts = inspect(zoo.detector(tmp_path / "tiny.onnx", shape=(4, 3, 64, 64)))
    assert facts.batch == 4
    assert "batch frozen at 4" in facts.warnings[0]


@pytest.mark.parametrize(("opset", "told"), [(7, True), (8, True), (9, False), (24, False), (25, True)])
def test_an_opset_that_tensorrt_may_refuse_is_a_warning(tmp_path: Path, opset: int, told: bool) -> None:
    path = zoo.detector(tmp_path / "tiny.onnx")
    model = onnx.load(path)
    model.opset_import[0].version = opset
    onnx.save(model, path)
    warnings = [text for text in inspect(path).warnings if "trtexec may refuse" in text]
    assert len(warnings) == told


def test_channels_last(tmp_path: Path) -> None:
    facts = inspect(zoo.detector(tmp_path / "tiny.onnx", shape=("n", 48, 64, 3)))
    assert (facts.nhwc, facts.height, facts.width) == (True, 48, 64)


def test_size_of_a_dynamic_model_comes_from_the_settings(tmp_path: Path) -> None:
    path = zoo.detector(tmp_path / "tiny.onnx", shape=("n", 3, "h", "w"))
    with pytest.raises(DsbenchError) as caught:
        inspect(path)
    assert caught.value.code == Code.ONNX_DYNAMIC_DIMS
    assert missing_side("H") in caught.value.what
    assert missing_side("W") in caught.value.what
    facts = inspect(path, input_size=(32, 64))
    assert (facts.height, facts.width, facts.size_origin) == (32, 64, "dsbench.toml")


def test_settings_cannot_overrule_a_fixed_size(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError, match="fixed at 64x64"):
        inspect(zoo.detector(tmp_path / "tiny.onnx"), input_size=(32, 32))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html>404</html>", "web page"),
        (b"PK\x03\x04rest", "archive"),
        (b"\x00\xff" * 50, "ONNX"),
        (b"\x08\x07", "no graph"),
    ],
)
def test_files_that_are_no_model(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(DsbenchError, match=expected) as caught:
        inspect(path)
    assert caught.value.code == Code.ONNX_INVALID


def test_truncated_file(tmp_path: Path) -> None:
    path = zoo.detector(tmp_path / "x.onnx")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DsbenchError, match="truncated"):
        inspect(path)


def test_a_path_that_is_not_utf_8(tmp_path: Path) -> None:
    path = zoo.detector(tmp_path / "net.onnx").rename(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9.onnx")))
    with pytest.raises(DsbenchError, match="not valid UTF-8"):
        inspect(path)


def test_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError, match="not a regular file"):
        inspect(tmp_path)
    with pytest.raises(DsbenchError, match="cannot open"):
        inspect(tmp_path / "absent.onnx")


def _no_input(model: onnx.ModelProto) -> None:
    del model.graph.input[:]


def _two_inputs(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, ["n", 2]))


def _duplicate_tensor(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Identity", ["mean"], ["nothing"]))


def _cycle(model: onnx.ModelProto) -> None:
    model.graph.node[1].input[0] = "output"


def _opset_99(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 99


def _rank_2(model: onnx.ModelProto) -> None:
    del model.graph.input[0].type.tensor_type.shape.dim[2:]


def _no_output(model: onnx.ModelProto) -> None:
    del model.graph.output[:]


@pytest.mark.parametrize(
    ("change", "code", "expected"),
    [
        (_no_input, Code.ONNX_INPUT, MISSING_INPUT_NAME),
        (_two_inputs, Code.ONNX_INPUT, "orig_target_sizes"),
        (_duplicate_tensor, Code.ONNX_GRAPH, "two nodes write the same tensor 'nothing'"),
        (_cycle, Code.ONNX_GRAPH, "cycle"),
        (_opset_99, Code.ONNX_OPSET, "opset 99"),
        (_rank_2, Code.ONNX_INPUT, "not an image"),
        (_no_output, Code.ONNX_GRAPH, "no output"),
    ],
)
def test_graphs_that_cannot_be_imported(
    tmp_path: Path, change: Callable[[onnx.ModelProto], None], code: Code, expected: str
) -> None:
    path = zoo.edit(zoo.detector(tmp_path / "x.onnx"), change)
    with pytest.raises(DsbenchError) as caught:
        inspect(path)
    assert caught.value.code == code
    assert expected in caught.value.what
    assert caught.value.fix


@pytest.mark.parametrize(
    "shape", [("n", 3, 0, 64), ("n", 3, 64, 2**40), (0, 3, 64, 64), (2**40, 3, 64, 64), ("n", 5, 64, 64)]
)
def test_impossible_dimensions(tmp_path: Path, shape: zoo.Dims) -> None:
    with pytest.raises(DsbenchError) as caught:
        inspect(zoo.detector(tmp_path / "x.onnx", shape=shape))
    assert caught.value.code == Code.ONNX_INPUT


def test_minus_one_is_a_dynamic_batch(tmp_path: Path) -> None:
    assert inspect(zoo.detector(tmp_path / "x.onnx", shape=(-1, 3, 64, 64))).batch is None


@pytest.mark.parametrize("dtype", [TensorProto.UINT8, TensorProto.FLOAT16])
def test_only_float32_inputs(tmp_path: Path, dtype: int) -> None:
    with pytest.raises(DsbenchError, match="nvinfer always writes float32"):
        inspect(zoo.detector(tmp_path / "x.onnx", dtype=dtype))


def test_initializer_listed_as_first_input(tmp_path: Path) -> None:
    def first(model: onnx.ModelProto) -> None:
        weight = helper.make_tensor_value_info("zero", TensorProto.FLOAT, [1])
        image = onnx.ValueInfoProto()
        image.CopyFrom(model.graph.input[0])
        del model.graph.input[:]
        model.graph.input.extend([weight, image])

    assert inspect(zoo.edit(zoo.detector(tmp_path / "x.onnx"), first)).input_name == "images"


def test_unsorted_graph_and_double_value_info_are_warnings(tmp_path: Path) -> None:
    def shuffle(model: onnx.ModelProto) -> None:
        nodes = list(reversed(model.graph.node))
        del model.graph.node[:]
        model.graph.node.extend(nodes)
        model.graph.value_info.extend([helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["n"])] * 2)

    warnings = inspect(zoo.edit(zoo.detector(tmp_path / "x.onnx"), shuffle)).warnings
    assert "topological order" in warnings[0]
    assert "'mean'" in warnings[1]


def _external(location: str, length: int = 12) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", str(length))):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value

    return change


@pytest.mark.parametrize(
    ("location", "expected"),
    [("../../etc/passwd", "outside"), ("/etc/passwd", "outside"), ("gone.data", "missing"), ("link.data", "link out")],
)
def test_external_data_stays_in_the_directory(tmp_path: Path, location: str, expected: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "secret").write_bytes(b"x" * 64)
    (tmp_path / "model" / "link.data").symlink_to(tmp_path / "secret")
    path = zoo.edit(zoo.detector(tmp_path / "model" / "x.onnx"), _external(location))
    with pytest.raises(DsbenchError, match=expected) as caught:
        inspect(path)
    assert caught.value.code == Code.ONNX_EXTERNAL_DATA


def test_external_data_beside_the_model(tmp_path: Path) -> None:
    path = zoo.edit(zoo.detector(tmp_path / "x.onnx"), _external("weights.data"))
    (tmp_path / "weights.data").write_bytes(b"\0" * 4)
    with pytest.raises(DsbenchError, match="too short"):
        inspect(path)
    (tmp_path / "weights.data").write_bytes(b"\0" * 12)
    assert inspect(path).external_data == (tmp_path / "weights.data",)


def test_names_are_only_text(tmp_path: Path) -> None:
    def rename(model: onnx.ModelProto) -> None:
        model.graph.input[0].name = model.graph.node[0].input[0] = '../x"\n;rm'

    assert inspect(zoo.edit(zoo.detector(tmp_path / "x.onnx"), rename)).input_name == '../x"\n;rm'


def test_a_function_of_the_file_needs_no_plugin(tmp_path: Path) -> None:
    path = zoo.detector(tmp_path / "net.onnx")
    model = onnx.load(path)
    last = model.graph.node[-1]
    body = helper.make_node("Identity", ["x"], ["y"])
    opset = helper.make_opsetid("", 17)
    model.functions.append(helper.make_function("pkg.mine", "same", ["x"], ["y"], [body], [opset]))
    model.opset_import.append(helper.make_opsetid("pkg.mine", 1))
    out, last.output[0] = last.output[0], "before"
    for kind, warned in (("same", False), ("other", True)):
        changed = onnx.ModelProto()
        changed.CopyFrom(model)
        changed.graph.node.append(helper.make_node(kind, ["before"], [out], domain="pkg.mine"))
        onnx.save(changed, path)
        assert any("operators of domain 'pkg.mine'" in text for text in inspect(path).warnings) == warned
