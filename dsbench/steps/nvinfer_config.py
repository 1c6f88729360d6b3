"""6e: the nvinfer config, generated or the user's own, checked against the model, the labels and the library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dsbench.base import spec
from dsbench.base.errors import Code
from dsbench.base.files import Status, Written
from dsbench.base.options import GPU_ID
from dsbench.build import nvinfer_config
from dsbench.build.nvinfer_config import NvinferPlan
from dsbench.families import registry
from dsbench.formats import nvinfer
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.judge import config_conflicts, label_names, lint
from dsbench.judge.lint import Finding, LintContext
from dsbench.model.exporter.statement import Said
from dsbench.model.facts import PreflightFacts
from dsbench.model.settings import Settings
from dsbench.record.evidence import EvidenceLog, Undecided
from dsbench.steps import built_in_parser
from dsbench.steps.findings import add_doubt, add_findings, raise_errors
from dsbench.steps.model_outputs import ModelOutputsResult, pre_cluster_threshold
from dsbench.steps.model_run import ModelRun
from dsbench.steps.parser_build import ParserBuildResult
from dsbench.steps.parser_source import parser_function
from dsbench.steps.rows.file_rows import file_text, owner

GIVEN = "dsbench.toml"
T = TypeVar("T")


@dataclass(frozen=True)
class NvinferConfigResult:
    """The config on disk, as nvinfer will read it, and the findings of the check."""

    written: Written
    config: NvinferConfig
    cluster_mode_origin: str
    findings: tuple[Finding, ...]

    @property
    def users(self) -> bool:
        return self.written.status is Status.USER_OWNED


def run(model: ModelRun, log: EvidenceLog) -> NvinferConfigResult:
    """``write`` the config and record its evidence."""
    facts, outputs, parser = model.get(PreflightFacts), model.get(ModelOutputsResult), model.get(ParserBuildResult)
    config = model.keep(write(facts, outputs, parser, model.option(GPU_ID).value))
    add_evidence(log, facts, outputs, config)
    return config


def write(
    facts: PreflightFacts, outputs: ModelOutputsResult, parser: ParserBuildResult, gpu_id: int
) -> NvinferConfigResult:
    """Write the config unless the user has one, and check it. Raises CONFIG_LINT or LABEL_ORDER with every error."""
    layout = facts.layout
    path = layout.nvinfer_config
    written = nvinfer_config.write_nvinfer(path, nvinfer_plan(facts, outputs, gpu_id, path.parent, batch_size=1))
    findings = lint.lint(path, lint_context(facts, outputs, parser))
    raise_errors(Code.CONFIG_LINT, findings)
    origin = GIVEN if facts.settings.cluster_mode is not None else _cluster_origin(outputs)
    return NvinferConfigResult(written, nvinfer.load(path), origin, findings)


def lint_context(facts: PreflightFacts, outputs: ModelOutputsResult, parser: ParserBuildResult) -> LintContext:
    """What 6e's and 7b's configs must agree with."""
    built_in = built_in_parser.recognised(outputs)
    return LintContext(
        onnx=facts.onnx,
        labels_count=facts.labels.count,
        engine=facts.layout.engine(facts.onnx.path.stem, facts.max_bs),
        engine_required=facts.engine is not None and not facts.engine.stand_in,
        head_classes=outputs.head.classes if outputs.head else None,
        functions=parser.library.functions,
        labels=facts.labels.names,
        names=outputs.exporter.names_but_of(facts.layout.labels),
        cluster_mode=_cluster_mode_needed(outputs),
        parser_clusters=not (parser.diagnosis and parser.diagnosis.complete),
        replaced=Path(built_in.library) if built_in and parser.library.path != Path(built_in.library) else None,
        own_decode=built_in is not None and not built_in.function,
    )


def _cluster_mode_needed(outputs: ModelOutputsResult) -> int | None:
    """The exporter's, else the family's; None for a head of no known family."""
    stated = outputs.exporter.stated.cluster_mode
    if stated:
        return stated.value
    return registry.convention(outputs.head).cluster_mode if outputs.head else None


def nvinfer_plan(
    facts: PreflightFacts, outputs: ModelOutputsResult, gpu_id: int, folder: Path, *, batch_size: int
) -> NvinferPlan:
    """The values of 6e's config; 7b's has another folder and batch size."""
    layout, settings, feed = facts.layout, facts.settings, outputs.preprocessing
    exporter = outputs.exporter.stated
    built_in = built_in_parser.recognised(outputs)
    return NvinferPlan(
        onnx_file=nvinfer_config.relative(facts.onnx.path, folder),
        model_engine_file=nvinfer_config.relative(layout.engine(facts.onnx.path.stem, facts.max_bs), folder),
        labelfile_path=nvinfer_config.relative(layout.labels, folder),
        custom_lib_path=built_in.config_library if built_in else nvinfer_config.relative(layout.parser_library, folder),
        parse_bbox_func_name=built_in.function if built_in else parser_function(facts),
        num_detected_classes=facts.labels.count,
        infer_dims=(facts.onnx.channels, facts.height, facts.width),
        batch_size=batch_size,
        gpu_id=gpu_id,
        net_scale_factor=feed.net_scale_factor,
        offsets=feed.offsets,
        model_color_format=feed.model_color_format,
        network_input_order=int(facts.onnx.layout == "NHWC"),
        network_mode=_or(settings.network_mode, spec.NETWORK_MODE),
        cluster_mode=cluster_mode(settings, outputs),
        maintain_aspect_ratio=feed.maintain_aspect_ratio,
        symmetric_padding=feed.symmetric_padding
        if feed.symmetric_padding or settings.symmetric_padding is not None
        else None,
        scaling_filter=settings.scaling_filter,
        topk=_or(settings.topk, _said(exporter.topk, spec.TOPK)),
        nms_iou_threshold=_or(settings.nms_iou_threshold, _said(exporter.nms_iou_threshold, spec.NMS_IOU_THRESHOLD)),
        pre_cluster_threshold=pre_cluster_threshold(settings, outputs),
        threshold_note=registry.convention(outputs.head).threshold_note if outputs.head else "",
    )


def cluster_mode(settings: Settings, outputs: ModelOutputsResult) -> int:
    """dsbench.toml's, else the exporter's, else the family's, else the specification's."""
    if settings.cluster_mode is not None:
        return settings.cluster_mode
    needed = _cluster_mode_needed(outputs)
    return spec.CLUSTER_MODE if needed is None else needed


def _cluster_origin(outputs: ModelOutputsResult) -> str:
    stated = outputs.exporter.stated.cluster_mode
    if stated:
        return stated.source
    return f"family {outputs.head.family}" if outputs.head else "specification"


def _or(value: T | None, default: T) -> T:
    return default if value is None else value


def _said(value: Said[T] | None, default: T) -> T:
    return value.value if value else default


def _label_mismatches(facts: PreflightFacts, outputs: ModelOutputsResult) -> tuple[label_names.Mismatch, ...]:
    stated, head = outputs.exporter.names_but_of(facts.layout.labels), outputs.head
    found = label_names.mismatches(facts.labels.names, facts.labels.count, stated, head.classes if head else None)
    column, shift = getattr(head and head.layout, "background", -1), getattr(head and head.layout, "shift", 0)
    if found or shift or head is None or head.classes != facts.labels.count:
        return found
    wrong = label_names.not_background(facts.labels.names, column)
    return (wrong,) if wrong else ()


def add_evidence(
    log: EvidenceLog, facts: PreflightFacts, outputs: ModelOutputsResult, result: NvinferConfigResult
) -> None:
    """The config, its owner, and 6e's line about the label count."""
    count = facts.labels.count
    log.print(f"labels.txt: {count} classes -> num-detected-classes={result.config.num_detected_classes}")
    log.fact("nvinfer config", facts.layout.given_path(result.written.path), owner(result.written))
    log.fact("cluster-mode", result.config.cluster_mode, "config" if result.users else result.cluster_mode_origin)
    if outputs.head:
        log.fact("Classes of the head", outputs.head.classes, f"labels: {count}")
    if result.users:
        log.warn(*config_conflicts.conflicts(facts.settings, result.config))
    doubts = [wrong for wrong in _label_mismatches(facts, outputs) if wrong.doubt]
    for wrong in doubts:
        add_doubt(log, Undecided(wrong.rule, wrong.what, wrong.fix), facts.settings.accept)
    shown = {wrong.rule for wrong in doubts}
    add_findings(log, [finding for finding in result.findings if finding.rule not in shown])
    file_text(log, result.written.path)
