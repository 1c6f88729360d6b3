"""6a: a file that TensorRT does not import is a warning on the embedded runtime and an error on DeepStream."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import helper

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import nvinfer
from dsbench.model import preflight
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import tensorrt_import
from dsbench.steps.model_run import ModelRun
from tests import onnx_zoo as zoo
from tests.material import write_clip
from tests.steps.model_run import model_run


@pytest.fixture
def layout(tmp_path: Path) -> ModelLayout:
    root = tmp_path / "models" / "net"
    node = helper.make_node("DynamicQuantizeLinear", ["as_float"], ["q", "scale", "zero_point"])
    zoo.edit(zoo.detector(root / "model" / "net.onnx"), lambda model: model.graph.node.append(node))
    (root / "config").mkdir()
    (root / "config" / "labels.txt").write_text("a\nb\nc\n")
    return ModelLayout.at("models/net", tmp_path)


@pytest.fixture
def model(layout: ModelLayout, tmp_path: Path) -> ModelRun:
    """With pre-flight's facts; the runtime can be changed afterwards."""
    run = model_run(layout, write_clip(tmp_path / "clip.mp4", frames=2), tmp_path)
    run.keep(preflight.run(layout, run.preflight_request()))
    return run


def log() -> EvidenceLog:
    return EvidenceLog("model_outputs", "net", "net", "embedded")


def test_a_warning_on_the_embedded_runtime(model: ModelRun) -> None:
    evidence = log()
    tensorrt_import.run(model, evidence)
    (warning,) = evidence.snapshot().warnings
    assert "TensorRT cannot import DynamicQuantizeLinear" in warning
    assert "give dsbench the float model, or quantise it as QDQ" in warning


def test_an_error_on_deepstream(model: ModelRun, layout: ModelLayout, tmp_path: Path) -> None:
    other = model_run(layout, tmp_path / "clip.mp4", tmp_path, runtime="deepstream")
    other.keep(model.get(PreflightFacts))
    with pytest.raises(DsbenchError, match="cannot import DynamicQuantizeLinear") as caught:
        tensorrt_import.run(other, log())
    assert caught.value.code is Code.ONNX_TENSORRT


def test_the_users_own_config_says_how_the_engine_is_built(model: ModelRun, layout: ModelLayout) -> None:
    facts = model.get(PreflightFacts)
    assert tensorrt_import.target(facts, "10.3.0.26").tensorrt == (10, 3)
    assert tensorrt_import.target(facts).network_mode == 2
    config = layout.nvinfer_config
    config.write_text(f"[{nvinfer.PROPERTY}]\nnetwork-mode=1\nint8-calib-file=cal.table\nonnx-file=net.onnx\n")
    assert tensorrt_import.target(facts).network_mode == 1
    assert not tensorrt_import.target(facts).calibrated
    (config.parent / "cal.table").write_text("TRT\n")
    assert tensorrt_import.target(facts).calibrated
