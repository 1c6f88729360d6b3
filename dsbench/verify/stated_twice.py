"""Facts, files, commands and ``handover`` against each other: what a record states twice must be the same."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from dsbench.record.evidence import Evidence
from dsbench.record.handover import ConfigSummary, ImportSummary, TensorSummary
from dsbench.record.schema import Record
from dsbench.verify.mismatch import RawCheck, holds

_PATHS = (
    ("preflight", "ONNX_FILE", "onnx"),
    ("parser_source", "Parser source", "parser_source"),
    ("parser_build", "Library", "parser_library"),
    ("nvinfer_config", "nvinfer config", "nvinfer_config"),
    ("benchmark_config", "Benchmark nvinfer config", "benchmark_nvinfer_config"),
)
"""Step, its fact with a path, role of the file."""
_DUMP = "samples/kitti_output"
_COMMANDS = re.compile(r"Step (4|5, batch \d+|6[dfg]|7, run [12]|7, run 2 again)")
_RUNS: Mapping[str, str] = {"Step 7, run 1": "Run 1", "Step 7, run 2": "Run 2", "Step 7, run 2 again": "Retry"}


def checks(record: Record) -> Iterator[RawCheck]:
    """What must be the same."""
    yield from _digests(record)
    yield from _paths(record)
    yield from _commands(record)
    model, config, shown = record.handover.model, record.handover.config, record.handover.detections
    if model is not None:
        yield from _model(record, model)
    if config is not None:
        yield from _config(record, config)
    if shown is not None:
        yield RawCheck("handover.detections.folder", shown.folder, _DUMP, "where 6g writes")


def _digests(record: Record) -> Iterator[RawCheck]:
    onnx, preflight = record.file("onnx"), _evidence(record, "preflight")
    digest = next((fact.value for fact in preflight.facts if fact.name == "ONNX sha256"), None) if preflight else None
    if onnx is not None and digest is not None:
        place = record.files.index(onnx)
        yield RawCheck(f"files[{place}].sha256", onnx.sha256, digest, "the ONNX file's digest of pre-flight")
    for place, file in enumerate(record.files):
        whole = file.bytes >= 0 and len(file.sha256) == 64
        yield holds(f"files[{place}]", whole, "a size of at least 0 and a SHA-256")


def _paths(record: Record) -> Iterator[RawCheck]:
    """Files of the model directory that ``handover`` and the steps name."""
    model, config = record.handover.model, record.handover.config
    named = [("handover.model.onnx", model.onnx, "onnx")] if model is not None else []
    if model is not None and model.parser_library:
        named.append(("handover.model.parser_library", model.parser_library, "parser_library"))
    if config is not None:
        named.append(("handover.config.file", config.file, "nvinfer_config"))
    for path, stated, role in named:
        if (file := record.file(role)) is not None and not PurePath(file.path).is_absolute():
            yield RawCheck(path, stated, file.path, f"the path of {role} in `files`")
    for step, name, role in _PATHS:
        evidence, file = _evidence(record, step), record.file(role)
        if evidence is None or file is None or PurePath(file.path).is_absolute():
            continue
        # the user's own spelling of the directory is in front of it
        stated = next((fact.value for fact in evidence.facts if fact.name == name), file.path)
        yield holds(f"steps.{step}.facts", stated.endswith(file.path), f"{name}: {role} in `files` is {file.path}")


def _commands(record: Record) -> Iterator[RawCheck]:
    for place, one in enumerate(record.handover.commands):
        at = f"handover.commands[{place}]"
        yield holds(f"{at}.step", _COMMANDS.fullmatch(one.step) is not None, "Steps 4 to 7")
        carried_out = not one.step.startswith(("Step 4", "Step 5"))
        yield RawCheck(f"{at}.run", one.run, carried_out, "Steps 4 and 5 are those of another run")
        made = [shlex.join(run.command) for run in record.raw.runs if run.name == _RUNS.get(one.step)]
        if made:
            yield holds(f"{at}.line", one.line in made, "the command in `raw.runs`")


def _model(record: Record, model: ImportSummary) -> Iterator[RawCheck]:
    outputs = [fact.name for fact in record.facts if fact.name.startswith("output_shape ")]
    if outputs:
        names = [f"output_shape {one.name}" for one in model.outputs]
        yield RawCheck("handover.model.outputs", names, outputs, "the outputs in `facts`")
    if (fed := record.fact("input_type")) is not None:
        kind = str(fed.value).partition(" ")[0]
        yield RawCheck("handover.model.inputs[0].dtype", model.inputs[0].dtype, kind, "the input's type in `facts`")
    pairs: list[tuple[str, object]] = [("opset", model.opset), ("num_labels", model.classes)]
    pairs += [("producer", model.producer), ("input_name", model.inputs[0].name)]
    pairs += [("input_shape", _shape(model.inputs[0]))]
    pairs += [(f"output_shape {one.name}", _shape(one)) for one in model.outputs]
    yield from _facts(record, pairs)
    for name, stated in (("family", model.family), ("parser_function", model.parser_function)):
        fact = record.fact(name)
        wanted = fact.value or "" if fact is not None else ""
        yield RawCheck(f"handover.model.{name}", stated, wanted, f"{name} of `facts`")


def _config(record: Record, config: ConfigSummary) -> Iterator[RawCheck]:
    pairs: list[tuple[str, object]] = [("height", config.height), ("width", config.width)]
    pairs += [("net-scale-factor", config.net_scale_factor), ("model-color-format", config.model_color_format)]
    pairs += [("offsets", ";".join(f"{value:g}" for value in config.offsets))]
    pairs += [("maintain-aspect-ratio", config.maintain_aspect_ratio), ("symmetric-padding", config.symmetric_padding)]
    pairs += [("cluster-mode", config.cluster_mode), ("network-mode", config.network_mode), ("topk", config.topk)]
    pairs += [("pre-cluster-threshold", config.pre_cluster_threshold), ("nms-iou-threshold", config.nms_iou_threshold)]
    model = record.handover.model
    if model is not None:
        fed = model.inputs[0]
        pairs.append(("input_type", f"{fed.dtype} {config.layout}"))
        place = {"NCHW": 1, "NHWC": 3}.get(config.layout)
        if place is not None and len(fed.shape) == 4 and isinstance(fed.shape[place], int):
            yield RawCheck("handover.config.channels", config.channels, fed.shape[place], "the shape of the input")
    yield from _facts(record, pairs)


def _facts(record: Record, pairs: list[tuple[str, object]]) -> Iterator[RawCheck]:
    """Facts by name, and what ``handover`` says; a shape that is not known is null there, empty here."""
    for name, wanted in pairs:
        fact = record.fact(name)
        if fact is not None:
            value = "" if fact.value is None and wanted == "" else fact.value
            yield RawCheck(f"facts[{record.facts.index(fact)}].value", value, wanted, f"{name} of `handover`")


def _shape(tensor: TensorSummary) -> str:
    return " x ".join(map(str, tensor.shape))


def _evidence(record: Record, step: str) -> Evidence | None:
    return next((one.evidence for one in record.steps if one.evidence.step == step), None)
