"""Each exporter's files are read as it writes them; the most trusted source wins, and hostile files do no harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsbench.base.files import with_marker
from dsbench.model.exporter import evidence
from dsbench.model.exporter.evidence import ExporterEvidence
from dsbench.model.exporter.statement import Statement
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx.graph import inspect
from tests import onnx_zoo

IMAGENET = {"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]}
BGR = {"mean": [103.53, 116.28, 123.675], "std": [57.375, 57.12, 58.395]}
ULTRALYTICS = {
    "description": "Ultralytics YOLO26n model trained on coco.yaml",
    "author": "Ultralytics",
    "task": "detect",
    "stride": "32",
    "imgsz": "[64, 64]",
    "names": "{0: 'person', 1: 'car', 2: 'dog'}",
    "end2end": "True",
    "args": "{'batch': 1, 'nms': False}",
}
LIBREYOLO = """[property]
gpu-id=0
net-scale-factor={scale}
model-color-format=1
onnx-file={onnx}
model-engine-file=model_b1_gpu0_fp16.engine
labelfile-path=net_labels.txt
network-type=0
num-detected-classes=3
infer-dims=3;64;64
maintain-aspect-ratio=1
symmetric-padding=0
cluster-mode=2
parse-bbox-func-name=NvDsInferParseYolo
custom-lib-path=nvdsinfer_custom_impl_Yolo/libnvdsinfer_custom_impl_Yolo.so

[class-attrs-all]
pre-cluster-threshold=0.35
nms-iou-threshold=0.5
topk=300
"""
PADDLE = """mode: paddle
draw_threshold: 0.5
arch: YOLO
Preprocess:
- interp: 2
  keep_ratio: false
  target_size:
  - 64
  - 64
  type: Resize
- mean:
  - 0.485
  - 0.456
  - 0.406
  norm_type: mean_std
  std:
  - 0.229
  - 0.224
  - 0.225
  is_scale: true
  type: NormalizeImage
- type: Permute
label_list:
- person
- car
"""
NANODET = """model:
  arch:
    name: NanoDetPlus
class_names: ["person", "car"]
data:
  val:
    input_size: [64, 64]
    keep_ratio: {keep}
    pipeline:
      normalize: [[103.53, 116.28, 123.675], [57.375, 57.12, 58.395]]
"""


def directory(root: Path, metadata: dict[str, str] | None = None, onnx: str = "net.onnx") -> ModelLayout:
    def change(model: object) -> None:
        for key, value in (metadata or {}).items():
            model.metadata_props.add(key=key, value=value)  # type: ignore[attr-defined]

    (root / "model").mkdir(parents=True)
    (root / "config").mkdir()
    onnx_zoo.edit(onnx_zoo.detector(root / "model" / onnx), change)
    return ModelLayout.at(str(root), Path("/"))


def read(layout: ModelLayout) -> ExporterEvidence:
    return evidence.read(layout, inspect(next(layout.onnx_dir.glob("*.onnx"))))


def feeding(stated: Statement) -> tuple[object, ...]:
    keys = ("net_scale_factor", "offsets", "model_color_format", "maintain_aspect_ratio", "symmetric_padding")
    return tuple(said.value if (said := stated.said(key)) else None for key in keys)


def pipeline(*transforms: dict[str, object]) -> dict[str, object]:
    task = {"type": "Task", "module": "Transform", "name": "Preprocess", "transforms": list(transforms)}
    return {"pipeline": {"input": ["img"], "tasks": [task, {"module": "Net"}, {"module": "mmdet"}]}}


def test_nothing_left(tmp_path: Path) -> None:
    assert read(directory(tmp_path / "m")).statements == ()


@pytest.mark.parametrize(
    ("change", "feed", "cluster", "family"),
    [
        ({}, (1 / 255, (), 0, 1, 1), 4, "yolo"),
        ({"end2end": "False"}, (1 / 255, (), 0, 1, 1), None, "yolo"),
        ({"head": "RTDETRDecoder", "end2end": "False"}, (1 / 255, (), 0, 0, None), 4, "yolo"),
        ({"description": "Ultralytics rtdetr-l model", "end2end": ""}, (1 / 255, (), 0, 0, None), 4, "yolo"),
        ({"head": "Detect", "description": "rtdetr teacher", "end2end": ""}, (1 / 255, (), 0, 1, 1), None, "yolo"),
        ({"args": "{'nms': True}", "end2end": ""}, (1 / 255, (), 0, 1, 1), 4, "yolo"),
        ({"task": "obb"}, (None, None, None, None, None), None, None),
        ({"author": "somebody"}, (None, None, None, None, None), None, None),
    ],
)
def test_ultralytics(
    tmp_path: Path, change: dict[str, str], feed: object, cluster: int | None, family: str | None
) -> None:
    found = read(directory(tmp_path / "m", {**ULTRALYTICS, **change})).stated
    assert feeding(found) == feed
    assert (found.cluster_mode.value if found.cluster_mode else None) == cluster
    assert (found.family.value if found.family else None) == family
    assert found.names and found.names.value == ("person", "car", "dog")  # noqa: PT018


def test_libreyolo_s_config_is_the_truth(tmp_path: Path) -> None:
    layout = directory(tmp_path / "m", {"model_family": "yolo9", "names": '{"0": "a", "1": "b", "2": "c"}'})
    config = layout.onnx_dir / "config_infer_primary_net.txt"
    config.write_text(LIBREYOLO.format(scale="1", onnx="net.onnx"))
    (layout.onnx_dir / "net_labels.txt").write_text("x\ny\nz\n")
    found = read(layout)
    stated = found.stated
    assert feeding(stated) == (1.0, (), 1, 1, 0)
    assert stated.net_scale_factor
    assert stated.net_scale_factor.source == "model/config_infer_primary_net.txt:3 net-scale-factor"
    assert stated.offsets
    assert stated.offsets.source == "model/config_infer_primary_net.txt: nvinfer's default of offsets"
    assert stated.cluster_mode
    assert stated.cluster_mode.value == 2
    assert stated.pre_cluster_threshold
    assert (stated.pre_cluster_threshold.value, stated.topk and stated.topk.value) == (0.35, 300)
    assert [said.value for said in found.all("names")] == [("x", "y", "z"), ("a", "b", "c")]
    assert stated.parser_function
    assert stated.parser_function.value == "NvDsInferParseYolo"
    rows = {row[0]: row[1:] for row in found.rows()}
    assert rows["net-scale-factor"][0] == "1.0"
    assert rows["net-scale-factor"][2] == "0.003921569 (ONNX metadata: model_family=yolo9)"
    assert (rows["offsets"][0], rows["names"][0]) == ("none", "x;y;z")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("config_infer.txt", LIBREYOLO.format(scale="1", onnx="other.onnx"), "onnx-file=other.onnx is another model"),
        ("any.txt", LIBREYOLO.format(scale="1", onnx="net.onnx").replace("3;64;64", "3;32;32"), "infer-dims=3;32;32"),
        ("any.txt", LIBREYOLO.format(scale="1", onnx="net.onnx").replace("type=0", "type=1"), "network-type=1"),
        ("any.txt", "[property]\nnet-scale-factor=fast\n", "is not read"),
        ("any.txt", "[property]\nnet-scale-factor=-1\n", "cannot be used"),
        ("any.yml", "property:\n  cluster-mode: 9\n", "is not read"),
        ("license.txt", "you may use [property]", ""),
    ],
)
def test_configs_that_are_not_used(tmp_path: Path, name: str, text: str, problem: str) -> None:
    layout = directory(tmp_path / "m")
    (layout.onnx_dir / name).write_text(text)
    found = read(layout)
    assert found.stated.net_scale_factor is None
    assert problem in " ".join(found.problems)


@pytest.mark.parametrize("onnx", ["net.onnx", "net.pt.onnx", "Net_dynamic.onnx"])
def test_a_config_that_names_the_model_before_a_rename(tmp_path: Path, onnx: str) -> None:
    layout = directory(tmp_path / "m")
    (layout.root / "nvinfer_config.txt").write_text(LIBREYOLO.format(scale="1", onnx=onnx))
    assert read(layout).stated.net_scale_factor is not None


def test_configs_of_dsbench_and_of_the_user_are_not_the_exporter_s(tmp_path: Path) -> None:
    layout = directory(tmp_path / "m")
    text = LIBREYOLO.format(scale="1", onnx="net.onnx")
    layout.nvinfer_config.write_text(text)
    (layout.config_dir / "config_infer_other.txt").write_text(with_marker(text, "#"))
    assert read(layout).statements == ()


def test_configs_that_disagree_are_none(tmp_path: Path) -> None:
    layout = directory(tmp_path / "m")
    for name, scale in (("config_infer_a.txt", "1"), ("config_infer_b.txt", "0.0039")):
        (layout.onnx_dir / name).write_text(LIBREYOLO.format(scale=scale, onnx="net.onnx"))
    found = read(layout)
    assert found.statements == ()
    assert "several nvinfer configs feed the model differently" in found.problems[0]


def test_tao_yaml(tmp_path: Path) -> None:
    layout = directory(tmp_path / "m")
    text = "property:\n  net-scale-factor: 0.00392156862745098\n  offsets: 0;0;0\n  maintain-aspect-ratio: 1\n"
    (layout.onnx_dir / "nvinfer_config.yml").write_text(text)
    assert feeding(read(layout).stated) == (1 / 255, (), 0, 1, 0)


@pytest.mark.parametrize(
    ("transforms", "feed", "size"),
    [
        (
            (
                {"type": "LoadImageFromFile"},
                {"type": "Resize", "keep_ratio": True, "size": [64, 48]},
                {"type": "Pad", "size": [64, 64], "pad_val": {"img": [114, 114, 114]}},
                {"type": "Normalize", "to_rgb": False, **BGR},
            ),
            (pytest.approx(0.01735207), (103.53, 116.28, 123.675), 1, 1, 0),
            (64, 64),
        ),
        (
            ({"type": "Resize", "keep_ratio": False, "size": [64, 32]},
             {"type": "Normalize", "to_rgb": True, **IMAGENET}),
            (pytest.approx(0.01735207), (123.675, 116.28, 103.53), 0, 0, None),
            (32, 64),
        ),
        (({"type": "Normalize", "mean": [0, 0, 0], "std": [1, 1, 1]},), (1.0, (), 1, None, None), None),
        (({"type": "Normalize", "mean": "x", "std": [1, 1, 0]},), (1.0, (), 1, None, None), None),
    ],
)  # fmt: skip
def test_mmdeploy(tmp_path: Path, transforms: tuple[dict[str, object], ...], feed: object, size: object) -> None:
    layout = directory(tmp_path / "m")
    (layout.onnx_dir / "pipeline.json").write_text(json.dumps(pipeline(*transforms)))
    (layout.onnx_dir / "deploy.json").write_text(json.dumps({"version": "1.3", "task": "ObjectDetection"}))
    found = read(layout).stated
    if transforms[-1]["mean"] != "x":
        assert feeding(found) == feed
    assert (found.input_size and found.input_size.value) == size
    assert found.task
    assert found.task.value == "detect"


def test_paddle(tmp_path: Path) -> None:
    layout = directory(tmp_path / "m")
    path = layout.root / "infer_cfg.yml"
    path.write_text(PADDLE)
    found = read(layout).stated
    assert feeding(found) == (0.01752, (123.675, 116.28, 103.53), 0, 0, None)
    assert found.names
    assert found.names.value == ("person", "car")
    path.write_text(PADDLE.replace("mean_std", "none").replace("keep_ratio: false", "keep_ratio: true"))
    assert feeding(read(layout).stated) == (1 / 255, (), 0, 1, 0)
    path.write_text(PADDLE.replace("mean_std", "none").replace("is_scale: true", "is_scale: false"))
    assert feeding(read(layout).stated) == (1.0, (), 0, 0, None)


def test_nanodet(tmp_path: Path) -> None:
    layout = directory(tmp_path / "m")
    (layout.onnx_dir / "nanodet.yml").write_text(NANODET.format(keep="true"))
    assert feeding(read(layout).stated) == (pytest.approx(0.01735207), (103.53, 116.28, 123.675), 1, 1, 1)
    (layout.onnx_dir / "other.yaml").write_text(NANODET.format(keep="false"))
    found = read(layout)
    assert found.statements == ()
    assert "several NanoDet configs" in found.problems[0]


@pytest.mark.parametrize(
    ("entry", "feed", "names"),
    [
        (
            {"task": "detect", "means": [0.485, 0.456, 0.406], "stds": [0.229, 0.224, 0.225], "pixel_scale": 1 / 255,
             "class_names": ["a", "b"], "class_id_to_name": {"0": "a", "1": "b"}, "num_classes": 2},
            (0.01752, (123.675, 116.28, 103.53), 0, 0, None), ("a", "b"),
        ),
        ({"task": "detect", "class_id_to_name": {"1": "person", "3": "car"}}, (None, None, 0, 0, None),
         ("", "person", "", "car")),
        ({"task": "keypoints", "means": [None], "stds": "x"}, (None, None, 0, 0, None), None),
    ],
)  # fmt: skip
def test_rfdetr(tmp_path: Path, entry: dict[str, object], feed: object, names: object) -> None:
    found = read(directory(tmp_path / "m", {"rfdetr_inference": json.dumps(entry)})).stated
    assert feeding(found) == feed
    assert (found.names and found.names.value) == names
    assert (found.family is not None) == (entry["task"] == "detect")


@pytest.mark.parametrize(
    ("family", "feed", "cluster"),
    [
        ("yolox", (1.0, (), 1, 1, 0), None),
        ("rtmdet", (pytest.approx(0.01735207), (103.53, 116.28, 123.675), 1, 1, 0), None),
        ("dfine", (1 / 255, (), 0, 0, None), 4),
        ("rfdetr", (0.01752, (123.675, 116.28, 103.53), 0, 0, None), 4),
        ("unheard-of", (None,) * 5, None),
    ],
)
def test_libreyolo_s_metadata(tmp_path: Path, family: str, feed: object, cluster: int | None) -> None:
    metadata = {"libreyolo_version": "1.6.0", "model_family": family, "names": '{"0": "a"}', "task": "detect"}
    found = read(directory(tmp_path / "m", metadata)).stated
    assert feeding(found) == feed
    assert (found.cluster_mode and found.cluster_mode.value) == cluster


def test_hugging_face_s_processor(tmp_path: Path) -> None:
    layout = directory(tmp_path / "m")
    processor = {"do_normalize": False, "do_rescale": True, "do_pad": True, "size": {"shortest_edge": 64}}
    (layout.root / "preprocessor_config.json").write_text(json.dumps(processor))
    (layout.root / "config.json").write_text(json.dumps({"model_type": "detr", "id2label": {"0": "a"}}))
    found = read(layout)
    assert feeding(found.stated) == (1 / 255, (), 0, 1, 0)
    assert found.hugging_face.model_type == "detr"
    assert found.stated.classes
    assert found.stated.classes.source == "config.json: id2label"


HOSTILE = ["", "\0", "[" * 50_000,
           '{"pipeline": {"tasks": [[], {"module": "Transform", "transforms": [1, {"type": 2}]}]}}',
           '{"pipeline": 1}', "&a [*a, *a]", "!!python/object/apply:os.system ['true']", "Preprocess: [1, {type: {}}]",
           "Preprocess:\n- {type: NormalizeImage, mean: [1.e400], std: [0]}\n",
           "data: {val: {pipeline: {normalize: [1]}}}",
           "[property]\nonnx-file=\nlabelfile-path=/etc/passwd\nnet-scale-factor=nan\n", "x" * 300_000]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_files(tmp_path: Path, text: str) -> None:
    layout = directory(tmp_path / "m", {"names": text.replace("\0", "0"), "rfdetr_inference": text.replace("\0", "0")})
    for name in ("pipeline.json", "deploy.json", "infer_cfg.yml", "a.yml", "config_infer.txt", "config.json"):
        (layout.onnx_dir / name).write_text(text)
    assert read(layout).stated.net_scale_factor is None


def test_nothing_outside_the_directory_is_read(tmp_path: Path) -> None:
    layout = directory(tmp_path / "m")
    outside = tmp_path / "infer_cfg.yml"
    outside.write_text(PADDLE)
    (layout.onnx_dir / "infer_cfg.yml").symlink_to(outside)
    (layout.onnx_dir / "config_infer.txt").write_text(
        LIBREYOLO.format(scale="1", onnx="net.onnx").replace("net_labels.txt", str(outside))
    )
    found = read(layout)
    assert [item.origin for item in found.statements] == ["model/config_infer.txt"]
    assert found.stated.names is None
    assert "infer_cfg.yml is not read: it is a link that leaves the model directory" in found.problems
