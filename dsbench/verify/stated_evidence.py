"""Evidence of the steps that state what other parts of the record state too: pre-flight, options, model, commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from dsbench.base.option import Option
from dsbench.base.options import MIN_STREAMS, PERF_INTERVAL, PERF_SECONDS, TARGET_FPS
from dsbench.model.layout import name_safe, parser_func_suffix
from dsbench.record.evidence import Evidence, EvidenceLog
from dsbench.record.schema import OptionRecord, Record


def preflight(log: EvidenceLog, record: Record) -> None:
    """What pre-flight found, from figures, facts and files."""
    figures, video = record.figures, record.video
    _model(log, record)
    log.fact("PARSER_FUNC_SUFFIX", parser_func_suffix(record.model_name))
    log.fact("MODEL_NAME_SAFE", name_safe(record.model_name))
    if figures.max_bs is not None:
        log.fact("MAX_BS", figures.max_bs)
    if figures.bsmax.qps is not None:
        log.fact("QPS_BS_MAX", f"{figures.bsmax.qps} qps")
        log.fact("IMGS_PER_SEC", figures.bsmax.imgs_per_sec)
        if figures.target_fps is not None:
            log.fact("PEAK_GPU_STREAMS", figures.peak_gpu_streams, f"floor(img/s / {figures.target_fps:g})")
    for name, fact in (("CUDA_VER", record.fact("cuda_ver")), ("NUM_LABELS", record.fact("num_labels"))):
        if fact is not None:
            log.fact(name, fact.value)
    if video is not None:
        log.fact("VIDEO", video.path, video.origin)
        # the pixel format is stated only here
        words = _stated(record, "preflight", "Video stream").split(" ")
        pixels = words[2].removesuffix(",") if len(words) > 2 else ""
        shape = f"{video.codec} {video.width}x{video.height} {pixels}, {video.fps:.3g} frames/s"
        log.fact("Video stream", f"{shape}, {video.frames or 'unknown number of'} frames")


def _model(log: EvidenceLog, record: Record) -> None:
    model, height, width = record.handover.model, record.fact("height"), record.fact("width")
    if (onnx := record.file("onnx")) is not None:
        log.fact("ONNX sha256", onnx.sha256)
    if model is not None:
        log.fact("ONNX opset, producer", f"{model.opset}, {model.producer or 'not given'}")
        log.fact("INPUT_NAME", model.inputs[0].name)
    if height is not None and width is not None:
        log.fact("H x W", f"{height.value} x {width.value}", height.origin)


def model_outputs(log: EvidenceLog, record: Record) -> None:
    """Family and classes of the head."""
    family, classes = record.fact("family"), record.fact("head_classes")
    if family is not None and family.value is not None:
        log.fact("Family", family.value, family.origin)
    if classes is not None:
        log.fact("Classes of the head", classes.value)


def parser_build(log: EvidenceLog, record: Record) -> None:
    if (function := record.fact("parser_function")) is not None:
        log.fact("parse-bbox-func-name", function.value)


def nvinfer_config(log: EvidenceLog, record: Record) -> None:
    """Clustering and classes."""
    config, classes = record.handover.config, record.fact("head_classes")
    if config is not None:
        log.fact("cluster-mode", config.cluster_mode)
    if classes is not None:
        log.fact("Classes of the head", classes.value)


def benchmark_config(log: EvidenceLog, record: Record) -> None:
    """The options of the benchmark runs."""
    for name, row in (("Seconds of a run", PERF_SECONDS), ("Seconds of a PERF window", PERF_INTERVAL)):
        if (option := _option(record, row)) is not None:
            log.fact(name, option.value, option.origin)
    target, wanted = _option(record, TARGET_FPS), _option(record, MIN_STREAMS)
    if target is not None:
        log.fact("Real time means", f"{target.value:g} FPS per stream", target.origin)
    if wanted is not None:
        log.fact("Real-time streams required", "none" if wanted.value is None else wanted.value, wanted.origin)


def commands(evidence: Evidence, record: Record) -> Iterator[str]:
    """Commands of a step that ``handover`` or ``raw.runs`` state too."""
    section = {"parser_build": "Step 6d", "visual_validation": "Step 6f", "kitti_gate": "Step 6g"}.get(evidence.step)
    yield from (one.line for one in record.handover.commands if one.step == section)
    names = {"run1_calibration": ("Run 1",), "run2_validation": ("Run 2", "Retry")}.get(evidence.step, ())
    yield from (shlex.join(run.command) for run in record.raw.runs if run.name in names)


def _option(record: Record, row: Option[Any]) -> OptionRecord | None:
    return next((one for one in record.options if one.name == row.name), None)


def _stated(record: Record, step: str, fact: str) -> str:
    evidence = next((one.evidence for one in record.steps if one.evidence.step == step), None)
    return next((one.value for one in evidence.facts if one.name == fact), "") if evidence else ""
