"""What the exporter left about a model: each value with its source, the most trusted source first.

Order of trust: an nvinfer config that came with the ONNX file, the ONNX file's metadata, the files of the framework.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dsbench.base.text import float32_text
from dsbench.model.exporter import (
    graph_names,
    hugging_face,
    libreyolo,
    mmdeploy,
    nanodet,
    nvinfer_config,
    paddle,
    rfdetr,
    ultralytics,
)
from dsbench.model.exporter.files import Files
from dsbench.model.exporter.graph_names import GraphEvidence
from dsbench.model.exporter.hugging_face import HuggingFace
from dsbench.model.exporter.statement import KEYS, Said, Statement, Trust
from dsbench.model.exporter.ultralytics import Metadata
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx.graph import OnnxFacts

_WITH_SCALE = ("net_scale_factor", "offsets", "deviations")
_WITH_ASPECT = ("maintain_aspect_ratio", "symmetric_padding")
"""Keys that mean something only together: they are taken from one source."""
_PARTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ExporterEvidence:
    """``statements``: the sources, the most trusted first. ``problems``: files not used, and why."""

    statements: tuple[Statement, ...] = ()
    hugging_face: HuggingFace = field(default_factory=HuggingFace)
    metadata: Metadata = field(default_factory=Metadata)
    problems: tuple[str, ...] = ()
    graph: GraphEvidence = field(default_factory=GraphEvidence)
    """What the graph itself shows: weaker than any statement of the exporter."""

    @property
    def stated(self) -> Statement:
        """One statement: for every value the most trusted source that has it."""
        merged = Statement("", Trust.FRAMEWORK_FILE)
        for group in (_WITH_SCALE, _WITH_ASPECT, *((key,) for key in KEYS if key not in (*_WITH_SCALE, *_WITH_ASPECT))):
            first = next((item for item in self.statements if item.said(group[0])), None)
            if first:
                values: dict[str, Any] = {key: first.said(key) for key in group}
                merged = replace(merged, **values)
        return merged

    def all(self, key: str) -> tuple[Said[Any], ...]:
        """Every source's value of a key, the most trusted first."""
        return tuple(said for item in self.statements if (said := item.said(key)))

    def names_but_of(self, labels: Path) -> Said[tuple[str, ...]] | None:
        """The class names that the exporter states elsewhere than in ``labels``, the file to compare them with."""
        own = str(labels.resolve())
        return next((said for said in self.all("names") if not said.source.endswith(own)), None)

    def rows(self) -> tuple[tuple[str, str, str, str], ...]:
        """For the report: every stated key, its value, its source, and what less trusted sources state instead."""
        stated = self.stated
        found = []
        for key in KEYS:
            said = stated.said(key)
            if said:
                others = [f"{_text(item.value)} ({item.source})" for item in self.all(key) if item.value != said.value]
                found.append((key.replace("_", "-"), _text(said.value), said.source, "; ".join(others)))
        return tuple(found)


def _text(value: object) -> str:
    """A value in one short line: nvinfer's lists with semicolons, long lists cut."""
    if not isinstance(value, tuple):
        return float32_text(value) if isinstance(value, float) else str(value)
    parts = [f"{part:g}" if isinstance(part, float) else str(part) for part in value[:_PARTS_SHOWN]]
    more = f" ... ({len(value)})" if len(value) > _PARTS_SHOWN else ""
    return ";".join(parts) + more or "none"


def of_metadata(onnx: OnnxFacts) -> ExporterEvidence:
    """What the ONNX file's own metadata state."""
    metadata = ultralytics.read(onnx.metadata)
    first = onnx.outputs[0].shape if len(onnx.outputs) == 1 else None
    columns = first[-1] if first and isinstance(first[-1], int) else None
    stated = (
        rfdetr.statement(onnx.metadata),
        libreyolo.statement(onnx.metadata, len(onnx.outputs), columns),
        ultralytics.statement(metadata, onnx.channels),
    )
    return ExporterEvidence(tuple(item for item in stated if item), metadata=metadata)


def read(layout: ModelLayout, onnx: OnnxFacts) -> ExporterEvidence:
    """What the metadata and the files in the model directory state. Nothing outside it is read; raises nothing."""
    files = Files(layout.root)
    inside = of_metadata(onnx)
    folders = (layout.onnx_dir, layout.root)
    found = hugging_face.read(*folders, files=files)
    stated = (
        nvinfer_config.statement(
            ((layout.onnx_dir, True), (layout.config_dir, False), (layout.root, False)),
            _own_configs(layout),
            nvinfer_config.Model(onnx.path, onnx.channels, onnx.height, onnx.width),
            files,
        ),
        *inside.statements,
        mmdeploy.statement(folders, files),
        paddle.statement(folders, files),
        nanodet.statement(layout.onnx_dir, files, paddle.NAMES),
        *hugging_face.statements(found),
    )
    used = sorted((item for item in stated if item), key=lambda item: item.trust)
    return ExporterEvidence(
        tuple(used), found, inside.metadata, tuple(dict.fromkeys(files.problems)), graph_names.read(onnx)
    )


def _own_configs(layout: ModelLayout) -> tuple[Path, ...]:
    return (layout.nvinfer_config, layout.ds_nvinfer_config, layout.labels)
