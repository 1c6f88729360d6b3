"""Weights that hold NaN are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from dsbench.model.onnx import weights
from tests import onnx_zoo as zoo


def test_a_weight_with_nan_is_named_and_an_infinite_mask_is_none(tmp_path: Path) -> None:
    def spoil(model: onnx.ModelProto) -> None:
        model.graph.initializer.append(numpy_helper.from_array(np.array([-np.inf, 0], np.float32), "mask"))
        for name in ("conv.weight", "unused"):
            model.graph.initializer.append(numpy_helper.from_array(np.array([1, np.nan, 2], np.float16), name))
        for name in ("mask", "conv.weight"):
            model.graph.node.append(onnx.helper.make_node("Identity", [name], [f"{name}.read"]))

    path = zoo.edit(zoo.detector(tmp_path / "x.onnx"), spoil)
    (found,) = weights.with_nan(path)
    assert found.text == "weight 'conv.weight' holds 1 NaN of 3 values"


def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    assert weights.with_nan(tmp_path / "none.onnx") == ()
