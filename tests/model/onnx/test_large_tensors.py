"""Tensors that a constant makes larger than any detector needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from dsbench.base.errors import Code, DsbenchError
from dsbench.model.onnx.graph import inspect
from tests import onnx_zoo as zoo


def made_by(operator: str, sides: list[int], *, stored: bool = True) -> Callable[[onnx.ModelProto], None]:
    """An operator whose size is an initializer, or a Constant node if not ``stored``."""

    def edit(model: onnx.ModelProto) -> None:
        sizes = helper.make_tensor("sizes", TensorProto.INT64, [len(sides)], sides)
        if stored:
            model.graph.initializer.append(sizes)
        else:
            model.graph.node.append(helper.make_node("Constant", [], ["sizes"], value=sizes))
        inputs = ["sizes"] if operator == "ConstantOfShape" else ["images", "sizes"]
        model.graph.node.append(helper.make_node(operator, inputs, ["huge"]))

    return edit


def random(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("RandomNormal", [], ["huge"], shape=[1 << 20, 1 << 20]))


@pytest.mark.parametrize(
    "edit",
    [
        made_by("ConstantOfShape", [1 << 34]),
        made_by("ConstantOfShape", [1 << 32, 1 << 32], stored=False),
        made_by("Expand", [1, 1 << 30]),
        made_by("Tile", [1 << 15, 1, 1, 1 << 15]),
        random,
    ],
)
def test_a_bomb_is_refused_before_it_runs(tmp_path: Path, edit: Callable[[onnx.ModelProto], None]) -> None:
    with pytest.raises(DsbenchError, match=r"makes a tensor of .* elements") as caught:
        inspect(zoo.edit(zoo.detector(tmp_path / "x.onnx"), edit))
    assert caught.value.code is Code.ONNX_GRAPH


@pytest.mark.parametrize("sides", [[0], [1, 8400, 80], [1 << 27]])
def test_a_usual_size_is_not_refused(tmp_path: Path, sides: list[int]) -> None:
    inspect(zoo.edit(zoo.detector(tmp_path / "x.onnx"), made_by("ConstantOfShape", sides)))
