"""Each rule of the config check fires on its fault and stays silent on the specification's config."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.build.nvinfer_config import NvinferPlan, write_nvinfer
from dsbench.judge.lint import LintContext, lint
from dsbench.model.exporter.statement import Said
from dsbench.model.onnx.graph import inspect
from tests import onnx_zoo as zoo

FUNCTION = "NvDsInferParseCustomTiny"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    zoo.detector(tmp_path / "model" / "tiny.onnx")
    path = tmp_path / "config" / "config_infer_primary_tiny.txt"
    plan = NvinferPlan(
        "../model/tiny.onnx",
        "../benchmarks/engines/tiny_dynamic_b8.engine",
        "labels.txt",
        "../parser/libnvdsinfer_tiny_parser.so",
        FUNCTION,
        3,
        (3, 64, 64),
    )
    write_nvinfer(path, plan)
    (path.parent / "labels.txt").write_text("a\nb\nc\n")
    (tmp_path / "parser").mkdir()
    (tmp_path / "parser" / "libnvdsinfer_tiny_parser.so").write_bytes(b"")
    return path


@pytest.fixture
def context(config: Path) -> LintContext:
    root = config.parent.parent
    return LintContext(
        onnx=inspect(root / "model" / "tiny.onnx"),
        labels_count=3,
        engine=root / "benchmarks" / "engines" / "tiny_dynamic_b8.engine",
        head_classes=3,
        functions=(FUNCTION,),
    )


def test_the_specifications_config_is_clean(config: Path, context: LintContext) -> None:
    assert lint(config, context) == ()


@pytest.mark.parametrize(
    ("old", "new", "rule", "severity"),
    [
        ("gpu-id=0", "gpu-id=0\nmodel-type=0", "model-type", "error"),
        ("gpu-id=0", "gpu-id=0\nfoo=0", "unknown-key", "warning"),
        ("gpu-id=0", "gpu-id=0\nthreshold=0.3", "misplaced-key", "warning"),
        ("gpu-id=0", "gpu-id=0\ngie-kitti-output-dir=/tmp", "unknown-key", "warning"),
        ("network-type=0", "network-type=100", "network-type", "error"),
        ("gie-unique-id=1\n", "", "gie-unique-id", "warning"),
        ("onnx-file=../model/tiny.onnx", "onnx-file=model/tiny.onnx", "path-missing", "error"),
        ("labelfile-path=labels.txt", "labelfile-path=~/labels.txt", "path-missing", "error"),
        ("labelfile-path=labels.txt\n", "", "path-missing", "error"),
        ("custom-lib-path=../parser/", "custom-lib-path=parser/", "path-missing", "error"),
        ("tiny_dynamic_b8", "tiny_b1_gpu0_fp16", "engine-name", "warning"),
        ("infer-dims=3;64;64", "infer-dims=64;64;3", "infer-dims", "error"),
        ("model-color-format=0", "model-color-format=2", "color-format", "error"),
        ("model-color-format=0", "model-color-format=0\nnetwork-input-order=1", "input-order", "error"),
        ("=0.00392156862745098", "=0", "scale-factor", "error"),
        ("=0.00392156862745098", "=-1", "scale-factor", "error"),
        ("=0.00392156862745098", "=nan", "scale-factor", "error"),
        ("=0.00392156862745098", "=1/255", "unreadable", "error"),
        ("=0.00392156862745098", "=0,0039", "unreadable", "error"),
        ("gpu-id=0", "gpu-id=0\noffsets=1;2", "offsets", "error"),
        ("gpu-id=0", "gpu-id=0\noffsets=1;2;inf", "offsets", "error"),
        ("interval=0", "interval=4", "interval", "warning"),
        ("pre-cluster-threshold=0.25", "threshold=0.25", "deprecated-key", "warning"),
        ("num-detected-classes=3", "num-detected-classes=4", "class-count", "error"),
        ("num-detected-classes=3", "num-detected-classes=0", "class-count", "error"),
        (FUNCTION, FUNCTION + " # comment", "parser-function", "error"),
        (f"parse-bbox-func-name={FUNCTION}\n", "", "parser-function", "error"),
        ("cluster-mode=2", "cluster-mode=0", "cluster-mode", "warning"),
        ("cluster-mode=2", "cluster-mode=7", "unreadable", "error"),
        ("topk=200", "topk=0", "topk", "error"),
        ("nms-iou-threshold=0.45", "nms-iou-threshold=1.5", "unreadable", "error"),
        ("pre-cluster-threshold=0.25", "pre-cluster-threshold=-1", "unreadable", "error"),
        ("pre-cluster-threshold=0.25", "pre-cluster-threshold=25", "threshold", "error"),
        ("[class-attrs-all]", "[class-attrs-99]", "unreadable", "error"),
        ("[property]", "property:", "unreadable", "error"),
        ("interval=0", "interval=0\nsymmetric-padding=1\nmaintain-aspect-ratio=0", "symmetric-padding", "warning"),
    ],
)
def test_faults(config: Path, context: LintContext, old: str, new: str, rule: str, severity: str) -> None:
    text = config.read_text()
    if "symmetric" in new:
        text = text.replace("maintain-aspect-ratio=1\n", "")
    assert old in text
    config.write_text(text.replace(old, new))
    findings = lint(config, context)
    assert (rule, severity) in [(finding.rule, finding.severity) for finding in findings]
    hit = next(finding for finding in findings if finding.rule == rule)
    assert hit.what
    assert str(config.name) in hit.where or "labels.txt" in hit.where
    if severity == "warning":
        assert not [finding for finding in findings if finding.severity == "error"]


@pytest.mark.parametrize(
    ("old", "new", "rule", "severity"),
    [
        ("process-mode=1", "process-mode=2", "process-mode", "warning"),
        ("gpu-id=0", "gpu-id=0\noperate-on-gie-id=1", "secondary-key", "warning"),
        ("gpu-id=0", "gpu-id=0\nclassifier-threshold=0.5", "foreign-key", "warning"),
        ("gpu-id=0", "gpu-id=0\noutput-tensor-meta=1", "output-tensor-meta", "warning"),
        ("gpu-id=0", "gpu-id=0\ninput-tensor-from-meta=1", "input-tensor-from-meta", "error"),
        ("gpu-id=0", "gpu-id=0\nstabilize-buffer-count=8", "stabilize-buffer-count", "warning"),
        ("gpu-id=0", "gpu-id=0\nfilter-out-class-ids=0;2", "filter-out-class-ids", "warning"),
        ("gpu-id=0", "gpu-id=0\nfilter-out-class-ids=7", "filter-out-class-ids", "warning"),
        ("gpu-id=0", "gpu-id=0\nfilter-out-class-ids=0;1;2", "filter-out-class-ids", "error"),
        ("network-mode=2", "network-mode=1", "int8-calibration", "warning"),
        ("network-mode=2", "network-mode=1\nint8-calib-file=none.table", "int8-calibration", "warning"),
        ("cluster-mode=2", "cluster-mode=4", "cluster-mode-none", "warning"),
        ("topk=200", "topk=1", "topk", "warning"),
        ("topk=200", "topk=200\ndetected-min-w=300", "object-size", "warning"),
        ("topk=200", "topk=200\ndetected-max-h=20", "object-size", "warning"),
        ("topk=200", "topk=200\ndetected-min-w=300\ndetected-max-w=200", "object-size", "error"),
        ("topk=200", "topk=200\ndetected-min-w=5", "object-size", "note"),
        ("topk=200", "topk=200\nroi-top-offset=50", "region", "note"),
        ("nms-iou-threshold=0.45", "nms-iou-threshold=0.95", "nms-iou-threshold", "warning"),
        ("nms-iou-threshold=0.45", "nms-iou-threshold=nan", "nms-iou-threshold", "error"),
        ("topk=200", "topk=200\neps=nan", "not-finite", "warning"),
        ("topk=200", "topk=200\ndbscan-min-score=inf", "not-finite", "warning"),
        ("topk=200", "topk=200\npost-cluster-threshold=nan", "threshold", "error"),
        ("pre-cluster-threshold=0.25", "pre-cluster-threshold=nan", "threshold", "error"),
        ("nms-iou-threshold=0.45", "nms-iou-threshold=0.01", "nms-iou-threshold", "warning"),
        ("pre-cluster-threshold=0.25", "pre-cluster-threshold=0.9", "threshold-extreme", "warning"),
        ("pre-cluster-threshold=0.25", "pre-cluster-threshold=0.001", "threshold-extreme", "warning"),
        ("topk=200", "topk=200\npost-cluster-threshold=1", "threshold", "error"),
        (
            "threshold=0.25",
            "threshold=0.25\n[class-attrs-1]\npre-cluster-threshold=0.99",
            "threshold-extreme",
            "warning",
        ),
        ("threshold=0.25", "threshold=0.25\n[class-attrs-1]\npre-cluster-threshold=1.4", "threshold", "warning"),
        ("=0.00392156862745098", "=0.0000153", "scale-extreme", "warning"),
        ("=0.00392156862745098", "=255", "scale-extreme", "warning"),
        ("gpu-id=0", "gpu-id=0\noffsets=0.485;0.456;0.406", "offsets-range", "warning"),
        ("gpu-id=0", "gpu-id=0\noffsets=300;300;300", "offsets-range", "warning"),
        ("gpu-id=0", "gpu-id=0\nmean-file=mean.ppm # mine", "path-missing", "error"),
        ("gpu-id=0", "gpu-id=0\nmean-file=mean.ppm # mine", "inline-comment", "warning"),
        ("gpu-id=0", "gpu-id=0 # one", "inline-comment", "note"),
        ("gpu-id=0", "gpu-id=0\ngpu-id=1", "duplicate-key", "warning"),
        ("gpu-id=0", "gpu-id=0\ngpu-id=0", "duplicate-key", "note"),
        ("[class-attrs-all]", "[property]\ngpu-id=0\n[class-attrs-all]", "duplicate-group", "warning"),
        ("[class-attrs-all]", "[class-attr-all]", "unknown-group", "warning"),
        ("gpu-id=0", "gpu-id=0\ntlt-encoded-model=~/m.etlt", "literal-path", "warning"),
        ("gpu-id=0", "gpu-id=0\nmean-file=", "empty-path", "warning"),
        ("labels.txt", "labels.txt ", "trailing-blanks", "warning"),
        ("gpu-id=0", "gpu-id=0\ndisable-output-host-copy=1", "output-host-copy", "warning"),
        ("gpu-id=0", "gpu-id=0\noutput-blob-names=boxes", "output-names", "warning"),
        ("topk=200", "topk=200\ncluster-mode=4", "misplaced-key", "warning"),
        ("gpu-id=0", "gpu-id=0\nint8-calib-file=c.table", "int8-table-unused", "note"),
    ],
)
def test_more_faults(config: Path, context: LintContext, old: str, new: str, rule: str, severity: str) -> None:
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new, 1))
    known = replace(context, cluster_mode=2, parser_clusters=False, labels=("cat", "dog", "cow"))
    hits = [finding for finding in lint(config, known) if finding.rule == rule]
    assert [finding.severity for finding in hits] == [severity]
    assert hits[0].line
    assert "{" not in hits[0].what + hits[0].fix


def test_filtered_classes_are_named(config: Path, context: LintContext) -> None:
    config.write_text(config.read_text().replace("gpu-id=0", "gpu-id=0\nfilter-out-class-ids=0;2"))
    (finding,) = lint(config, replace(context, labels=("cat", "dog", "cow")))
    assert finding.what == "filter-out-class-ids drops every object of classes 0 (cat), 2 (cow)"


def test_no_clustering_is_a_note_where_the_parser_may_cluster(config: Path, context: LintContext) -> None:
    config.write_text(config.read_text().replace("cluster-mode=2", "cluster-mode=4"))
    rules = {finding.rule: finding.severity for finding in lint(config, replace(context, cluster_mode=2))}
    assert rules == {"cluster-mode-none": "note", "nms-unused": "note"}
    assert [f.rule for f in lint(config, replace(context, cluster_mode=4))] == ["nms-unused"]


def test_the_line_is_named(config: Path, context: LintContext) -> None:
    config.write_text(config.read_text().replace("num-detected-classes=3", "num-detected-classes=4"))
    assert lint(config, context)[0].where == f"{config}:11"


def test_an_engine_is_required_on_deepstream(config: Path, context: LintContext) -> None:
    config.write_text(config.read_text().replace("tiny_dynamic_b8", "other_dynamic_b8"))
    assert lint(config, context)[0].severity == "warning"
    assert lint(config, replace(context, engine_required=True))[0].severity == "error"


def test_label_count_against_the_head(config: Path, context: LintContext) -> None:
    findings = lint(config, replace(context, head_classes=80))
    assert [finding.rule for finding in findings] == ["label-count"]
    assert "labels.txt has 3 classes, the model's head has 80" in findings[0].what


def test_a_name_in_two_lines_is_named(config: Path, context: LintContext) -> None:
    (finding,) = lint(config, replace(context, labels=("car", "person", "person")))
    assert (finding.rule, finding.severity) == ("label-twice", "warning")
    assert "the label file has 'person' in lines 2 and 3" in finding.what
    assert lint(config, replace(context, labels=("car", "N/A", "N/A"))) == ()


def test_missing_config(tmp_path: Path, context: LintContext) -> None:
    findings = lint(tmp_path / "absent.txt", context)
    assert [finding.rule for finding in findings] == ["unreadable"]


def test_label_order_is_an_error_with_both_orders(config: Path, context: LintContext) -> None:
    stated = Said(("b", "c", "a"), "ONNX metadata: names")
    findings = lint(config, replace(context, labels=("a", "b", "c"), names=stated))
    assert [(finding.rule, finding.severity) for finding in findings] == [("label-order", "error")]
    assert "the model (ONNX metadata: names): 'b', 'c', 'a'; labels.txt: 'a', 'b', 'c'" in findings[0].what
    other = lint(config, replace(context, labels=("a", "b", "x"), names=Said(("a", "b", "c"), "here")))
    assert [(finding.rule, finding.severity) for finding in other] == [("label-names", "warning")]


@pytest.mark.parametrize(
    ("function", "names", "fix"),
    [
        ("NvDsInferParseCustomResnet", ("output_bbox/BiasAdd:0", "output_cov/Sigmoid:0"), None),
        ("NvDsInferParseCustomResnet", ("output_bbox/BiasAdd", "output_cov/Sigmoid"), "remove custom-lib-path"),
        ("NvDsInferParseCustomResnet", ("boxes", "scores"), "rename the outputs"),
        ("NvDsInferParseCustomDDETRTAO", ("pred_logits:0", "pred_boxes:0"), "rename the outputs"),
        ("NvDsInferParseCustomRTDETRTAO", ("pred_logits", "pred_boxes"), None),
        ("NvDsInferParseCustomBatchedNMSTLT", ("a", "b", "c", "d"), None),
    ],
)
def test_names_that_nvidias_functions_look_for(
    function: str, names: tuple[str, ...], fix: str | None, config: Path, context: LintContext
) -> None:
    assert context.onnx is not None
    outputs = tuple(replace(context.onnx.outputs[0], name=name) for name in names)
    library = "custom-lib-path=/opt/nvidia/deepstream/deepstream/lib/libnvds_infercustomparser.so"
    text = config.read_text().replace("custom-lib-path=../parser/libnvdsinfer_tiny_parser.so", library)
    config.write_text(text.replace(FUNCTION, function))
    found = lint(config, replace(context, onnx=replace(context.onnx, outputs=outputs), functions=(function,)))
    hits = [finding for finding in found if finding.rule == "parser-outputs"]
    assert [finding.severity for finding in hits] == ["error"] * (fix is not None)
    assert all(fix in finding.fix for finding in hits if fix)


def test_no_parser_is_to_be_named_for_nvinfers_own_decode(config: Path, context: LintContext) -> None:
    lines = config.read_text().splitlines(keepends=True)
    named = ("custom-lib-path", "parse-bbox-func-name")
    config.write_text("".join(line for line in lines if not line.startswith(named)))
    assert [finding.rule for finding in lint(config, context)] == ["parser-function"]
    assert lint(config, replace(context, own_decode=True, functions=())) == ()
