"""Rules about the files that an nvinfer config names: model, engine, labels, library, calibration table."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from dsbench.judge.lint.context import NvinferSubject
from dsbench.judge.lint.finding import ERROR, NOTE, WARNING
from dsbench.judge.lint.rule import Hit, LintRule, hit

_ENGINE = re.compile(r"(?P<stem>.+)_b(?P<batch>\d+)_gpu\d+_(?P<mode>fp32|fp16|int8|best)\.engine")
"""What nvinfer calls an engine that it built: semantics c5 item 4."""
_MODES = {0: "fp32", 1: "int8", 2: "fp16", 3: "best"}
_INT8 = 1
_SOURCES = ("onnx-file", "model-engine-file", "tlt-encoded-model", "custom-lib-path")
_CAFFE = ("model-file", "proto-file", "uff-file")
_QUANTISED = ("QuantizeLinear", "DequantizeLinear")


def _paths(subject: NvinferSubject) -> Iterator[tuple[str, Path | None]]:
    config, context = subject.config, subject.context
    yield "onnx-file", config.onnx_file
    yield "labelfile-path", config.labelfile_path
    if context.alone or (context.functions is not None and config.custom_lib_path != context.replaced):
        yield "custom-lib-path", config.custom_lib_path
    if context.alone:
        yield "model-engine-file", config.model_engine_file
    yield "mean-file", config.mean_file


def _missing(subject: NvinferSubject) -> Iterator[Hit]:
    """Files that are not there. Alone: only where a file of that name lies where the path does not lead."""
    folder = subject.config.path.parent
    for key, path in _paths(subject):
        if path is None or path.is_file():
            continue
        if re.search(r"\s#", subject.file.raw(key, "property") or ""):
            yield hit(key, path, "move the comment to a line of its own: here it belongs to the path", key=key)
        elif not subject.context.alone:
            yield hit(key, path, f"give the path relative to the config's directory ({folder})", key=key)
        elif (found := _elsewhere(subject, key)) is not None:
            shown = Path(found).resolve()
            fix = f"paths are relative to the config's own directory: the file is {shown}"
            yield hit(key, subject.file.raw(key, "property"), fix, key=key)


def _elsewhere(subject: NvinferSubject, key: str) -> Path | None:
    """The file under the current directory or beside the config, where its relative path does not lead.

    An absolute path may be one of another machine or of a container.
    """
    text = (subject.file.raw(key, "property") or "").strip()
    if not text or text.startswith("/"):
        return None
    places = [text, Path(text).name]
    roots = (Path.cwd(), subject.config.path.parent, subject.config.path.parent.parent)
    candidates = (root / place for root in roots for place in places)
    return next((path for path in candidates if path.is_file()), None)


def _not_given(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.context.alone:
        return
    for key, path in (("onnx-file", subject.config.onnx_file), ("labelfile-path", subject.config.labelfile_path)):
        if path is None:
            yield hit(key)


def _no_model(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.context.alone and not any(subject.given(key) for key in (*_SOURCES, *_CAFFE)):
        yield hit()


def _other_model(subject: NvinferSubject) -> Iterator[Hit]:
    onnx, model = subject.config.onnx_file, subject.context.onnx
    if onnx and model and onnx.is_file() and not same_file(onnx, model.path):
        yield hit(onnx.name, model.path.name, key="onnx-file")


def _caffe(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.given("onnx-file") or subject.given("custom-lib-path"):
        return
    for key in _CAFFE:
        if subject.given(key):
            yield hit(key, key=key)


def _engine_rebuilt(subject: NvinferSubject) -> Iterator[Hit]:
    context, engine = subject.context, subject.config.model_engine_file
    if context.engine is None:
        return
    severity = ERROR if context.engine_required else WARNING
    if engine is None:
        yield hit("model-engine-file is not given", context.engine.name, severity=severity)
    elif engine != context.engine and not same_file(engine, context.engine):
        what = f"model-engine-file names {engine}, the engine is {context.engine}"
        yield hit(what, context.engine.name, key="model-engine-file", severity=severity)


def _engine_missing(subject: NvinferSubject) -> Iterator[Hit]:
    builds = subject.given("onnx-file") or subject.given("tlt-encoded-model")
    if subject.context.alone and builds and not subject.given("model-engine-file"):
        yield hit("model-engine-file is not given", "the saved engine (<onnx>_b<batch-size>_gpu<id>_<mode>.engine)")


def _engine_name(subject: NvinferSubject) -> tuple[str, int, str] | None:
    """Stem, batch and mode that the engine's file name states."""
    match = _ENGINE.fullmatch(Path(subject.file.raw("model-engine-file", "property") or "").name.strip())
    return (match["stem"], int(match["batch"]), match["mode"]) if match else None


def _engine_other_model(subject: NvinferSubject) -> Iterator[Hit]:
    named, onnx = _engine_name(subject), subject.file.raw("onnx-file", "property")
    creates = subject.given("engine-create-func-name")
    if named and onnx and not creates and named[0] not in (Path(onnx).name, Path(onnx).stem, "model"):
        yield hit(named[0], Path(onnx).name, key="model-engine-file")


def _engine_batch(subject: NvinferSubject) -> Iterator[Hit]:
    named, batch = _engine_name(subject), subject.config.batch_size
    if named and named[1] < batch:
        yield hit(named[1], batch, key="model-engine-file")


def _engine_mode(subject: NvinferSubject) -> Iterator[Hit]:
    named, mode = _engine_name(subject), _MODES.get(subject.config.network_mode, "")
    if named and named[2] != mode:
        yield hit(named[2], subject.config.network_mode, mode, key="model-engine-file")


def _calibration(subject: NvinferSubject) -> Iterator[Hit]:
    config, onnx = subject.config, subject.context.onnx
    if config.network_mode != _INT8:
        return
    quantised = onnx is not None and any(name in onnx.operators for name in _QUANTISED)
    ready = config.model_engine_file is not None and config.model_engine_file.is_file()
    table = subject.file.raw("int8-calib-file", "property")
    if table is None and not quantised and not ready:
        unknown = subject.context.alone and onnx is None
        yield hit("no int8-calib-file", key="network-mode", severity=NOTE if unknown else "")
    elif table is not None and not subject.context.alone and not (config.path.parent / table.strip()).is_file():
        yield hit(f"int8-calib-file={table} does not exist", key="int8-calib-file")


def _unused_table(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.given("int8-calib-file") and subject.config.network_mode not in (_INT8, 3):
        yield hit(subject.config.network_mode, key="int8-calib-file")


def same_file(one: Path, other: Path) -> bool:
    """Both paths lead to one file."""
    return os.path.realpath(one) == os.path.realpath(other)


ROWS = (
    LintRule(
        "path-missing",
        ERROR,
        "onnx-file, labelfile-path, custom-lib-path, model-engine-file, mean-file",
        _missing,
        "{0} does not exist: {1}",
        "{2}",
        alone=WARNING,
    ),
    LintRule("path-missing", ERROR, "onnx-file, labelfile-path", _not_given, "{0} is not given", "add {0}=..."),
    LintRule(
        "no-model",
        WARNING,
        "onnx-file, model-engine-file, tlt-encoded-model, custom-lib-path",
        _no_model,
        "the config names no model: neither onnx-file nor model-engine-file is given",
        "add onnx-file=...",
        alone=NOTE,
    ),
    LintRule(
        "onnx-other",
        ERROR,
        "onnx-file",
        _other_model,
        "onnx-file is {0}, the model under test is {1}",
        "name {1}",
    ),
    LintRule(
        "caffe-model",
        WARNING,
        "model-file, proto-file, uff-file",
        _caffe,
        "{0}: DeepStream builds no engine from Caffe or UFF files any more",
        "export the model to ONNX and name it in onnx-file",
        alone=NOTE,
    ),
    LintRule(
        "engine-name",
        WARNING,
        "model-engine-file",
        _engine_rebuilt,
        "{0}: it would be rebuilt on every start",
        "set model-engine-file to {1} in benchmarks/engines, relative to the config",
        about="model-engine-file is not given, or names another engine than the one prepared for the model: "
        "nvinfer builds an engine on every start.",
    ),
    LintRule(
        "engine-name",
        NOTE,
        "model-engine-file",
        _engine_missing,
        "{0}: the engine is rebuilt on every start",
        "set model-engine-file to {1}",
        about="model-engine-file is not given: nvinfer saves the engine that it builds, but does not look for "
        "it on the next start.",
    ),
    LintRule(
        "engine-other",
        WARNING,
        "model-engine-file, onnx-file",
        _engine_other_model,
        "model-engine-file is an engine of {0}, onnx-file is {1}: an engine file that exists is used as it is",
        "name the engine of this model, or delete the old one",
        alone=NOTE,
    ),
    LintRule(
        "engine-batch",
        WARNING,
        "model-engine-file, batch-size",
        _engine_batch,
        "the engine's name says batch {0}, batch-size is {1}: nvinfer refuses the engine and rebuilds it each time",
        "lower batch-size to {0}, or name an engine that is built for a batch of {1}",
        alone=NOTE,
    ),
    LintRule(
        "engine-mode",
        NOTE,
        "model-engine-file, network-mode",
        _engine_mode,
        "the engine's name says {0}, network-mode={1} is {2}: an engine that exists is used whatever network-mode says",
        "set network-mode to the engine's precision, or name an engine of precision {2}",
    ),
    LintRule(
        "int8-calibration",
        WARNING,
        "network-mode, int8-calib-file",
        _calibration,
        "network-mode=1 (INT8), but {0}: without a table TensorRT guesses the ranges, and detections are lost",
        "give int8-calib-file, use a model with QuantizeLinear nodes, or set network-mode=2 (FP16)",
    ),
    LintRule(
        "int8-table-unused",
        NOTE,
        "network-mode, int8-calib-file",
        _unused_table,
        "int8-calib-file is not used with network-mode={0}",
        "set network-mode=1 for INT8, or remove the key",
    ),
)
