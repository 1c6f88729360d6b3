"""Typed results of the steps as the facts, tables, lines and notes that a reviewer reads."""

from __future__ import annotations

import os
from pathlib import Path

from dsbench.base.files import Status, Written
from dsbench.judge.imports import preprocessing
from dsbench.judge.imports.preprocessing import Choice
from dsbench.judge.lint import Finding
from dsbench.model.engine_checks import Origin
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.built_in_parser import NOTHING_TO_DO
from dsbench.steps.kitti_gate import KittiResult
from dsbench.steps.model_outputs import ModelOutputs
from dsbench.steps.nvinfer_config import ConfigResult
from dsbench.steps.parser_build import LAYOUT_MARK, BuiltParser, ParserSource
from dsbench.steps.rows import engine_rows

_LONGEST_TEXT = 20_000
_CANDIDATES_SHOWN = 6


def preflight(log: EvidenceLog, facts: PreflightFacts) -> None:
    """Every variable of pre-flight with its origin."""
    layout, onnx, clip = facts.layout, facts.onnx, facts.video
    log.print(*facts.lines)
    log.fact("MODEL_DIR", layout.root)
    log.fact("ONNX_FILE", layout.given_path(onnx.path), "dsbench.toml" if facts.settings.onnx else "first by name")
    log.fact("ONNX sha256", onnx.sha256)
    log.fact("ONNX opset, producer", f"{onnx.opset}, {onnx.producer or 'not named'}")
    log.fact("INPUT_NAME", onnx.input_name, f"{onnx.dtype} {onnx.layout}")
    log.fact("H x W", f"{facts.height} x {facts.width}", onnx.size_origin)
    log.fact("ENGINE", layout.given_path(facts.engine.path) if facts.engine else "none")
    log.fact("MAX_BS", facts.max_bs, "engine name" if facts.engine else "no engine")
    if facts.throughput:
        log.fact("QPS_BS_MAX", f"{facts.throughput.qps} qps", layout.given_path(facts.throughput.log))
        log.fact("IMGS_PER_SEC", facts.throughput.imgs_per_sec, "qps x MAX_BS")
        target = f"floor(img/s / {facts.target_fps.value:g})"
        log.fact("PEAK_GPU_STREAMS", facts.throughput.peak_gpu_streams, target)
    if facts.origin is not None:
        engine_origin(log, facts.origin)
    log.fact("CUDA_VER", facts.cuda_ver)
    log.fact("NUM_LABELS", facts.labels.count, layout.given_path(layout.labels))
    log.fact("PARSER_FUNC_SUFFIX", layout.parser_function.removeprefix("NvDsInferParseCustom"))
    log.fact("MODEL_NAME_SAFE", layout.safe)
    video = clip.value
    log.fact("VIDEO", video.path, clip.origin)
    shape = f"{video.codec} {video.width}x{video.height} {video.pixel_format}, {video.fps:.3g} frames/s"
    log.fact("Video stream", f"{shape}, {video.frames or 'unknown number of'} frames", "container")
    if facts.settings.path:
        log.fact("dsbench.toml", ", ".join(facts.settings.decided()) or "decides nothing")
    log.note(*facts.notes)


def engine_origin(log: EvidenceLog, origin: Origin) -> None:
    """What TensorRT's engine was built from and on."""
    built = origin.provenance
    if built is None:
        log.fact("Engine built by", "somebody else", "no provenance beside it, or it was replaced since")
        return
    log.fact("Engine built by", f"dsbench prepare {built.dsbench}, {built.built}", f"{built.build_seconds:.0f} s")
    log.fact("Engine built from", f"{built.onnx}, sha256 {built.onnx_sha256}", "the ONNX file of this run")
    log.fact("Engine precision", built.precision.upper(), f"workspace {built.workspace_mib} MiB")
    on = f"{built.gpu or 'GPU not named'}, compute capability {built.compute_capability or 'not known'}"
    log.fact("Engine built on", on, f"driver {built.driver or 'not known'}, CUDA {built.cuda or 'not known'}")
    log.fact("Engine's TensorRT", built.tensorrt or "not known", "trtexec's log")
    if built.scanned:
        rows = ((batch, f"{images:.1f}") for batch, images in built.scanned)
        log.table("Search for MAX_BS with trtexec", ("MAX_BS", "images per second"), rows)


def model_outputs(log: EvidenceLog, outputs: ModelOutputs) -> None:
    """Shapes and ranges, the family and why, the preprocessing and how the candidates fared."""
    result, choice = outputs.probed.result, outputs.choice
    log.print(*outputs.lines())
    if outputs.head:
        log.fact("Family", outputs.head.family, f"confidence {outputs.head.confidence:.2f}")
        log.fact("Classes of the head", outputs.head.classes)
        for fact in outputs.head.facts:
            log.fact(fact.name, fact.value, fact.reason)
        log.warn(*outputs.head.warnings)
    elif outputs.no_family:
        log.fact("Family", "none recognised", "the user's own parser reads the outputs")
        log.note(outputs.no_family.what)
    for fact in outputs.hugging_face_facts():
        log.fact(fact.name, fact.value, fact.reason)
    preprocessing_choice(log, choice)
    log.fact("Real frames", ", ".join(map(str, result.frames)), "frame numbers in the video")
    log.fact("ONNX Runtime, one image", f"{result.ms_per_run:.1f} ms")
    log.warn(*outputs.warnings)


def preprocessing_choice(log: EvidenceLog, choice: Choice) -> None:
    """nvinfer's preprocessing keys with their origin, and how the candidates fared."""
    feed = choice.preprocessing
    values = {
        "net-scale-factor": repr(feed.net_scale_factor),
        "offsets": ";".join(f"{part:g}" for part in feed.offsets) or "none",
        "model-color-format": f"{feed.model_color_format} ({('RGB', 'BGR', 'GRAY')[feed.model_color_format]})",
        "maintain-aspect-ratio": str(feed.maintain_aspect_ratio),
        "symmetric-padding": str(feed.symmetric_padding),
    }
    for key, origin in choice.origins:
        log.fact(key, values[key], origin)
    if choice.ranking:
        log.table(
            "Preprocessing candidates on these frames, decoded (best first)",
            ("preprocessing", "detections per frame", "score mass per frame", "frames with detections"),
            (
                (
                    preprocessing.describe(score.preprocessing),
                    f"{score.detections:.1f}",
                    f"{score.mass:.2f}",
                    f"{score.frames_with:.0%}",
                )
                for score in choice.ranking[:_CANDIDATES_SHOWN]
            ),
        )
    if choice.warning:
        log.warn(choice.warning)


def parser_source(log: EvidenceLog, layout: ModelLayout, source: ParserSource) -> None:
    """Which source, and whose."""
    log.fact("Parser source", layout.given_path(source.path), source.reason)
    if not source.built_in:
        file_text(log, source.path)


def parser_makefile(log: EvidenceLog, layout: ModelLayout, written: Written | None) -> None:
    """The Makefile, and whose."""
    if written is None:
        log.fact("Makefile", "none", NOTHING_TO_DO)
        return
    if not _users(written):
        log.print(f"Makefile written: {layout.given_path(written.path)}")
    log.fact("Makefile", layout.given_path(written.path), _whose(written))
    file_text(log, written.path)


def parser_build(log: EvidenceLog, layout: ModelLayout, parser: BuiltParser) -> None:
    """Command, exported function, boxes on real frames."""
    if parser.build:
        log.command(*parser.build.command)
        log.warn(*parser.build.warnings[:5])
    took = f"built in {parser.build.seconds:.1f} s" if parser.build else NOTHING_TO_DO
    log.fact("Library", layout.given_path(parser.library.path), took)
    log.fact("Exported", ", ".join(parser.library.parse_functions), "dynamic symbol table")
    log.fact("parse-bbox-func-name", parser.function)
    if LAYOUT_MARK in parser.library.functions:
        log.fact("Object size", "24 bytes: for DeepStream 6.2 and before, not for 9", "dsbench.toml: object-size")
    if parser.outputs.head is None:
        preprocessing_choice(log, parser.outputs.choice)
    if parser.boxes:
        log.fact("Raw boxes on real frames", ", ".join(map(str, parser.boxes)), "per frame, before clustering")
    if parser.agreement:
        same = parser.agreement
        shown = f"{same.equal} of {same.reference} boxes equal ({same.parser} of the parser)"
        log.fact("Reference decode", shown, f"largest difference {same.largest_difference:.2g}")
        if not same.complete:
            log.warn(f"the parser and the family's reference decode differ: {shown}")
    log.warn(*(finding.what for finding in parser.findings))


def nvinfer_config(log: EvidenceLog, facts: PreflightFacts, outputs: ModelOutputs, result: ConfigResult) -> None:
    """The config, whose it is, and the label count of 6e."""
    count = facts.labels.count
    log.print(f"labels.txt: {count} classes -> num-detected-classes={result.config.num_detected_classes}")
    log.fact("nvinfer config", facts.layout.given_path(result.written.path), _whose(result.written))
    log.fact("cluster-mode", result.config.cluster_mode, "config" if result.users else result.cluster_mode_origin)
    if outputs.head:
        log.fact("Classes of the head", outputs.head.classes, f"labels: {count}")
    log.warn(*(_finding(finding) for finding in result.findings))
    file_text(log, result.written.path)


def kitti_gate(log: EvidenceLog, layout: ModelLayout, result: KittiResult) -> None:
    """Numbers beside their thresholds, classes, and how the app ran."""
    scan, verdict, finished = result.scan, result.verdict, result.dump.finished
    log.print(*verdict.lines)
    log.command(*finished.command)
    log.fact("Frames asked for", result.frames.value or "the whole video", result.frames.origin)
    log.fact("Frames written", scan.files, f"app: {finished.seconds:.1f} s")
    engine_rows.engine(log, "KITTI dump", result.dump.console)
    if result.lost:
        log.warn(f"the dump has {scan.files} of {result.expected} frames: {result.lost} were lost")
    if finished.stopped and finished.timed_out:
        log.warn("the app did not end on SIGINT once the frames were there, and was killed")
    rate = f"{scan.detection_rate:.1%} of frames; at least {result.min_rate.value:.1%} wanted"
    log.fact("Detection rate", rate, result.min_rate.origin)
    log.fact("Detections per frame", f"{scan.objects / scan.files:.2f}" if scan.files else "no frame")
    median = scan.median_confidence
    log.fact("Median score", "no detection" if median is None else f"{median:.3f}")
    log.fact("Zero-area boxes", scan.zero_area)
    if scan.classes:
        log.table("Detected classes", ("class", "objects"), scan.classes.most_common(20))
    if scan.invalid_count:
        log.warn(f"{scan.invalid_count} lines are not KITTI, the first in {scan.invalid[0].file}")
    if scan.foreign:
        log.note(f"other files in {layout.given_path(layout.kitti_dir)}, not counted: {', '.join(scan.foreign[:5])}")
    file_text(log, layout.kitti_app_config)
    file_text(log, finished.log)


def _finding(finding: Finding) -> str:
    return f"{finding.what} ({finding.where})" + (f": {finding.fix}" if finding.fix else "")


def _users(written: Written) -> bool:
    return written.status is Status.USER_OWNED


def _whose(written: Written) -> str:
    return "the user's own, untouched" if _users(written) else f"generated, {written.status}"


def file_text(log: EvidenceLog, path: Path) -> None:
    """A file's text as evidence; of a long one its beginning and its end, which is all that is read of it."""
    half = _LONGEST_TEXT // 2
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(_LONGEST_TEXT if size <= _LONGEST_TEXT else half)
            if size > _LONGEST_TEXT:
                file.seek(-half, os.SEEK_END)
                data += f"\n[... {size - _LONGEST_TEXT} bytes ...]\n".encode() + file.read(half)
    except OSError as error:
        log.text(path.name, f"cannot be read: {error.strerror}")
        return
    log.text(path.name, data.decode("utf-8", "replace"))
