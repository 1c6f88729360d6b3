"""What is known of a model where only its nvinfer config is given: the files that it names, if they are there."""

from __future__ import annotations

from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import DsbenchError
from dsbench.base.reading import FileKind
from dsbench.formats import labels as label_file
from dsbench.formats.labels import Labels
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.judge.lint.context import LintContext
from dsbench.model.onnx.graph import OnnxFacts

_LARGEST_MODEL = 512 << 20
"""Bytes: a larger ONNX file is not opened by a check that runs while somebody types."""
_SUPPRESSED = ("NonMaxSuppression", "EfficientNMS_TRT", "BatchedNMSDynamic_TRT", "BatchedNMS_TRT", "TopK")
_FEWEST_ANCHORS = 1000
_NMS, _NONE = 2, 4
_PARSERS_WITHOUT_NMS = tuple(f"NvDsInferParse{name}" for name in ("Yolo", "YoloCuda", "YoloE", "YoloECuda"))
"""DeepStream-Yolo's functions, which leave NMS to nvinfer."""


def context_of(config: NvinferConfig) -> LintContext:
    """The context of a config that stands alone."""
    onnx, labels = _model(config.onnx_file), _labels(config.labelfile_path)
    return LintContext(
        onnx=onnx,
        labels_count=_classes(labels) if labels else None,
        labels=labels.names if labels else (),
        spoilt_labels=labels.spoilt if labels else (),
        functions=_functions(config),
        cluster_mode=clustering_needed(onnx) if onnx else None,
        parser_clusters=config.parse_bbox_func_name not in _PARSERS_WITHOUT_NMS,
        alone=True,
    )


def clustering_needed(onnx: OnnxFacts) -> int | None:
    """The cluster-mode that the outputs need: 4 if the graph suppresses boxes itself, 2 if it clearly does not."""
    if any(name in onnx.operators for name in _SUPPRESSED):
        return _NONE
    rows = [max(sides) for sides in map(_fixed, (output.shape for output in onnx.outputs)) if sides]
    return _NMS if rows and min(rows) >= _FEWEST_ANCHORS else None


def _fixed(shape: tuple[int | str, ...] | None) -> list[int]:
    """The known sides of an output behind its batch."""
    return [side for side in (shape or ())[1:] if isinstance(side, int)]


def _model(path: Path | None) -> OnnxFacts | None:
    try:
        if path is None or not path.is_file() or path.stat().st_size > _LARGEST_MODEL:
            return None
        from dsbench.model.onnx import graph

        return graph.inspect(path)
    except (DsbenchError, OSError):
        return None


def _labels(path: Path | None) -> Labels | None:
    try:
        return label_file.read(path) if path is not None and path.is_file() else None
    except DsbenchError:
        return None


def _classes(labels: Labels) -> int:
    """Lines of the label file without blank ones at its end, which name no class that the config could lack."""
    return max((number for number, line in enumerate(labels.lines, 1) if line.strip()), default=0)


def _functions(config: NvinferConfig) -> tuple[str, ...] | None:
    """The parser's function, if the library has its name among its symbols; None if the library is not there."""
    path, name = config.custom_lib_path, config.parse_bbox_func_name
    try:
        if path is None or not name or not path.is_file():
            return None
        return (name,) if b"\0" + name.encode() + b"\0" in reading.read_bytes(path, FileKind.LIBRARY) else ()
    except OSError:
        return None
