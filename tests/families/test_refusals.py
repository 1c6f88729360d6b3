"""What is no detector is refused as what it is; what might be one is left to the families."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import Code
from dsbench.families.base import NamedArray, Outputs
from dsbench.families.refusals import not_a_detector
from dsbench.model.onnx.graph import OnnxFacts, inspect
from tests import onnx_zoo

RNG = np.random.default_rng(0)
UNIT = RNG.normal(0, 1, 128)
UNIT /= np.linalg.norm(UNIT)


@pytest.fixture
def facts(tmp_path: Path) -> OnnxFacts:
    return inspect(onnx_zoo.detector(tmp_path / "x.onnx"))  # 64x64


def outputs(**arrays: np.ndarray) -> Outputs:
    return tuple(NamedArray(name, np.asarray(array, np.float32)) for name, array in arrays.items())


@pytest.mark.parametrize(
    ("sample", "model_type", "expected"),
    [
        (outputs(out=np.zeros((19, 64, 64))), "", "segmentation net"),
        (outputs(out=np.zeros((64, 64))), "", "segmentation net"),
        (outputs(d0=np.zeros((1, 64, 64)), d1=np.zeros((1, 64, 64))), "", "maps of 1x64x64"),
        (outputs(logits=np.zeros((150, 16, 16))), "", "maps of 150x16x16 for an input of 64x64"),
        (outputs(x=np.zeros((1, 16, 16))), "depth_anything", "segmentation (or depth) net"),
        (outputs(class_queries_logits=np.zeros((100, 134)), masks_queries_logits=np.zeros((100, 16, 16))), "",
         "one for each of 100 queries"),
        (outputs(out=UNIT), "", "128 numbers of length 1 per image): an embedding net"),
        (outputs(last_hidden_state=np.zeros((197, 768)), pooler_output=np.zeros(768)), "", "embedding net"),
        (outputs(age=np.zeros(101), gender=np.zeros(2)), "", "vectors of 101, 2 numbers per image: a classifier"),
    ],
)  # fmt: skip
def test_refused(facts: OnnxFacts, sample: Outputs, model_type: str, expected: str) -> None:
    error = not_a_detector(facts, [sample], "x.onnx", model_type)
    assert error is not None
    assert error.code == Code.NOT_A_DETECTOR
    assert expected in error.what
    assert error.where == "x.onnx"
    assert error.fix


@pytest.mark.parametrize(
    "sample",
    [
        outputs(heat=np.zeros((80, 16, 16)), wh=np.zeros((2, 16, 16)), offset=np.zeros((2, 16, 16))),  # CenterNet
        outputs(out=np.zeros((85, 16, 16))),  # one grid
        outputs(a=np.zeros((255, 8, 8)), b=np.zeros((255, 4, 4))),
        outputs(logits=np.zeros((100, 92)), pred_boxes=np.zeros((100, 4)), pred_masks=np.zeros((100, 16, 16))),
        outputs(out=np.zeros((84, 8))),
        outputs(out=np.zeros(1000)),  # the registry's: a classifier
        outputs(boxes=np.zeros((100, 4)), masks=np.zeros((100, 16, 16))),
    ],
)
def test_left_to_the_families(facts: OnnxFacts, sample: Outputs) -> None:
    assert not_a_detector(facts, [sample], "x.onnx") is None
