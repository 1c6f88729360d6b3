"""What TensorRT does not import, by the nodes of small graphs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dsbench.judge.imports import tensorrt
from dsbench.judge.imports.tensorrt import LACKING, RULES, SINCE, EngineBuild
from dsbench.judge.lint import ERROR, WARNING, Finding
from dsbench.model.onnx.graph import inspect
from tests import onnx_zoo as zoo

make = helper.make_node


def graph(
    path: Path, nodes: Sequence[onnx.NodeProto], weights: dict[str, np.ndarray] | None = None, opset: int = 13
) -> Path:
    """A detector with more nodes, which nothing uses."""

    def add(model: onnx.ModelProto) -> None:
        model.graph.node.extend(nodes)
        model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in (weights or {}).items())

    return zoo.edit(zoo.detector(path / "m.onnx", opset=opset), add)


def found(path: Path, target: EngineBuild | None = None, *, errors: bool = True) -> tuple[Finding, ...]:
    return tensorrt.check(inspect(path), target or EngineBuild(), errors=errors)


LAYER_NORM = (
    make("ReduceMean", ["as_float"], ["u"], axes=[-1]),
    make("Sub", ["as_float", "u"], ["d"]),
    make("Pow", ["d", "two"], ["p"]),
    make("ReduceMean", ["p"], ["v"], axes=[-1]),
    make("Add", ["v", "epsilon"], ["e"]),
    make("Sqrt", ["e"], ["s"], name="/norm/Sqrt"),
    make("Div", ["d", "s"], ["n"]),
)
TWO = {"two": np.float32(2).reshape(()), "epsilon": np.float32(1e-5).reshape(())}


def branch(kind: str, rank: int | None) -> onnx.GraphProto:
    shape = None if rank is None else [1] * rank
    output = helper.make_tensor_value_info(f"{kind}_{rank}", TensorProto.FLOAT, shape)
    return helper.make_graph([make(kind, ["as_float"], [output.name])], "branch", [], [output])


def condition(first: onnx.GraphProto, second: onnx.GraphProto) -> onnx.NodeProto:
    return make("If", ["yes"], ["either"], name="/If", then_branch=first, else_branch=second)


def test_a_healthy_detector_has_no_finding(tmp_path: Path) -> None:
    assert found(zoo.detector(tmp_path / "m.onnx"), EngineBuild((8, 5))) == ()


def test_every_rule_has_its_place_in_the_documentation(repository: Path) -> None:
    page = (repository / "docs" / "tensorrt.md").read_text(encoding="utf-8")
    headings = {line[3:].lower().replace(" ", "-") for line in page.splitlines() if line.startswith("## ")}
    assert {rule.anchor for rule in RULES} <= headings
    assert all(f"`{rule.id}`" in page for rule in RULES)
    assert all(name in page for name in SINCE)
    assert not set(LACKING) & set(SINCE)


@pytest.mark.parametrize(
    ("nodes", "weights", "rule", "said"),
    [
        (
            tuple(make("DynamicQuantizeLinear", ["images"], [f"{n}q", f"{n}s", f"{n}z"]) for n in "ab"),
            {},
            "integer-operators",
            "DynamicQuantizeLinear (2x): no release",
        ),
        ((make("Unique", ["images"], ["q"]),), {}, "operators", "cannot import Unique: no release up to 10.15"),
        ((make("FusedConv", ["images"], ["q"], domain="com.microsoft"),), {}, "onnxruntime-operators", "FusedConv: "),
        ((make("Nms", ["images"], ["q"], domain="mmdeploy"),), {}, "custom-operators", "mmdeploy::Nms"),
        (
            (make("QuantizeLinear", ["images", "scale", "zero"], ["q"], name="/Q"),),
            {"scale": np.float32(1).reshape(()), "zero": np.int8(3).reshape(())},
            "zero-point",
            "QuantizeLinear /Q: ",
        ),
        (
            (make("QuantizeLinear", ["images", "scale", "zero"], ["q"]),),
            {"scale": np.float32(1).reshape(()), "zero": np.uint8(0).reshape(())},
            "zero-point",
            "QuantizeLinear q: ",
        ),
        (
            (make("DequantizeLinear", ["bias", "scale"], ["q"], name="/B"),),
            {"scale": np.float32(1).reshape(()), "bias": np.zeros(4, np.int32)},
            "integer-bias",
            "DequantizeLinear /B: ",
        ),
        ((make("TopK", ["images", "k"], ["v", "i"]),), {"k": np.array([5000])}, "top-k", "(K = 5000)"),
        (
            (make("TopK", ["images", "k"], ["v", "i"], sorted=0),),
            {"k": np.array([5])},
            "attributes",
            "TopK v with sorted = 0",
        ),
        ((make("MaxPool", ["images"], ["v", "i"], kernel_shape=[2, 2]),), {}, "attributes", "the output Indices"),
        ((condition(branch("Identity", 3), branch("Squeeze", 2)),), {}, "if-ranks", "If /If: "),
        ((condition(branch("Identity", None), branch("Squeeze", None)),), {}, "if-ranks", "If /If: "),
        (
            (make("Loop", ["n", "", "a"], ["b", "grown"], name="/L", body=branch("Identity", 1)),),
            {},
            "loop-length",
            "Loop /L: ",
        ),
        (LAYER_NORM, TWO, "layer-norm", "(Sqrt /norm/Sqrt)"),
    ],
)
def test_rules(
    tmp_path: Path, nodes: Sequence[onnx.NodeProto], weights: dict[str, np.ndarray], rule: str, said: str
) -> None:
    findings = found(graph(tmp_path, nodes, weights))
    assert [finding.rule for finding in findings] == [rule]
    assert said in findings[0].what
    assert "docs/tensorrt.md#" in findings[0].fix


@pytest.mark.parametrize(
    ("nodes", "weights"),
    [
        (
            (make("QuantizeLinear", ["images", "scale", "zero"], ["q"]),),
            {"scale": np.float32(1).reshape(()), "zero": np.int8(0).reshape(())},
        ),
        ((make("TopK", ["images", "k"], ["v", "i"], sorted=1),), {"k": np.array([300])}),
        ((make("MaxPool", ["images"], ["v"], kernel_shape=[2, 2]),), {}),
        ((condition(branch("Identity", 3), branch("Squeeze", 3)),), {}),
        ((condition(branch("Identity", None), branch("Relu", None)),), {}),
        ((make("Loop", ["n", "", "a"], ["b"], body=branch("Identity", 1)),), {}),
        ((make("Loop", ["n", ""], ["b"], body=branch("Identity", 1)),), {"n": np.array(3)}),
        ((make("EfficientNMS_TRT", ["images"], ["q"], domain="anything"),), {}),
        ((make("NonZero", ["images"], ["q"]), make("LayerNormalization", ["images", "images"], ["r"])), {}),
        ((make("Sqrt", ["images"], ["q"]), make("ReduceMean", ["images"], ["r"])), {}),
    ],
)
def test_what_is_not_known_to_fail_is_no_finding(
    tmp_path: Path, nodes: Sequence[onnx.NodeProto], weights: dict[str, np.ndarray]
) -> None:
    assert found(graph(tmp_path, nodes, weights)) == ()


def test_functions_of_the_file_itself_are_no_custom_operators(tmp_path: Path) -> None:
    path = graph(tmp_path, [make("Twice", ["images"], ["q"], domain="mine")])
    body = [make("Add", ["x", "x"], ["y"])]
    function = helper.make_function("mine", "Twice", ["x"], ["y"], body, [helper.make_opsetid("", 13)])
    assert found(zoo.edit(path, lambda model: model.functions.append(function))) == ()


def test_nodes_of_subgraphs_are_read(tmp_path: Path) -> None:
    path = graph(tmp_path, [condition(branch("Unique", 1), branch("Identity", 1))])
    assert [finding.rule for finding in found(path)] == ["operators"]


def test_an_older_tensorrt(tmp_path: Path) -> None:
    path = graph(tmp_path, [make("GridSample", ["images", "images"], ["q"])])
    assert found(path, EngineBuild((8, 5))) == ()
    (finding,) = found(path, EngineBuild((8, 4)))
    assert "too old for GridSample (since 8.5)" in finding.what


def test_layer_norm_matters_for_fp16_before_opset_17(tmp_path: Path) -> None:
    assert found(graph(tmp_path, LAYER_NORM, TWO), EngineBuild(network_mode=0)) == ()
    assert found(graph(tmp_path, LAYER_NORM, TWO, opset=17)) == ()


def test_int8_without_a_calibration(tmp_path: Path) -> None:
    path = zoo.detector(tmp_path / "m.onnx")
    (finding,) = found(path, EngineBuild(network_mode=1))
    assert finding.rule == "int8-calibration"
    assert found(path, EngineBuild(network_mode=1, calibrated=True)) == ()


@pytest.mark.parametrize(("errors", "severity"), [(True, ERROR), (False, WARNING)])
def test_an_error_is_a_warning_where_tensorrt_does_not_run(tmp_path: Path, errors: bool, severity: str) -> None:
    (finding,) = found(graph(tmp_path, [make("Unique", ["images"], ["q"])]), errors=errors)
    assert finding.severity == severity
