"""Where an ONNX file lies, and what lies beside it: a model directory, or any folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import Value
from dsbench.formats import labels as label_file
from dsbench.formats.labels import Labels
from dsbench.model import settings as settings_file
from dsbench.model.exporter import evidence
from dsbench.model.exporter.evidence import ExporterEvidence
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx import graph
from dsbench.model.onnx.graph import OnnxFacts
from dsbench.model.onnx.summary import OnnxSummary
from dsbench.model.settings import Settings
from dsbench.model.video import VideoFacts

ANY_SIDE = 640
"""Stands for an open height or width where the number does not matter."""


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
    layout = layout_of(path)
    settings = Settings() if isinstance(layout, LooseFile) else settings_file.load(layout.settings_file)
    onnx, size_source = _graph(summary, layout, settings)
    exporter = evidence.read(layout, onnx)
    labels, labels_source = _labels(layout, exporter)
    return ModelFile(layout, settings, onnx, labels, labels_source, exporter, size_source, video)


def layout_of(path: Path) -> ModelLayout:
    """The model directory of ``<directory>/model/x.onnx``, else the file's own folder."""
    folder = path.parent
    if folder.name == "model":
        return ModelLayout(os.path.dirname(folder), folder.parent)
    return LooseFile(str(folder), folder)


def _graph(summary: OnnxSummary, layout: ModelLayout, settings: Settings) -> tuple[OnnxFacts, str]:
    """The checked graph. Open sides take dsbench.toml's input-size, else the size that the exporter states."""
    try:
        onnx = graph.inspect(summary.path, input_size=settings.input_size)
    except DsbenchError as error:
        if error.code != Code.ONNX_DYNAMIC_DIMS:
            raise
        stated = of_open_sides(summary, layout).stated.input_size
        if stated is None:
            raise
        return graph.inspect(summary.path, input_size=stated.value), stated.source
    return onnx, onnx.size_origin


def of_open_sides(summary: OnnxSummary, layout: ModelLayout | None = None) -> ExporterEvidence:
    """What the exporter states about a graph whose height or width is open, under a size that stands for all."""
    shape = summary.image.shape if summary.image else None
    sides = (shape or ())[1:3] if shape and shape[3] in (1, 3) and shape[1] not in (1, 3) else (shape or ())[2:4]
    height, width = (side if isinstance(side, int) else ANY_SIDE for side in sides)
    return evidence.read(layout or layout_of(summary.path), graph.inspect(summary.path, input_size=(height, width)))


def _labels(layout: ModelLayout, exporter: ExporterEvidence) -> tuple[Labels, str]:
    if os.path.isfile(layout.labels):
        return label_file.read(layout.labels), os.path.relpath(layout.labels, layout.root)
    names = exporter.stated.names
    if names:
        return Labels(names.value, names.value, len(names.value), ()), names.source
    return Labels((), (), 0, ()), ""
