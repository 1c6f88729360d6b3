"""What is known of an ONNX file: its graph, its head, how it is fed, and what is wrong with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dsbench.base import spec
from dsbench.base.errors import DsbenchError
from dsbench.base.option import Value
from dsbench.families import registry
from dsbench.families.base import Head, HeadFact
from dsbench.inspection import findings, model_file
from dsbench.inspection.findings import PICTURE, InspectFinding
from dsbench.inspection.model_file import ModelFile
from dsbench.judge.imports.levels import StatedBy
from dsbench.judge.imports.preprocessing import Choice, describe, toml
from dsbench.judge.lint import ERROR
from dsbench.model.exporter.statement import Said
from dsbench.model.onnx import summary as onnx_summary
from dsbench.model.onnx.summary import OnnxSummary
from dsbench.model.video import VideoFacts
from dsbench.steps import candidate_pictures, model_outputs, preprocessing_rows
from dsbench.steps.model_outputs import ModelOutputsResult

_CLUSTERING = {2: " (NMS)", 4: " (none)"}


@dataclass(frozen=True)
class FeedingKey:
    """One of nvinfer's keys, who states its value, and what others state instead."""

    name: str
    value: str
    level: str
    source: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Possibility:
    """One of several preprocessings of which nobody says which is right."""

    keys: str
    toml: str


@dataclass(frozen=True)
class HeadReport:
    """What a run of the network showed."""

    seen: str
    """The frames: a video's path, or the synthetic picture."""
    family: str
    """Empty if no family recognises the head."""
    confidence: float
    head: tuple[HeadFact, ...]
    classes: int | None
    """Number of lines that labels.txt should have."""
    feeding: tuple[FeedingKey, ...]
    possibilities: tuple[Possibility, ...]
    """Empty if every key is decided."""


@dataclass(frozen=True)
class Inspection:
    """All that `dsbench inspect` prints. Without ``network`` the errors of ``findings`` say why it was not run."""

    graph: OnnxSummary
    input_name: str
    height: int | None
    """None: open in the file, and nobody states it."""
    width: int | None
    size_source: str
    names: tuple[str, ...]
    """Class names by id."""
    names_source: str
    network: HeadReport | None
    findings: tuple[InspectFinding, ...]

    @property
    def errors(self) -> tuple[InspectFinding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == ERROR)


@dataclass(frozen=True)
class InspectedFile:
    """An inspection with what it was made from. ``file`` is None if nvinfer cannot feed the graph."""

    inspection: Inspection
    file: ModelFile | None
    error: DsbenchError | None = None
    """What ended the inspection early."""
    picture: bytes | None = None
    """The possible preprocessings side by side, a JPEG; None if it was not wanted or there is one only."""


def inspect(path: Path, video: VideoFacts | None = None, *, picture: bool = False) -> InspectedFile:
    """Read the file, then run it once in a process of its own. Raises ONNX_INVALID for a file that is no ONNX model.

    Every other error is a finding.
    """
    graph = onnx_summary.read(path)
    found = _plain(graph)
    try:
        file = model_file.read(graph, Value(video, "command line") if video else None)
    except DsbenchError as error:
        return InspectedFile(replace(found, findings=tuple(findings.of_error(error))), None, error)
    found = replace(
        found,
        height=file.height,
        width=file.width,
        size_source=file.size_source,
        names=file.labels.names,
        names_source=file.labels_source,
        findings=tuple(findings.before_the_run(file)),
    )
    try:
        with tempfile.TemporaryDirectory(prefix="dsbench-inspect-") as scratch:
            outputs = model_outputs.probe(file, Path(scratch))
            side = model_outputs.side_by_side(file, outputs, Path(scratch)) if picture else None
    except DsbenchError as error:
        return InspectedFile(replace(found, findings=(*found.findings, *findings.of_error(error, file))), file, error)
    network = _network(file, outputs)
    every = dict.fromkeys((*found.findings, *findings.after_the_run(file, outputs)))
    found = replace(found, network=network, findings=tuple(every))
    return InspectedFile(found, file, outputs.no_family, candidate_pictures.sheet(side) if side else None)


def _plain(graph: OnnxSummary) -> Inspection:
    """What the graph alone says."""
    image = graph.image
    shape = image.shape if image and image.shape and len(image.shape) == 4 else (0, 0, "?", "?")
    sides = shape[1:3] if shape[3] in (1, 3) and shape[1] not in (1, 3) else shape[2:4]
    height, width = (side if isinstance(side, int) and side > 0 else None for side in sides)
    return Inspection(graph, image.name if image else "", height, width, "ONNX", (), "", None, ())


def _network(file: ModelFile, outputs: ModelOutputsResult) -> HeadReport:
    head, choice = outputs.head, outputs.choice
    possibilities = tuple(Possibility(describe(item), toml(item)) for item in choice.alternatives)
    return HeadReport(
        str(file.video.value.path) if file.video else PICTURE,
        head.family if head else "",
        round(head.confidence, 2) if head else 0.0,
        head.facts if head else (),
        head.classes if head else None,
        (*_feeding(choice), _cluster_mode(file, head, outputs.exporter.stated.cluster_mode)),
        possibilities if choice.unknown else (),
    )


def _feeding(choice: Choice) -> Iterator[FeedingKey]:
    values = preprocessing_rows.values_of(choice.preprocessing)
    for item in choice.keys:
        yield FeedingKey(item.key, values[item.key], str(item.level), item.source, item.others)


def _cluster_mode(file: ModelFile, head: Head | None, stated: Said[int] | None) -> FeedingKey:
    name = "cluster-mode"
    convention = registry.convention(head) if head else None
    levels: list[tuple[str, Said[int]]] = []
    if file.settings.cluster_mode is not None:
        levels.append((StatedBy.USER, Said(file.settings.cluster_mode, "dsbench.toml")))
    if stated:
        levels.append((StatedBy.EXPORTER, stated))
    if convention:
        levels.append((StatedBy.CONVENTION, Said(convention.cluster_mode, convention.origin)))
    levels.append(("default", Said(spec.CLUSTER_MODE, "6e's default")))
    level, chosen = levels[0]
    others = tuple(f"{other}: {said.value}" for other, said in levels[1:-1] if said.value != chosen.value)
    return FeedingKey(name, f"{chosen.value}{_CLUSTERING.get(chosen.value, '')}", level, chosen.source, others)
