"""nvinfer configs: defaults, types, ranges, paths, and what nvinfer prints while it reads."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import nvinfer
from dsbench.formats.float32 import float32
from dsbench.formats.nvinfer import FAILED, ClassAttrs, NvinferConfig
from dsbench.formats.nvinfer.keys import CLASS_KEYS, PROPERTY_KEYS, SPECIAL_KEYS

IN_PROPERTY = "Failed to parse group property"


def write(folder: Path, text: str) -> Path:
    path = folder / "nvinfer.txt"
    path.write_text(text)
    return path


def read(folder: Path, properties: str = "", rest: str = "") -> NvinferConfig:
    return nvinfer.load(write(folder, f"[property]\n{properties}\n{rest}"))


def refused(folder: Path, text: str) -> tuple[DsbenchError, list[str]]:
    console: list[str] = []
    with pytest.raises(DsbenchError) as caught:
        nvinfer.load(write(folder, text), console=console.append)
    return caught.value, console


def test_defaults_are_deepstreams(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert config.gie_unique_id is None
    assert (config.batch_size, config.interval, config.network_mode, config.network_type) == (1, 0, 0, 0)
    assert (config.num_detected_classes, config.cluster_mode, config.scaling_filter) == (0, 0, 6)
    assert (config.net_scale_factor, config.offsets, config.model_color_format) == (1.0, (), 0)
    assert (config.onnx_file, config.infer_dims, config.parse_bbox_func_name) == (None, None, "")
    assert config.attrs_for(0) == ClassAttrs()
    assert ClassAttrs().pre_cluster_threshold == float32(0.2)
    assert ClassAttrs().nms_iou_threshold == float32(0.3)
    assert (config.warnings, config.unsupported, config.present) == ((), (), frozenset())


def test_values(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "gie-unique-id=3\nbatch-size=4 # four\nnet-scale-factor=0.0039215697906911373\noffsets=123.675;116.28;103.53\n"
        "infer-dims=3;288;512\nmaintain-aspect-ratio=1\nsymmetric-padding=true\nfilter-out-class-ids=1;2;\n"
        "num-detected-classes=80\ncluster-mode=2\nparse-bbox-func-name=NvDsInferParseX\noutput-blob-names=a;b",
    )
    assert (config.gie_unique_id, config.batch_size, config.infer_dims) == (3, 4, (3, 288, 512))
    assert config.net_scale_factor == float32(0.0039215697906911373)
    assert config.offsets == tuple(map(float32, (123.675, 116.28, 103.53)))
    assert config.maintain_aspect_ratio is config.symmetric_padding is True
    assert (config.filter_out_class_ids, config.output_blob_names) == ((1, 2), ("a", "b"))
    assert "batch-size" in config.present


@pytest.mark.parametrize("number", ["nan", "inf", "-1.0", "0.0"])
def test_odd_scale_factors_are_read_as_deepstream_reads_them(tmp_path: Path, number: str) -> None:
    assert str(read(tmp_path, f"net-scale-factor={number}").net_scale_factor) == str(float(number))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("cluster-mode=7", "Error. Invalid value for 'cluster-mode':'7'"),
        ("cluster-mode=-1", "Error: Negative value specified for cluster-mode(-1)"),
        ("model-color-format=9", "Error. Invalid value for 'model-color-format':'9'"),
        ("scaling-filter=99", "Error. Invalid value for 'scaling-filter':'99'"),
        ("scaling-compute-hw=2", "Error. Invalid value for 'scaling-compute-hw':'2'"),
        ("network-type=9", "Error. Invalid value for 'network-type':'9'"),
        ("network-mode=4", "Error. Invalid value for 'network-mode':'4'"),
        ("network-input-order=2", "Error. Invalid value for 'network-input-order', network input order :'2'"),
        ("process-mode=0", "Error: Invalid value for process-mode (0)"),
        ("gie-unique-id=0", "Error: gie-unique-id (0) should be > 0"),
        ("batch-size=0", "Error: batch-size(0) should be in the range [1,1024]"),
        ("batch-size=1025", "Error: batch-size(1025) should be in the range [1,1024]"),
        ("interval=-1", "Error: Negative value (-1) specified for interval"),
        ("infer-dims=640;640", "Error. 'infer-dims' array length is 2. Should be 3 as [c;h;w] order."),
        ("offsets=1;2;3;4;5", "Error. Maximum  length of 4 is allowed for 'offsets'"),
        ("classifier-threshold=-0.5", "Error: Negative value specified for classifier-threshold(-0.50)"),
        ("uff-input-dims=3;4;5", "Error. 'uff-input-dims' array length is 3. Should be 4[a;b;c;ORDER]."),
        ("onnx-file=nvinfer.txt/x", "Error: Could not parse ONNX file path"),
    ],
)
def test_values_out_of_range(tmp_path: Path, line: str, what: str) -> None:
    error, console = refused(tmp_path, f"[property]\n{line}\n")
    assert (error.code, error.what) == (Code.CONFIG_VALUE_INVALID, what)
    assert error.where == f"{tmp_path}/nvinfer.txt:2 [property] {line.split('=')[0]}"
    assert [text for text in console if not text.startswith("Warning")] == [what, IN_PROPERTY, FAILED]


@pytest.mark.parametrize(
    "line", ["net-scale-factor=1/255", "net-scale-factor=0,0039", "batch-size=4#", "cluster-mode=two", "interval="]
)
def test_values_that_cannot_be_read(tmp_path: Path, line: str) -> None:
    key = line.split("=")[0]
    error, console = refused(tmp_path, f"[property]\n{line}\n")
    reason = f"Key file contains key “{key}” in group “property” which has a value that cannot be interpreted."
    assert error.what == f"Error while parsing config file: {reason}"
    assert console == [error.what, IN_PROPERTY, FAILED]
    assert error.fix.startswith(f"{line} is not a")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "Could not find group property"),
        ("[Property]\n", "Could not find group property"),
        ("gpu-id=0\n", "Failed to load config file: Key file does not start with a group"),
        ("property:\n  gpu-id: 0\n", "Failed to load config file: Key file contains line “property:” which is not a"),
    ],
)
def test_files_that_are_no_nvinfer_config(tmp_path: Path, text: str, what: str) -> None:
    error, console = refused(tmp_path, text)
    assert error.what.startswith(what)
    assert console == [error.what, FAILED]
    assert error.fix


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError) as caught:
        nvinfer.load(tmp_path / "no.txt")
    assert caught.value.what == "Failed to load config file: No such file or directory"


def test_yaml_is_refused_clearly(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError, match="YAML"):
        nvinfer.load(tmp_path / "config.yml")


@pytest.mark.parametrize(
    "key",
    ["model-type", "nms-iou-threshold", "pre-cluster-threshold", "threshold", "topk", "parse-func", "net-stride"],
)
def test_keys_that_do_not_belong_into_property_are_ignored_with_deepstreams_warning(tmp_path: Path, key: str) -> None:
    config = read(tmp_path, f"{key}=1")
    assert config.warnings == (f"Unknown or legacy key specified '{key}' for group [property]",)
    assert config.attrs_for(0) == ClassAttrs()


def test_an_unknown_key_written_twice_is_warned_of_twice(tmp_path: Path) -> None:
    assert len(read(tmp_path, "foo=1\nfoo=2").warnings) == 2


def test_legacy_keys(tmp_path: Path) -> None:
    assert read(tmp_path, "is-classifier=1").network_type == 1
    assert read(tmp_path, "is-classifier=1\nnetwork-type=0").warnings == (
        "Unknown or legacy key specified 'is-classifier' for group [property]",
    )
    dbscan = read(tmp_path, "enable-dbscan=1")
    assert (dbscan.cluster_mode, len(dbscan.warnings)) == (1, 1)
    both = read(tmp_path, "enable-dbscan=1\ncluster-mode=2")
    assert (both.cluster_mode, len(both.warnings)) == (2, 2)
    assert read(tmp_path, "input-dims=3;4;5;0").infer_dims == (3, 4, 5)
    assert read(tmp_path, "input-dims=3;4;5;0\ninfer-dims=1;2;3").infer_dims == (1, 2, 3)


def test_class_groups_are_laid_over_one_another(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "num-detected-classes=3",
        "[class-attrs-1]\ntopk=5\nthreshold=0.9\n[class-attrs-all]\npre-cluster-threshold=0.4\nnms-iou-threshold=0.45\n"
        "minBoxes=2\ndetected-min-w=4\nbg-color=0;0;1;0.5\nfoo=1\n",
    )
    everyone = config.attrs_for(0)
    assert (everyone.pre_cluster_threshold, everyone.nms_iou_threshold) == (float32(0.4), float32(0.45))
    assert (everyone.topk, everyone.min_boxes, everyone.detected_min_w) == (-1, 2, 4)
    assert everyone.bg_color == (0.0, 0.0, 1.0, 0.5)
    one = config.attrs_for(1)
    assert (one.topk, one.pre_cluster_threshold, one.min_boxes) == (5, float32(0.9), 2)
    assert config.attrs_for(2) == everyone
    assert config.warnings == (
        "Unknown key 'foo' for group [property]",
        "Warn: 'threshold' parameter has been deprecated. Use 'pre-cluster-threshold' instead.",
    )


@pytest.mark.parametrize(
    ("group", "line", "what"),
    [
        (
            "all",
            "pre-cluster-threshold=-0.1",
            "Error: Negative pre cluster threshold (-0.10000) specified for group {g}",
        ),
        ("all", "threshold=-1", "Error: Negative threshold (-1.00000) specified for group {g}"),
        (
            "all",
            "post-cluster-threshold=-1",
            "Error: Negative post cluster threshold (-1.00000) specified for group {g}",
        ),
        (
            "all",
            "topk=-1",
            "Error: Invalid topk value -1 specified for group {g}. topk should be greater than of equal to '0'",
        ),
        ("0", "nms-iou-threshold=1.5", "Error: Invalid nms iou threshold (1.50) specified for group {g}.Enter a value"),
        ("0", "detected-max-w=-1", "Error: Negative detectionMaxWidth (-1) specified for group {g}"),
        ("0", "minBoxes=-2", "Error: Negative minBoxes (-2) specified for group {g}"),
        ("0", "border-color=1;0;0", "Error: Group {g}, Number of Color params should be exactly 4 floats"),
        (
            "0",
            "eps=abc",
            "Error while parsing config file: Key file contains key “eps” in group “{g}” which has a value",
        ),
    ],
)
def test_class_values_out_of_range(tmp_path: Path, group: str, line: str, what: str) -> None:
    name = f"class-attrs-{group}"
    error, console = refused(tmp_path, f"[property]\nnum-detected-classes=1\n[{name}]\n{line}\n")
    assert error.what.startswith(what.format(g=name))
    assert [text for text in console if not text.startswith("Warn")] == [
        error.what,
        f"Error while parsing group {name}",
        FAILED,
    ]
    assert error.fix


@pytest.mark.parametrize(
    ("group", "what"),
    [
        (
            "class-attrs-99",
            "Attributes specified for class 99 while element has been configured with num-detected-classes=2",
        ),
        ("class-attrs-x", "Invalid group [class-attrs-x]. Class attributes should be specified using group name "),
        ("class-attrs--1", "Invalid group [class-attrs--1]. class-id should be >= 0"),
    ],
)
def test_class_groups_of_no_class(tmp_path: Path, group: str, what: str) -> None:
    error, console = refused(tmp_path, f"[property]\nnum-detected-classes=2\n[{group}]\ntopk=1\n")
    assert error.what.startswith(what)
    assert console == [error.what, FAILED]
    # other network types do not look at class groups at all
    assert read(tmp_path, "network-type=1", f"[{group}]\ntopk=-1\n").network_type == 1


def test_relative_paths_start_at_the_real_directory_of_the_config(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "model.onnx").touch()
    path = write(real, "[property]\nonnx-file=model.onnx\nlabelfile-path=../no/labels.txt\nmodel-engine-file=~/x\n")
    link = tmp_path / "link.txt"
    link.symlink_to(path)
    config = nvinfer.load(link)
    assert config.path == path
    assert config.onnx_file == real / "model.onnx"
    assert str(config.labelfile_path) == f"{real}/../no/labels.txt"  # missing: joined, not resolved
    assert str(config.model_engine_file) == f"{real}/~/x"  # nothing is expanded


def test_a_missing_absolute_path_ends_at_its_first_missing_part(tmp_path: Path) -> None:
    config = read(tmp_path, f"labelfile-path={tmp_path}/no/labels.txt\ncustom-lib-path={tmp_path}/lib.so")
    assert config.labelfile_path == tmp_path / "no"
    assert config.custom_lib_path == tmp_path / "lib.so"


def test_keys_that_would_change_the_results_are_named(tmp_path: Path) -> None:
    config = read(
        tmp_path, "uff-file=m.uff\noutput-tensor-meta=1\ndump-input-tensor=0\noutput-io-formats=a:fp16:chw\ngpu-id=1"
    )
    assert config.unsupported == ("uff-file", "output-io-formats")


def test_the_tables_hold_every_key_once_and_fit_the_dataclasses() -> None:
    names = [key.name for key in PROPERTY_KEYS] + list(SPECIAL_KEYS)
    assert len(names) == len(set(names))
    fields = NvinferConfig.__dataclass_fields__
    assert [key.name for key in PROPERTY_KEYS if key.field and key.field not in fields] == []
    assert [key.name for key in CLASS_KEYS if key.field not in ClassAttrs.__dataclass_fields__] == []


def test_every_recorded_config_reads_as_its_console_says(shared: Path) -> None:
    cases = sorted(shared.glob("gold/*/*/nvinfer.txt"))
    own = re.compile(r"Error[.: ]|Failed to (load config file:|parse group)|Unknown|\*\* ERROR: <gst_nvinfer_parse")
    for path in cases:
        console: list[str] = []
        with contextlib.suppress(DsbenchError):
            nvinfer.load(path, console=console.append)
        log = (path.parent / "console.log").read_text(errors="replace").splitlines()
        expected = [text for text in log if own.match(text)]
        # GLib replaces its quotes by ? where the terminal's character set lacks them
        assert [re.sub("[“”]", "?", text) for text in console] == [re.sub("[“”]", "?", text) for text in expected], path
    assert len(cases) > 50
