"""nvinfer configs as YAML: the same values as from ini, and the YAML reader's own words and aborts."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import nvinfer
from dsbench.formats.nvinfer import ClassAttrs, NvinferConfig

FAILED = "** ERROR: <gst_nvinfer_parse_config_file_yaml:1056>: failed"
PROPERTY = {
    "gie-unique-id": "1",
    "batch-size": "4",
    "interval": "2",
    "onnx-file": "model.onnx",
    "labelfile-path": "labels.txt",
    "network-mode": "2",
    "num-detected-classes": "3",
    "cluster-mode": "2",
    "net-scale-factor": "0.0039215697906911373",
    "offsets": "123.675;116.28;103.53",
    "infer-dims": "3;416;416",
    "model-color-format": "1",
    "maintain-aspect-ratio": "1",
    "symmetric-padding": "0",
    "filter-out-class-ids": "0;2",
    "scaling-filter": "1",
    "parse-bbox-func-name": "NvDsInferParseCustomX",
    "custom-lib-path": "libx.so",
    "output-blob-names": "a;b",
    "stabilize-buffer-count": "1",
}
ATTRS = {
    "class-attrs-all": {"pre-cluster-threshold": "0.4", "topk": "20", "nms-iou-threshold": "0.5"},
    "class-attrs-1": {"minBoxes": "2", "border-color": "0;1;0;1", "detected-min-w": "5"},
}


def read(folder: Path, text: str) -> tuple[NvinferConfig, list[str]]:
    console: list[str] = []
    path = folder / "nvinfer.yml"
    path.write_text(text)
    return nvinfer.load(path, console=console.append), console


def refused(folder: Path, text: str) -> tuple[DsbenchError, list[str]]:
    console: list[str] = []
    path = folder / "nvinfer.yaml"
    path.write_text(text)
    with pytest.raises(DsbenchError) as caught:
        nvinfer.load(path, console=console.append)
    return caught.value, console


def test_the_same_values_as_from_an_ini_file(tmp_path: Path) -> None:
    ini, yml = "", ""
    for group, keys in {"property": PROPERTY, **ATTRS}.items():
        ini += f"[{group}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items())
        yml += f"{group}:\n" + "".join(f"  {key}: {value}\n" for key, value in keys.items())
    (tmp_path / "nvinfer.txt").write_text(ini)
    from_ini = nvinfer.load(tmp_path / "nvinfer.txt")
    from_yaml, console = read(tmp_path, yml)
    assert console == []
    differ = [
        name for name in NvinferConfig.__dataclass_fields__ if getattr(from_ini, name) != getattr(from_yaml, name)
    ]
    assert differ == ["path"]
    assert from_yaml.attrs_for(1).border_color == (0.0, 1.0, 0.0, 1.0)
    assert from_yaml.attrs_for(1).topk == 20
    assert from_yaml.attrs_for(2).min_boxes == 0


def test_unknown_keys_are_named_with_their_group(tmp_path: Path) -> None:
    config, console = read(
        tmp_path,
        "property:\n  num-detected-classes: 1\n  threshold: 0.3\n  enable-dbscan: 1\n  is-classifier: 1\n"
        "  input-dims: 3;1;1;0\n"
        "class-attrs-all:\n  threshold: 0.5\n  foo: [1, 2]\nclass-attrs-0:\n  topK: 3\nother:\n  x: 1\n",
    )
    assert console == [
        *(
            f"Unknown or legacy key specified '{key}' for group property"
            for key in ("threshold", "enable-dbscan", "is-classifier", "input-dims")
        ),
        "Unknown key 'threshold' for group [class-attrs-all]",
        "Unknown key 'foo' for group [class-attrs-all]",
        "Unknown key 'topK' for group [class-attrs-0]",
    ]
    assert config.warnings == tuple(console)
    assert config.attrs_for(0) == ClassAttrs()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("cluster-mode", "7", "Error. Invalid value for cluster-mode:'7'"),
        ("network-mode", "4", "Error. Invalid value for network-mode:'4'"),
        ("network-type", "9", "Error. Invalid value for network-type':'9'"),
        ("model-color-format", "9", "Error. Invalid value for model-color-format:'9'"),
        ("network-input-order", "2", "Error. Invalid value for network-input-order, network input order :2"),
        ("uff-input-order", "3", "Error. Invalid value for uff-input-order, UFF input order:3"),
        ("scaling-filter", "9", "Error. Invalid value for scaling-filter:'9'"),
        ("process-mode", "3", "Error: Invalid value for process-mode (3)"),
        ("interval", "-1", "Error: Negative value (-1) specified for interval"),
        ("input-object-min-width", "-1", "Error: Negative value specified for input-object-min-width (-1)"),
        ("batch-size", "5000", "Error: batch-size(1) should be in the range [1,1024]"),
        ("gie-unique-id", "0", "Error: gie-unique-id (0) should be > 0"),
        ("infer-dims", "3;4", "Error. infer-dims array length is 2. Should be 3 as [c;h;w] order."),
        ("infer-dims", "3;4;5;", "Error. infer-dims array length is 4. Should be 3 as [c;h;w] order."),
        ("offsets", "1;2;3;4;5", "Error. Maximum  length of 4 is allowed for offsets"),
    ],
)
def test_values_that_are_refused(tmp_path: Path, key: str, value: str, said: str) -> None:
    error, console = refused(tmp_path, f"property:\n  {key}: {value}\n")
    assert console == [said, "Failed to parse group property", FAILED]
    assert error.code is Code.CONFIG_VALUE_INVALID
    assert error.where is not None
    assert error.where.endswith(f"nvinfer.yaml:2 [property] {key}")


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ("class-attrs-3", "Attributes specified for class 3 while element has been configured with"),
        ("class-attrs--1", "Invalid group [class-attrs--1]. class-id should be >= 0"),
    ],
)
def test_class_groups_that_are_refused(tmp_path: Path, group: str, said: str) -> None:
    error, console = refused(tmp_path, f"property:\n  num-detected-classes: 3\n{group}:\n  topk: 1\n")
    assert error.what.startswith(said)
    assert console == [error.what, FAILED]


def test_a_bad_class_value(tmp_path: Path) -> None:
    _, console = refused(tmp_path, "property:\n  num-detected-classes: 3\nclass-attrs-all:\n  topk: -1\n")
    assert console[1:] == ["Error while parsing group class-attrs-all", FAILED]
    assert console[0].startswith("Error: Invalid topk value -1 specified for group class-attrs-all.")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("property:\n  maintain-aspect-ratio: true\n", "std::invalid_argument"),
        ("property:\n  enable-dla: true\n", "YAML::TypedBadConversion<int>"),
        ("property:\n  num-detected-classes: -1\n", "YAML::TypedBadConversion<unsigned int>"),
        ("property:\n  net-scale-factor: 1/255\n", "YAML::TypedBadConversion<double>"),
        ("property:\n  offsets: [1, 2, 3]\n", "basic_string<char"),
        ("property:\n  offsets: a;b;c\n", "std::invalid_argument"),
        ("property:\n  foo: {a: 1}\n", "basic_string<char"),
        ("property:\n  - batch-size\n", "YAML::InvalidNode"),
        ("property: {}\nclass-attrs-x: {}\n", "std::invalid_argument"),
        ("[property]\nbatch-size=1\n", ""),
    ],
)
def test_what_ends_deepstream_by_an_exception(tmp_path: Path, text: str, kind: str) -> None:
    error, console = refused(tmp_path, text)
    if not kind:
        assert console == ["Could not find group property", FAILED]
        return
    assert error.code is Code.CONFIG_ABORTED
    assert kind in error.what
    assert console == []


def test_no_property_group_and_no_content(tmp_path: Path) -> None:
    _, console = refused(tmp_path, "")
    assert console == [f"Can't open config file ({tmp_path}/nvinfer.yaml)", "Could not find group property", FAILED]
    with pytest.raises(DsbenchError, match=r"bad file: /nowhere/nvinfer\.yml"):
        nvinfer.load("/nowhere/nvinfer.yml")
