"""The zoo through the whole of Step 6: one head of each family passes the gate, each bad file fails with its reason."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.families.tao import LIBRARY, RTDETR
from dsbench.formats import nvinfer
from dsbench.model import preflight
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx.graph import inspect
from dsbench.steps import model_outputs, parser_build, parser_check, parser_makefile, parser_source
from tests import street_zoo as zoo
from tests.steps.model_run import model_run
from tests.warm import run_pytest

pytestmark = pytest.mark.long

TAO = 'family = "tao"\n'


def model_dir(root: Path, build: Callable[[Path], Path], toml: str = "") -> Path:
    """A model directory with one file of the zoo."""
    (root / "config").mkdir(parents=True)
    shutil.copy(zoo.STREET / "config" / "labels.txt", root / "config")
    (root / "dsbench.toml").write_text(toml)
    build(root / "model" / f"{root.name}.onnx")
    return root


def step6(folder: Path, models: Sequence[Path], repository: Path) -> subprocess.CompletedProcess[str]:
    """``pytest --model-dir ...`` up to the gate, on six frames."""
    given = [part for model in models for part in ("--model-dir", str(model))]
    short = ("-k", "kitti_gate", "--kitti-frames", "6", "--prepare", "never", "--video", zoo.STREET / "street.mp4")
    pipeline = ("-q", "-p", "no:cacheprovider", "-c", repository / "pyproject.toml", f"--rootdir={repository}")
    return run_pytest(folder, *map(str, pipeline), str(repository / "tests_pipeline"), *given, *map(str, short))


def test_one_head_of_each_family_passes_the_gate(tmp_path: Path, repository: Path) -> None:
    models = [
        model_dir(tmp_path / "yolo_square", zoo.yolov8_square),
        model_dir(tmp_path / "fused", zoo.batched_nms),
        model_dir(tmp_path / "tao", zoo.tao_rtdetr, TAO),
    ]
    done = step6(tmp_path, models, repository)
    assert done.returncode == 1, done.stdout[-3000:]
    assert "19 passed" in done.stdout
    assert "2 inconclusive" in done.stdout, "two of them do not say how they are fed"
    yolo, fused, tao = (nvinfer.load(next((model / "config").glob("config_infer_primary_*"))) for model in models)
    assert (yolo.symmetric_padding, yolo.maintain_aspect_ratio, yolo.cluster_mode) == (True, True, 2)
    assert yolo.net_scale_factor == pytest.approx(1 / 255)
    assert (fused.cluster_mode, tao.cluster_mode) == (4, 4)
    assert (str(tao.custom_lib_path), tao.parse_bbox_func_name) == (LIBRARY, RTDETR.name)
    assert not list(tmp_path.glob("tao/parser/*"))


@pytest.mark.parametrize(
    ("build", "code", "expected"),
    [
        (zoo.two_inputs, Code.ONNX_INPUT, "2 inputs"),
        (zoo.half_input, Code.ONNX_INPUT, "float16"),
    ],
)
def test_inputs_that_nvinfer_cannot_feed(
    build: Callable[[Path], Path], code: Code, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(DsbenchError, match=expected) as caught:
        inspect(build(tmp_path / "x.onnx"))
    assert caught.value.code == code


def facts_of(root: Path, scratch: Path) -> preflight.PreflightFacts:
    layout = ModelLayout.at(str(root), scratch)
    model = model_run(layout, zoo.STREET / "street.mp4", scratch, prepare="never")
    return preflight.run(layout, model.preflight_request())


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (zoo.bare_nms, Code.NOT_A_DETECTOR),
        (zoo.not_a_number, Code.MODEL_OUTPUT_INVALID),
    ],
)
def test_files_that_stop_at_6a(build: Callable[[Path], Path], code: Code, tmp_path: Path) -> None:
    facts = facts_of(model_dir(tmp_path / "net", build), tmp_path)
    with pytest.raises(DsbenchError) as caught:
        model_outputs.probe(facts, tmp_path)
    assert caught.value.code == code
    assert caught.value.fix


class DeepStream:
    """As much of the runtime as 6a asks for."""

    name = "deepstream"


def test_a_plugin_needs_deepstream(tmp_path: Path) -> None:
    facts = facts_of(model_dir(tmp_path / "net", zoo.efficient_nms_plugin), tmp_path)
    with pytest.raises(DsbenchError, match="plugin EfficientNMS_TRT, which ONNX Runtime cannot run") as caught:
        model_outputs.probe(facts, tmp_path)
    assert "--runtime deepstream" in caught.value.fix
    outputs = model_outputs.probe(facts, tmp_path, DeepStream())  # type: ignore[arg-type]
    assert outputs.head is not None
    assert outputs.head.family == "batched_nms"
    assert model_outputs.NOT_RUN in outputs.warnings
    assert outputs.lines()[0].startswith("Input: images")
    assert parser_source.write(facts, outputs).path.is_file()
    assert "cannot be run" in parser_check.check(facts, outputs, DeepStream(), tmp_path).not_run  # type: ignore[arg-type]


@pytest.mark.skipif(Path(LIBRARY).exists(), reason="DeepStream is installed")
def test_a_tao_model_without_its_library(tmp_path: Path) -> None:
    facts = facts_of(model_dir(tmp_path / "net", zoo.tao_rtdetr, TAO), tmp_path)
    outputs = model_outputs.probe(facts, tmp_path)
    source = parser_source.write(facts, outputs)
    assert (source.built_in, source.path) == (True, Path(LIBRARY))
    assert parser_makefile.write(facts, source).written is None
    with pytest.raises(DsbenchError, match="is not installed"):
        parser_build.build(facts, outputs, DeepStream(), tmp_path)  # type: ignore[arg-type]
