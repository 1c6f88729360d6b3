"""An nvinfer config of which nothing else is known: mistakes are found, choices are notes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from dsbench.judge.lint import lint_alone
from tests import onnx_zoo as zoo

SOUND = """[property]
gpu-id=0
net-scale-factor=0.00392156862745098
onnx-file=yolov8s.onnx
model-engine-file=yolov8s.onnx_b1_gpu0_fp16.engine
labelfile-path=labels.txt
batch-size=1
network-mode=2
num-detected-classes=80
gie-unique-id=1
process-mode=1
network-type=0
cluster-mode=2
maintain-aspect-ratio=1
symmetric-padding=1
parse-bbox-func-name=NvDsInferParseYolo
custom-lib-path=libyolo.so

[class-attrs-all]
nms-iou-threshold=0.45
pre-cluster-threshold=0.25
topk=300
"""


def rules(path: Path) -> dict[str, str]:
    return {finding.rule: finding.severity for finding in lint_alone(path)}


def write(folder: Path, text: str = SOUND, name: str = "config_infer_primary.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_config_whose_files_are_elsewhere_is_clean(tmp_path: Path) -> None:
    assert rules(write(tmp_path)) == {}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("process-mode=1", "process-mode=2", {"process-mode": "warning"}),
        ("gie-unique-id=1\n", "", {"gie-unique-id": "note"}),
        ("gpu-id=0", "gpu-id=0\ninterval=4", {"interval": "note"}),
        ("gpu-id=0", "gpu-id=0\nfilter-out-class-ids=1", {"filter-out-class-ids": "note"}),
        ("gpu-id=0", "gpu-id=0\nfilter-out-class-ids=-1", {"filter-out-class-ids": "note"}),
        ("gpu-id=0", "gpu-id=0\noperate-on-gie-id=-1", {}),
        ("gpu-id=0", "gpu-id=0\noperate-on-gie-id=1", {"secondary-key": "warning"}),
        ("gpu-id=0", "gpu-id=0\nprocess_mode=1", {"unknown-key": "warning"}),
        ("network-type=0", "network-type=100", {"network-type": "error"}),
        ("model-engine-file=yolov8s.onnx_b1", "model-engine-file=yolov5.onnx_b1", {"engine-other": "note"}),
        ("batch-size=1", "batch-size=4", {"engine-batch": "note"}),
        ("network-mode=2", "network-mode=1", {"int8-calibration": "note", "engine-mode": "note"}),
        ("custom-lib-path=libyolo.so\n", "", {"parser-function": "warning"}),
        ("cluster-mode=2\n", "", {"cluster-mode": "warning"}),
        ("nms-iou-threshold=0.45", "nms-iou-threshold=0.95", {"nms-iou-threshold": "warning"}),
        ("topk=300", "topk=1", {"topk": "note"}),
        ("topk=300", "topk=0", {"topk": "error"}),
        ("topk=300", "topk=300\ndetected-min-w=20", {"object-size": "note"}),
        ("topk=300", "topk=300\nborder-color=nan;0;0;1", {"color-value": "warning"}),
        ("topk=300", "topk=300\nborder-color=0;1;1;0.7\nbg-color=0.4;0.4;0.4;1", {}),
        ("[class-attrs-all]", "[class-attrs-99]", {"unreadable": "error"}),
        ("onnx-file=yolov8s.onnx", "model-file=a.caffemodel", {}),
    ],
)
def test_alone(tmp_path: Path, old: str, new: str, expected: dict[str, str]) -> None:
    assert old in SOUND
    assert rules(write(tmp_path, SOUND.replace(old, new, 1))) == expected


def test_a_secondary_detector_is_no_primary(tmp_path: Path) -> None:
    text = SOUND.replace("process-mode=1", "process-mode=2\noperate-on-gie-id=1\ninput-object-min-width=64")
    assert rules(write(tmp_path, text, "lpd_config.txt")) == {}


def test_a_path_relative_to_the_wrong_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "model").mkdir()
    zoo.detector(tmp_path / "model" / "yolov8s.onnx")
    path = write(tmp_path / "config", SOUND.replace("onnx-file=yolov8s.onnx", "onnx-file=model/yolov8s.onnx"))
    monkeypatch.chdir(tmp_path)
    (finding,) = lint_alone(path)
    assert (finding.rule, finding.severity, finding.line) == ("path-missing", "warning", 4)
    assert str(tmp_path / "model" / "yolov8s.onnx") in finding.fix


def test_the_model_and_the_labels_are_read_where_they_are(tmp_path: Path) -> None:
    zoo.detector(tmp_path / "yolov8s.onnx")
    (tmp_path / "labels.txt").write_bytes(b"\xef\xbb\xbfa\r\nb\r\nc\r\n")
    text = SOUND.replace("cluster-mode=2", "cluster-mode=2\ninfer-dims=3;32;32")
    found = lint_alone(write(tmp_path, text))
    assert {f.rule: f.severity for f in found} == {
        "infer-dims": "error",
        "class-count": "error",
        "label-text": "warning",
    }
    labels = [f.where for f in found if f.rule == "label-text"]
    assert labels == [f"{tmp_path / 'labels.txt'}:1"] * 2


@pytest.mark.parametrize(
    ("end", "expected"), [("", {}), ("\n\n", {}), ("\n \n \n", {}), ("d\n", {"class-count": "error"})]
)
def test_blank_lines_behind_the_labels_are_no_classes(tmp_path: Path, end: str, expected: dict[str, str]) -> None:
    (tmp_path / "labels.txt").write_text("a\nb\nc\n" + end)
    assert rules(write(tmp_path, SOUND.replace("num-detected-classes=80", "num-detected-classes=3"))) == expected


def test_an_absolute_path_may_be_one_of_a_container(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("a\n")
    text = SOUND.replace("labelfile-path=labels.txt", "labelfile-path=/models/person/labels.txt")
    assert rules(write(tmp_path, text)) == {}


def test_the_function_must_be_in_the_library(tmp_path: Path) -> None:
    (tmp_path / "libyolo.so").write_bytes(b"\0NvDsInferParseOther\0")
    assert rules(write(tmp_path)) == {"parser-function": "error"}
    (tmp_path / "libyolo.so").write_bytes(b"\0NvDsInferParseYolo\0")
    assert rules(write(tmp_path)) == {}


def test_class_groups_of_a_classifier_are_not_read(tmp_path: Path) -> None:
    text = (
        "property:\n  onnx-file: a.onnx\n  network-type: 1\n  process-mode: 2\n  network-mode: 2\n  gie-unique-id: 2\n"
    )
    text += "  model-engine-file: a.onnx_b1_gpu0_fp16.engine\nclass-attrs-all:\n  threshold: 0.5\n"
    assert rules(write(tmp_path, text, "sgie.yml")) == {}


def test_yaml_has_its_own_rules(tmp_path: Path) -> None:
    text = "property:\n  onnx-file: a.onnx\n  network-mode: 2\n  gie-unique-id: 1\n  cluster-mode: 2\n"
    text += "  num-detected-classes: 2\n  model-engine-file: a.onnx_b1_gpu0_fp16.engine\n"
    sound = write(tmp_path, text + "class-attrs-all:\n  topk: 20 # best\n", "pgie.yml")
    assert rules(sound) == {}
    wrong = write(tmp_path, text + "class-attrs-all:\n  threshold: 0.3\ntopk: 20\n", "pgie.yml")
    assert rules(wrong) == {"deprecated-key": "warning", "unknown-group": "warning"}


@pytest.mark.parametrize(("line", "rule"), [("k{0}=3", "unknown-key"), ("k{0}=3\nk{0}=4", "duplicate-key")])
def test_a_file_with_very_many_faults_of_a_kind(tmp_path: Path, line: str, rule: str) -> None:
    path = tmp_path / "config_infer.txt"
    path.write_text("[property]\n" + "".join(line.format(number) + "\n" for number in range(20000)))
    started = time.process_time()
    found = [finding for finding in lint_alone(path) if finding.rule == rule]
    assert len(found) == 101
    assert found[-1].what == "the file has more of these than 100: the others are not listed"
    assert time.process_time() - started < 5
