"""Where an ONNX file lies, and what lies beside it: a model directory, or any folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import Value
from dsbench.formats import labels as label_file
from dsbench.formats.labels import Labels
from dsbench.model import settings as settings_file
from dsbench.model.exporter import evidence
from dsbench.model.exporter.evidence import ExporterEvidence
from dsbench.model.exporter.files import size
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx import graph
from dsbench.model.onnx.graph import OnnxFacts
from dsbench.model.onnx.summary import OnnxSummary
from dsbench.model.settings import Settings
from dsbench.model.video import VideoFacts

_IMAGE_SIZE = "imgsz"
"""Ultralytics' entry for the size that a dynamic export was trained with."""


class LooseFile(ModelLayout):
    """An ONNX file outside a model directory: what its exporter left lies in the same folder."""

    @property
    def onnx_dir(self) -> Path:
        return self.root


@dataclass(frozen=True)
class ModelFile:
    """What is known of an ONNX file before it is run; it has the properties of `ModelFacts`."""

    layout: ModelLayout
    settings: Settings
    onnx: OnnxFacts
    labels: Labels
    """Of config/labels.txt, else the exporter's names; empty without both."""
    labels_source: str
    exporter: ExporterEvidence
    size_source: str
    """Where height and width come from."""
    video: Value[VideoFacts] | None = None

    @property
    def height(self) -> int:
        return self.onnx.height

    @property
    def width(self) -> int:
        return self.onnx.width


def read(summary: OnnxSummary, video: Value[VideoFacts] | None = None) -> ModelFile:
    """The facts of a file. Raises what the checks of the graph raise, SETTINGS_INVALID and LABELS_INVALID."""
    path = summary.path
    layout = _layout(path)
    settings = Settings() if isinstance(layout, LooseFile) else settings_file.load(layout.settings_file)
    onnx, size_source = _graph(summary, settings)
    exporter = evidence.read(layout, onnx)
    labels, labels_source = _labels(layout, exporter)
    return ModelFile(layout, settings, onnx, labels, labels_source, exporter, size_source, video)


def _layout(path: Path) -> ModelLayout:
    """The model directory of ``<directory>/model/x.onnx``, else the file's own folder."""
    folder = path.parent
    if folder.name == "model":
        return ModelLayout(os.path.dirname(folder), folder.parent)
    return LooseFile(str(folder), folder)


def _graph(summary: OnnxSummary, settings: Settings) -> tuple[OnnxFacts, str]:
    """The checked graph. Open sides take dsbench.toml's input-size, else the size that the exporter wrote down."""
    try:
        onnx = graph.inspect(summary.path, input_size=settings.input_size)
    except DsbenchError as error:
        stated = stated_size(summary.metadata)
        if error.code != Code.ONNX_DYNAMIC_DIMS or stated is None:
            raise
        return graph.inspect(summary.path, input_size=stated), f"ONNX metadata: {_IMAGE_SIZE}"
    return onnx, onnx.size_origin


def stated_size(metadata: tuple[tuple[str, str], ...]) -> tuple[int, int] | None:
    """Height and width in the metadata of Ultralytics' exporter."""
    text = dict(metadata).get(_IMAGE_SIZE, "")
    parts = text.strip().strip("[]()").split(",")
    return size([int(part) if part.strip().isdecimal() and len(part) < 7 else 0 for part in parts])


def _labels(layout: ModelLayout, exporter: ExporterEvidence) -> tuple[Labels, str]:
    if layout.labels.is_file():
        return label_file.read(layout.labels), os.path.relpath(layout.labels, layout.root)
    names = exporter.stated.names
    if names:
        return Labels(names.value, names.value, len(names.value), ()), names.source
    return Labels((), (), 0, ()), ""
