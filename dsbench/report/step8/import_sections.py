"""Sections 1 to 4 and 7: the model, the machine, how the network is fed, the engine, what is detected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsbench.record.handover import ConfigSummary, DetectionSummary, EngineSummary, ImportSummary, TensorSummary
from dsbench.record.schema import Record
from dsbench.report.step8 import derived, words
from dsbench.report.step8.document import NOT_RECORDED, Block, Paragraph, ReportSection, number, sheet

_ITEM = ("Item", "Value")
_MACHINE = (
    ("GPU", ("GPU",)),
    ("GPU memory", ("GPU memory",)),
    ("Driver", ("NVIDIA driver", "CUDA Driver Version")),
    ("CUDA", ("CUDA Runtime Version", "CUDA toolkit", "CUDA of the driver")),
    ("TensorRT", ("TensorRT Version", "TensorRT library")),
    ("DeepStream", ("DeepStreamSDK", "deepstream-app version", "deepstream-app")),
    ("OS", ("OS",)),
    ("Python", ("Python",)),
    ("ONNX", ("onnx",)),
)
"""Rows of section 2, and the names of the record's environment that they are taken from: the first that is there."""
_NVIDIA = ("GPU", "GPU memory", "Driver", "CUDA", "TensorRT", "DeepStream")


def model_configuration(record: Record) -> ReportSection:
    """Section 1."""
    model, config = record.handover.model, record.handover.config
    rows = [("Model", record.model_name)]
    if model is not None:
        rows += _model_rows(model)
    if config is not None:
        rows += [
            ("Cluster mode", words.cluster_mode(config.cluster_mode)),
            ("network-mode of the config", words.network_mode(config.network_mode)),
            ("nvinfer config", config.file),
        ]
    rows += [("Precision of the figures", words.precision(record)), ("Profile", _profile(record))]
    return ReportSection("Model Configuration", (sheet(_ITEM, rows),))


def _model_rows(model: ImportSummary) -> list[tuple[str, str]]:
    return [
        (
            "Source",
            f"{model.onnx}, opset {model.opset}" + (f", exported by {model.producer}" if model.producer else ""),
        ),
        ("Architecture", model.family or "no known family"),
        *((f"Input {one.name}", _tensor(one)) for one in model.inputs),
        *((f"Output {one.name}", _tensor(one)) for one in model.outputs),
        ("Classes", str(model.classes)),
        ("Parser library", model.parser_library),
        ("Parser function", model.parser_function),
    ]


def _tensor(tensor: TensorSummary) -> str:
    return f"{tensor.dtype} {' x '.join(map(str, tensor.shape)) or 'shape not stated'}"


def _profile(record: Record) -> str:
    """The engine's optimisation profile, as batches."""
    model, engine, max_bs = record.handover.model, record.handover.engine, record.figures.max_bs
    if model is None or engine is None or max_bs is None:
        return ""
    if words.words_of(record).embedded:
        return f"none: no engine was run; measured up to batch {max_bs}"
    if model.batch is not None:
        return f"fixed batch {model.batch}"
    return f"min batch 1, opt batch {max_bs}, max batch {max_bs}"


def system_configuration(record: Record) -> ReportSection:
    """Section 2. PyTorch takes no part in the run."""
    known = dict(record.environment)
    rows = [(name, next((known[key] for key in keys if key in known), "")) for name, keys in _MACHINE]
    if record.runtime != "deepstream":
        rows = [(name, "not used" if name in _NVIDIA and not value else value) for name, value in rows]
    rows.insert(-1, ("PyTorch", "not used"))
    shown = {key for _, keys in _MACHINE for key in keys}
    rows += [(name, value) for name, value in record.environment if name not in shown]
    return ReportSection("System Configuration", (sheet(_ITEM, rows),))


def preprocessing(record: Record) -> ReportSection:
    """Section 3."""
    config = record.handover.config
    if config is None:
        return ReportSection("Preprocessing", (Paragraph(f"The nvinfer config is {NOT_RECORDED}."),))
    return ReportSection(
        "Preprocessing",
        (
            Paragraph(
                "nvinfer computes y = net-scale-factor x (pixel - offset) for each channel. Values are those that "
                f"nvinfer reads from {config.file}."
            ),
            sheet(_ITEM, _feeding(config)),
        ),
    )


def _feeding(config: ConfigSummary) -> list[tuple[str, str]]:
    size = f"{config.width} x {config.height} pixels, {config.channels} channels, {config.layout}"
    padding = "1 (both sides)" if config.symmetric_padding else "0 (right and bottom)"
    return [
        ("Network input (width x height)", size),
        ("net-scale-factor", f"{config.net_scale_factor:.9g}"),
        ("offsets", ";".join(f"{value:.9g}" for value in config.offsets) or "none"),
        ("model-color-format", words.color_format(config.model_color_format)),
        ("maintain-aspect-ratio", "1 (letterbox)" if config.maintain_aspect_ratio else "0 (stretch)"),
        ("symmetric-padding", padding if config.maintain_aspect_ratio else "no effect"),
        ("Stated by", config.origin),
        ("pre-cluster-threshold", f"{config.pre_cluster_threshold:.6g}"),
        ("nms-iou-threshold", f"{config.nms_iou_threshold:.6g}"),
        ("topk", str(config.topk)),
    ]


def engine_build(record: Record) -> ReportSection:
    """Section 4."""
    engine = record.handover.engine
    if engine is None:
        return ReportSection("Engine Build Summary", (Paragraph(f"The engine is {NOT_RECORDED}."),))
    if engine.stand_in:
        text = (
            "No TensorRT engine was built. The embedded runtime measured the ONNX file on ONNX Runtime instead; "
            f"{engine.file} only stands for it."
        )
        return ReportSection("Engine Build Summary", (Paragraph(text), sheet(_ITEM, [("Stand-in", engine.file)])))
    rows = sheet(_ITEM, _engine_rows(engine, record.figures.max_bs))
    if words.words_of(record).embedded:
        text = "The embedded runtime takes MAX_BS from this engine's name and does not run it."
        return ReportSection("Engine Build Summary", (Paragraph(text), rows))
    return ReportSection("Engine Build Summary", (rows,))


def _engine_rows(engine: EngineSummary, max_bs: int | None) -> list[tuple[str, str]]:
    rows = [
        ("Engine", engine.file),
        ("Size", f"{engine.bytes / derived.MEGABYTE:.2f} MB ({engine.bytes} bytes)"),
        ("FP16", {"FP16": "yes", "FP32": "no"}.get(engine.precision, "")),
        ("MAX_BS", number(max_bs)),
    ]
    if engine.optimization_level is not None:
        rows.append(("Builder optimization level", str(engine.optimization_level)))
    return [*rows, ("Timing cache", engine.timing_cache or "none")]


def single_stream(record: Record) -> ReportSection:
    """Section 7."""
    found, capture = record.handover.detections, record.handover.capture
    blocks: list[Block] = []
    if found is None:
        blocks.append(Paragraph(f"The KITTI dump is {NOT_RECORDED}."))
    else:
        blocks += _detected(found)
    rows = [("Visual Capture Mode", capture.mode if capture else ""), ("Artefact", _artefact(record))]
    if capture is not None and capture.note:
        rows.append(("Note", f"{capture.note}: {capture.artefact}" if capture.artefact else capture.note))
    blocks.append(sheet(_ITEM, (*rows, *_agreement(record))))
    return ReportSection("Single-Stream Validation", tuple(blocks))


def _artefact(record: Record) -> str:
    capture = record.handover.capture
    return "" if capture is None else capture.artefact or "none"


def _detected(found: DetectionSummary) -> Sequence[Block]:
    rows = [
        ("Result", "PASS" if found.passed else "FAIL"),
        ("Frames", str(found.frames)),
        ("Frames with detections", str(found.frames_with_detections)),
        ("Detection rate", f"{number(derived.detection_rate(found), '%')} (frames with detections / frames)"),
        ("Required detection rate", f"{found.required_rate * 100:.10g} %"),
        ("Objects", str(found.objects)),
        ("KITTI files", found.folder),
    ]
    classes = [(one.name, str(one.objects)) for one in found.classes]
    top = (Paragraph("Top detected classes, at most ten:"), sheet(("Class", "Objects"), classes)) if classes else ()
    return (sheet(_ITEM, rows), *top)


def _agreement(record: Record) -> Iterator[tuple[str, str]]:
    """What the checks beyond the specification found of the dumped boxes."""
    parity, accuracy = record.entry("import_parity"), record.entry("accuracy")
    if parity is not None:
        same = f"{parity.get('found')} boxes in the dump, {parity.get('reference')} in the reference"
        yield "Boxes compared with the model's own", f"{parity.get('outcome')}: {same}, {parity.get('frames')} frames"
    if accuracy is not None:
        yield "mAP@0.5:0.95 against ground truth", f"{accuracy.get('map')} ({accuracy.get('frames')} frames)"
