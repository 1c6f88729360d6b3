"""6e's config word for word, values as the model needs them, text that survives GKeyFile; app configs."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.build import app_config, nvinfer_config
from dsbench.build.nvinfer_config import NvinferPlan
from dsbench.formats import keyfile, nvinfer

PLAN = NvinferPlan(
    onnx_file="../model/yolov8n.onnx",
    model_engine_file="../benchmarks/engines/yolov8n_dynamic_b64.engine",
    labelfile_path="labels.txt",
    custom_lib_path="../parser/libnvdsinfer_yolov8n_parser.so",
    parse_bbox_func_name="NvDsInferParseCustomYolov8n",
    num_detected_classes=80,
    infer_dims=(3, 640, 640),
)
SPECIFICATION = """\
[property]
gpu-id=0
net-scale-factor=0.00392156862745098
model-color-format=0
onnx-file=../model/yolov8n.onnx
model-engine-file=../benchmarks/engines/yolov8n_dynamic_b64.engine
labelfile-path=labels.txt
batch-size=1
network-mode=2
num-detected-classes=80
process-mode=1
interval=0
gie-unique-id=1
network-type=0
custom-lib-path=../parser/libnvdsinfer_yolov8n_parser.so
parse-bbox-func-name=NvDsInferParseCustomYolov8n
# 2=DeepStream NMS (dense heads: YOLO, SSD). Use 4 if engine has fused NMS output
cluster-mode=2
infer-dims=3;640;640
maintain-aspect-ratio=1

[class-attrs-all]
topk=200
nms-iou-threshold=0.45
pre-cluster-threshold=0.25
"""


def test_default_is_the_specifications_text() -> None:
    assert nvinfer_config.render_nvinfer(PLAN) == SPECIFICATION


def test_values_that_the_model_or_the_user_asks_for() -> None:
    from dataclasses import replace

    text = nvinfer_config.render_nvinfer(
        replace(
            PLAN,
            net_scale_factor=1.0,
            offsets=(123.675, 116.28, 103.53),
            model_color_format=1,
            network_input_order=1,
            scaling_filter=1,
            symmetric_padding=0,
            batch_size=64,
        )
    )
    lines = text.splitlines()
    assert lines[2:4] == ["net-scale-factor=1.0", "offsets=123.675;116.28;103.53"]
    assert lines[4:6] == ["model-color-format=1", "network-input-order=1"]
    assert {"scaling-filter=1", "symmetric-padding=0", "batch-size=64"} <= set(lines)
    whole = nvinfer_config.render_nvinfer(replace(PLAN, net_scale_factor=0.0078125, offsets=(127.0,) * 3))
    assert "net-scale-factor=0.0078125\noffsets=127;127;127\n" in whole


@pytest.mark.parametrize("stem", ["plain", "with blank", r"back\slash", "tab\there", "模型", "a#b;c"])
def test_any_file_name_reads_back(tmp_path: Path, stem: str) -> None:
    from dataclasses import replace

    (tmp_path / "model").mkdir()
    model = tmp_path / "model" / f"{stem}.onnx"
    model.write_bytes(b"")
    config = tmp_path / "config" / "c.txt"
    relative = nvinfer_config.relative(model, config.parent)
    assert relative == f"../model/{stem}.onnx"
    nvinfer_config.write_nvinfer(config, replace(PLAN, onnx_file=relative))
    assert nvinfer.load(config).onnx_file == model


def test_kitti_app_config_is_the_helpers(tmp_path: Path) -> None:
    text = app_config.render_app(
        app_config.AppPlan(tmp_path / "c.txt", tmp_path / "v.mp4", kitti_dir=tmp_path / "kitti_output")
    )
    file = keyfile.parse(text)
    values = {(group.name, entry.key): entry.value for group in file.groups for entry in group.entries}
    assert values["application", "gie-kitti-output-dir"] == str(tmp_path / "kitti_output")
    assert values["application", "enable-perf-measurement"] == "0"
    assert values["source0", "type"] == "3"
    assert values["source0", "uri"] == f"file://{tmp_path}/v.mp4"
    assert (values["sink0", "type"], values["sink0", "sync"]) == ("1", "0")
    assert (values["streammux", "width"], values["streammux", "height"]) == ("1280", "720")
    assert values["streammux", "batched-push-timeout"] == "-1"
    assert values["primary-gie", "config-file"] == str(tmp_path / "c.txt")
    assert (values["primary-gie", "batch-size"], values["tests", "file-loop"]) == ("1", "0")


def test_batch_size_is_the_number_of_streams(tmp_path: Path) -> None:
    plan = app_config.AppPlan(tmp_path / "c.txt", tmp_path / "v.mp4", streams=5, perf_interval_sec=2, file_loop=True)
    file = keyfile.parse(app_config.render_app(plan))
    values = {(group.name, entry.key): entry.value for group in file.groups for entry in group.entries}
    for place in (("source0", "num-sources"), ("streammux", "batch-size"), ("primary-gie", "batch-size")):
        assert values[place] == "5"
    assert values["application", "perf-measurement-interval-sec"] == "2"
    assert values["tests", "file-loop"] == "1"


@pytest.mark.parametrize(("name", "uri"), [("a%20b.mp4", True), ("a\\b.mp4", False), ("x\n.mp4", False)])
def test_paths_an_ini_cannot_carry_get_a_link(tmp_path: Path, name: str, uri: bool) -> None:
    video = tmp_path / name
    video.write_bytes(b"")
    safe = app_config.safe_path(video, tmp_path / "links", uri=uri)
    assert safe.is_symlink()
    assert safe.resolve() == video
    assert safe.suffix == ".mp4"
    plain = tmp_path / "plain name.mp4"
    assert app_config.safe_path(plain, tmp_path / "links", uri=uri) == plain
