"""Checks an nvinfer config against the model: finds faults that DeepStream accepts without an error.

One rule id per check; `error` findings fail step nvinfer_config, `warning` findings are shown. Sources: pipeline-run.md
("network-type vs model-type", 6e), semantics c1-c5 and j, failure-modes.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import spec
from dsbench.base.errors import DsbenchError
from dsbench.formats import nvinfer
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.formats.nvinfer import remarks as nvinfer_remarks
from dsbench.judge import label_names
from dsbench.model.exporter.statement import Said
from dsbench.model.onnx.graph import OnnxFacts

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault."""

    rule: str
    """Stable id."""
    severity: str
    """ERROR or WARNING."""
    what: str
    where: str
    """File and line."""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class LintContext:
    """What the config must agree with."""

    onnx: OnnxFacts
    labels_count: int
    engine: Path | None = None
    """The expected engine file."""
    engine_required: bool = False
    """The engine file must exist: on DeepStream."""
    head_classes: int | None = None
    """Classes of the model's head; None for a user's parser."""
    functions: tuple[str, ...] | None = None
    """Functions that the parser library exports; None if it is not built yet."""
    replaced: Path | None = None
    """DeepStream's own library that this runtime replaces; it need not exist."""
    labels: tuple[str, ...] = ()
    """The classes of labels.txt as nvinfer numbers them."""
    names: Said[tuple[str, ...]] | None = None
    """The class names that the exporter states."""


def lint(path: Path, context: LintContext) -> tuple[Finding, ...]:
    """All findings, errors first. A file that nvinfer refuses gives one error with nvinfer's text."""
    try:
        config = nvinfer.load(path)
    except DsbenchError as error:
        return (Finding("unreadable", ERROR, error.what, error.where or str(path), error.fix),)
    findings = [finding for rule in RULES for finding in rule(config, context)]
    seen = " ".join(finding.what for finding in findings)
    for text in nvinfer_remarks.remarks(config):
        key = text.removeprefix("line ").split(": ", 1)[-1].split(maxsplit=1)[0].split("=")[0]
        if key not in seen:
            findings.append(Finding("doubtful", WARNING, text, str(path)))
    return tuple(sorted(findings, key=lambda finding: finding.severity != ERROR))


def at(config: NvinferConfig, key: str, group: str = nvinfer.PROPERTY) -> str:
    """Place of a key: ``file:line``, or the file if the key is not set."""
    found = config.source.group(group)
    entry = found.entry(key) if found else None
    return f"{config.path}:{entry.line}" if entry else str(config.path)


def _keys(config: NvinferConfig, context: LintContext) -> Iterator[Finding]:
    legacy = {
        "model-type": (ERROR, "network-type=0 (Detector) is what calls parse-bbox-func-name"),
        "gie-kitti-output-dir": (WARNING, "it is a key of deepstream-app's [application]; nvinfer does not read it"),
        "parse-func": (WARNING, "use parse-bbox-func-name with custom-lib-path"),
    }
    group = config.source.group(nvinfer.PROPERTY)
    for key in group.keys() if group else ():
        if f"Unknown or legacy key specified '{key}'" not in " ".join(config.warnings):
            continue
        severity, fix = legacy.get(key, (WARNING, "remove it, or correct its spelling"))
        what = f"{key} is a legacy or unknown key: nvinfer ignores it with a warning"
        yield Finding("model-type" if key == "model-type" else "unknown-key", severity, what, at(config, key), fix)
    if config.network_type != 0:
        what = f"network-type={config.network_type}: parse-bbox-func-name is only called for network-type=0"
        yield Finding("network-type", ERROR, what, at(config, "network-type"), "set network-type=0")
    if "gie-unique-id" not in config.present:
        what = "gie-unique-id is missing: nvinfer refuses to start unless the app sets it"
        yield Finding("gie-unique-id", WARNING, what, str(config.path), "add gie-unique-id=1")


def _own_warnings(config: NvinferConfig, context: LintContext) -> Iterator[Finding]:
    """nvinfer's own warnings about the file, except those about unknown keys."""
    for text in config.warnings:
        if not text.startswith("Unknown or legacy key"):
            yield Finding("nvinfer-warning", WARNING, text, str(config.path))


def _interval(config: NvinferConfig, context: LintContext) -> Iterator[Finding]:
    if config.interval > 0:
        skipped = f"{config.interval} of {config.interval + 1} batches are not inferred"
        what = f"interval={config.interval}: {skipped}, their frames have no detections without a tracker"
        yield Finding("interval", WARNING, what, at(config, "interval"), "set interval=0")


def _paths(config: NvinferConfig, context: LintContext) -> Iterator[Finding]:
    fix = f"give the path relative to the config's directory ({config.path.parent})"
    for key, value, required in (
        ("onnx-file", config.onnx_file, True),
        ("labelfile-path", config.labelfile_path, True),
        (
            "custom-lib-path",
            config.custom_lib_path,
            context.functions is not None and config.custom_lib_path != context.replaced,
        ),
    ):
        if value is None:
            if key != "custom-lib-path":
                yield Finding("path-missing", ERROR, f"{key} is not given", str(config.path), f"add {key}=...")
        elif required and not value.is_file():
            yield Finding("path-missing", ERROR, f"{key} does not exist: {value}", at(config, key), fix)
    if config.onnx_file and config.onnx_file.is_file() and not _same(config.onnx_file, context.onnx.path):
        what = f"onnx-file is {config.onnx_file.name}, the model under test is {context.onnx.path.name}"
        yield Finding("onnx-other", ERROR, what, at(config, "onnx-file"), f"name {context.onnx.path.name}")


def _engine(config: NvinferConfig, context: LintContext) -> Iterator[Finding]:
    if context.engine is None:
        return
    where = at(config, "model-engine-file")
    severity = ERROR if context.engine_required else WARNING
    fix = f"set model-engine-file to {context.engine.name} in benchmarks/engines, relative to the config"
    if config.model_engine_file is None:
        what = "model-engine-file is not given: the engine is rebuilt on every start"
        yield Finding("engine-name", severity, what, str(config.path), fix)
    elif config.model_engine_file != context.engine and not _same(config.model_engine_file, context.engine):
        what = f"model-engine-file names {config.model_engine_file}, the engine is {context.engine}"
        yield Finding("engine-name", severity, what + ": it would be rebuilt on every start", where, fix)


def _input(config: NvinferConfig, context: LintContext) -> Iterator[Finding]:
    facts = context.onnx
    expected = (facts.channels, facts.height, facts.width)
    text = ";".join(map(str, expected))
    if config.infer_dims is not None and config.infer_dims != expected:
        what = f"infer-dims={';'.join(map(str, config.infer_dims))}, the ONNX input is {text} (channels;height;width)"
        yield Finding("infer-dims", ERROR, what, at(config, "infer-dims"), f"set infer-dims={text}")
    if config.infer_dims is None and facts.size_origin != "ONNX":
        what = "infer-dims is missing although the ONNX leaves height and width open"
        yield Finding("infer-dims", ERROR, what, str(config.path), f"set infer-dims={text}")
    order = 1 if facts.layout == "NHWC" else 0
    if config.network_input_order != order:
        what = f"network-input-order={config.network_input_order}, the ONNX input is {facts.layout}"
        yield Finding("input-order", ERROR, what, at(config, "network-input-order"), f"set network-input-order={order}")
    if (config.model_color_format == 2) != (facts.channels == 1):
        what = f"model-color-format={config.model_color_format} does not fit {facts.channels} channels"
        fix = "use 0 (RGB) or 1 (BGR) for 3 channels, 2 (GRAY) for 1"
        yield Finding("color-format", ERROR, what, at(config, "model-color-format"), fix)


def _scale(config: NvinferConfig, context: LintContext) -> Iterator[Finding]:
    scale = config.net_scale_factor
    if not (math.isfinite(scale) and scale > 0):
        then = "nvinfer then scales by 1 and drops the offsets"
        what = f"net-scale-factor={scale:g}: {then if scale <= 0 else 'every input of the network is useless'}"
        fix = "set net-scale-factor above 0 (1.0, or 0.00392156862745098 = 1/255)"
        yield Finding("scale-factor", ERROR, what, at(config, "net-scale-factor"), fix)
    if not all(math.isfinite(value) for value in config.offsets):
        what = "an offset is not a finite number: every input of the network is useless"
        yield Finding("offsets", ERROR, what, at(config, "offsets"), "give one number per channel, separated by ;")
    if config.offsets and len(config.offsets) != context.onnx.channels:
        what = f"offsets has {len(config.offsets)} values for {context.onnx.channels} channels: nvinfer does not start"
        yield Finding("offsets", ERROR, what, at(config, "offsets"), "give one offset per channel, separated by ;")


def _classes(config: NvinferConfig, context: LintContext) -> Iterator[Finding]:
    count, labels, head = config.num_detected_classes, context.labels_count, context.head_classes
    where = at(config, "num-detected-classes")
    if count == 0:
        what = "num-detected-classes is 0 or missing: every object is dropped, or DeepStream crashes"
        yield Finding("class-count", ERROR, what, where, f"set num-detected-classes={labels}")
    elif count != labels:
        what = f"num-detected-classes={count}, labels.txt has {labels} classes"
        yield Finding("class-count", ERROR, what, where, f"set num-detected-classes={labels}, or correct labels.txt")
    place = str(config.labelfile_path or config.path)
    for wrong in label_names.mismatches(context.labels, labels, context.names, head):
        yield Finding(wrong.rule, ERROR if wrong.error else WARNING, wrong.what, place, wrong.fix)


def _parser(config: NvinferConfig, context: LintContext) -> Iterator[Finding]:
    name = config.parse_bbox_func_name
    where = at(config, "parse-bbox-func-name")
    if config.custom_lib_path is None:
        what = "custom-lib-path is not given: the function name is ignored, the built-in decoder is used"
        yield Finding("parser-function", ERROR, what, str(config.path), "point custom-lib-path at the parser's .so")
    elif not name:
        what = "parse-bbox-func-name is not given: the built-in decoder is used"
        yield Finding("parser-function", ERROR, what, str(config.path), "name the parser's function")
    elif context.functions is not None and name not in context.functions:
        known = ", ".join(f for f in context.functions if "NvDsInferParse" in f) or "none"
        what = f"parse-bbox-func-name={name} is not exported by {config.custom_lib_path.name} (exported: {known})"
        fix = 'use an exported name; a comment behind the value would belong to it; the function must be extern "C"'
        yield Finding("parser-function", ERROR, what, where, fix)


def _clustering(config: NvinferConfig, context: LintContext) -> Iterator[Finding]:
    if config.cluster_mode == 0:
        what = "cluster-mode is 0 or missing: NMS at IoU 0.5 with the best 20 of each class, whatever is configured"
        yield Finding(
            "cluster-mode", WARNING, what, at(config, "cluster-mode"), "set cluster-mode=2, or 4 for fused NMS"
        )
    groups = [("class-attrs-all", config.class_attrs_all)]
    groups += [(f"class-attrs-{number}", attrs) for number, attrs in config.class_attrs]
    for group, attrs in groups:
        if attrs.topk == 0:
            yield Finding(
                "topk",
                ERROR,
                "topk=0 removes every object",
                at(config, "topk", group),
                f"set topk={spec.TOPK}, or leave it out",
            )
        if math.isnan(attrs.pre_cluster_threshold) or attrs.pre_cluster_threshold > 1:
            what = f"pre-cluster-threshold={attrs.pre_cluster_threshold:g} is not a score between 0 and 1"
            fix = f"set it to {spec.PRE_CLUSTER_THRESHOLD}"
            yield Finding("threshold", ERROR, what, at(config, "pre-cluster-threshold", group), fix)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve()
    except OSError:
        return False


RULES: tuple[Callable[[NvinferConfig, LintContext], Iterator[Finding]], ...] = (
    _keys,
    _own_warnings,
    _interval,
    _paths,
    _engine,
    _input,
    _scale,
    _classes,
    _parser,
    _clustering,
)
