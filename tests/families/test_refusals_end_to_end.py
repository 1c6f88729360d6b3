"""Scripts that errors print are run on such exports, and 6a then recognises the head."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from dsbench.base.errors import Code, DsbenchError
from dsbench.families.base import HeadRefused
from dsbench.model import preflight
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import model_outputs
from tests import map_zoo, onnx_zoo_transformers
from tests import street_zoo as zoo
from tests.steps.model_run import model_run

SIDES = [[zoo.WIDTH, zoo.HEIGHT]]


def checked(root: Path, scratch: Path) -> PreflightFacts:
    layout = ModelLayout.at(str(root), scratch)
    model = model_run(layout, zoo.STREET / "street.mp4", scratch, prepare="never")
    return preflight.run(layout, model.preflight_request())


def model_dir(root: Path, build: Callable[[Path], Path]) -> Path:
    (root / "config").mkdir(parents=True)
    shutil.copy(zoo.STREET / "config" / "labels.txt", root / "config")
    build(root / "model" / f"{root.name}.onnx")
    return root


def obey(fix: str, root: Path) -> None:
    """Run the script of a fix and move the original away, as it says."""
    subprocess.run([sys.executable, "-c", fix.split("<<'EOF'\n")[1].removesuffix("\nEOF")], check=True)
    (root / "model" / f"{root.name}.onnx").unlink()


def second_input(path: Path, name: str, values: Sequence[Sequence[float]], kind: int = TensorProto.INT64) -> Path:
    """D-FINE's, DEIMv2's and PaddleDetection's exports: the boxes are multiplied by what the second input says."""
    onnx_zoo_transformers.rtdetr_selected(path, normalised=True)
    model = onnx.load(path)
    graph = model.graph
    boxes = next(item for item in graph.output if item.type.tensor_type.shape.dim[-1].dim_value == 4)
    for node in graph.node:
        node.output[:] = ["fractions" if output == boxes.name else output for output in node.output]
    graph.input.append(helper.make_tensor_value_info(name, kind, ["batch", 2]))
    add = [helper.make_node("Cast", [name], ["as_float"], to=TensorProto.FLOAT)]
    if name == "orig_target_sizes":
        add += [helper.make_node("Concat", ["as_float", "as_float"], ["sizes"], axis=1)]
    else:  # scale_factor: y, x; the network's boxes are its own pixels divided by it
        sides = onnx.numpy_helper.from_array(np.array([[zoo.WIDTH, zoo.HEIGHT] * 2], np.float32), "network_sides")
        graph.initializer.append(sides)
        add += [
            helper.make_node("Concat", ["as_float", "as_float"], ["scales"], axis=1),
            helper.make_node("Div", ["network_sides", "scales"], ["sizes"]),
        ]
    axes = onnx.numpy_helper.from_array(np.array([1], np.int64), "second_axis")
    graph.initializer.append(axes)
    add += [
        helper.make_node("Unsqueeze", ["sizes", "second_axis"], ["row_of_sizes"]),
        helper.make_node("Mul", ["fractions", "row_of_sizes"], [boxes.name]),
    ]
    graph.node.extend(add)
    onnx.save(model, path)
    assert values
    return path


def undeclared(path: Path) -> Path:
    """The file without the shapes of its outputs, and with an open batch."""
    model = onnx.load(path)
    for item in model.graph.output:
        item.type.tensor_type.ClearField("shape")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("declared", [True, False])
def test_outputs_without_a_batch_dimension(declared: bool, tmp_path: Path) -> None:
    root = model_dir(tmp_path / "net", lambda path: map_zoo.nanodet(path, batch=False))
    if not declared:
        undeclared(root / "model" / "net.onnx")
    with pytest.raises(DsbenchError, match="the outputs have no batch dimension") as caught:
        model_outputs.probe(checked(root, tmp_path), tmp_path)
    assert caught.value.code == Code.MODEL_OUTPUT_INVALID
    assert f"'cls_0' [{64 * 36}, {zoo.CLASSES}]" in caught.value.where
    obey(caught.value.fix, root)
    outputs = model_outputs.probe(checked(root, tmp_path), tmp_path)
    assert outputs.head is not None
    assert (outputs.head.family, outputs.head.classes) == ("gfl", zoo.CLASSES)


@pytest.mark.parametrize(
    ("name", "kind"), [("orig_target_sizes", TensorProto.INT64), ("scale_factor", TensorProto.FLOAT)]
)
def test_a_second_input_made_constant(name: str, kind: int, tmp_path: Path) -> None:
    root = model_dir(tmp_path / "net", lambda path: second_input(path, name, SIDES, kind))
    with pytest.raises(DsbenchError, match=f"2 inputs .*{name}") as caught:
        checked(root, tmp_path)
    obey(caught.value.fix, root)
    outputs = model_outputs.probe(checked(root, tmp_path), tmp_path)
    assert outputs.head is not None
    assert (outputs.head.family, outputs.head.classes) == ("rtdetr", zoo.CLASSES)
    assert outputs.head.facts[1].value == "corners in network pixels"


def test_one_cause_is_named_and_the_rest_is_evidence(tmp_path: Path) -> None:
    """Maps that no family reads: the error is one sentence, the report has what each family says."""
    root = model_dir(tmp_path / "net", zoo.tao_detectnet)
    path = root / "model" / "net.onnx"
    model = onnx.load(path)
    for item in model.graph.output:
        for node in model.graph.node:
            node.output[:] = [
                output.replace("/", "_").replace("cov", "seen") if output == item.name else output
                for output in node.output
            ]
        item.name = item.name.replace("/", "_").replace("cov", "seen")
    onnx.save(model, path)
    layout = ModelLayout.at(str(root), tmp_path)
    run = model_run(layout, zoo.STREET / "street.mp4", tmp_path, prepare="never")
    run.keep(preflight.run(layout, run.preflight_request()))
    log = EvidenceLog("model_outputs", "net", "net", "embedded")
    error = model_outputs.run(run, log).no_family
    assert isinstance(error, HeadRefused)
    assert error.what == "undecoded maps of stride 8 (channels 16, 4): no known head has them"
    table = next(table for table in log.snapshot().tables if table.title.startswith("Why no family"))
    assert {"yolox", "gfl", "tao"} <= {row[0] for row in table.rows}
