"""``dsbench init DIR --onnx FILE``: lays a model directory out and says what it took from where."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code
from dsbench.base.text import counted, printable
from dsbench.inspection import findings, inspection, model_file, new_directory, new_labels, new_settings, text
from dsbench.inspection.findings import InspectFinding
from dsbench.inspection.inspect_command import absolute, read_video, show
from dsbench.inspection.inspection import InspectedFile
from dsbench.inspection.new_directory import NewFile
from dsbench.inspection.new_labels import NewLabels
from dsbench.model.exporter.evidence import ExporterEvidence
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx import external as external_data
from dsbench.model.onnx import file as onnx_file
from dsbench.model.video import VideoFacts


@dataclass(frozen=True)
class NewModel:
    """What is written, and what was decided about it."""

    target: ModelLayout
    files: tuple[NewFile, ...]
    labels: NewLabels | None
    settings: str
    video: VideoFacts | None


def run(arguments: argparse.Namespace) -> int:
    """0: the directory is there; findings say what is still to be decided.

    Raises USAGE if the directory is taken, what `inspect` raises, and the error of a graph that nvinfer cannot feed.
    """
    target = ModelLayout.at(arguments.directory, absolute("."))
    new_directory.require_free(target.root, target.given)
    onnx, video = absolute(arguments.onnx), read_video(arguments.video)
    found = inspection.inspect(onnx, video)
    if found.file is None and found.error is not None and found.error.code != Code.ONNX_DYNAMIC_DIMS:
        raise found.error
    new = _plan(target, found, arguments.labels, video)
    new_directory.create(target.root, target.given, new.files)
    show("\n".join((*_taken(new), "", *_findings(found, new), "", *_next(new))))
    return 0


def _plan(target: ModelLayout, found: InspectedFile, labels: str | None, video: VideoFacts | None) -> NewModel:
    onnx, summary = found.inspection.graph.path, found.inspection.graph
    exporter = found.file.exporter if found.file else model_file.of_open_sides(summary)
    layout = model_file.layout_of(onnx)
    name = onnx.name if onnx.suffix == ".onnx" else f"{onnx.name}.onnx"
    chosen = new_labels.choose(labels, exporter.stated.names)
    settings = new_settings.render(found.inspection, found.file, name, _video_setting(video))
    external = external_data.external_locations(onnx_file.load(onnx), onnx)
    copies = {
        Path("model", name): onnx,
        **{Path("model", location): source for location, source in external.items()},
        **{Path("model", source.name): source for source in used_files(layout, exporter)},
    }
    files = [NewFile(path, source) for path, source in copies.items()]
    if chosen:
        files.append(NewFile(Path("config", "labels.txt"), content=chosen.content))
    files.append(NewFile(Path("dsbench.toml"), content=settings.encode()))
    return NewModel(target, tuple(files), chosen, settings, video)


def used_files(layout: ModelLayout, exporter: ExporterEvidence) -> tuple[Path, ...]:
    """The files beside the ONNX file that the exporter's statements are from; those in the metadata have none."""
    folders = (layout.root, layout.onnx_dir)
    found = [folder / item.origin for item in exporter.statements for folder in folders if item.origin]
    found += [exporter.hugging_face.config] if exporter.hugging_face.config else []
    return tuple(dict.fromkeys(path for path in found if os.path.isfile(path)))


def _video_setting(video: VideoFacts | None) -> str | None:
    """The clip's path for dsbench.toml; None without one, or for a path that a settings file cannot hold."""
    path = str(video.path) if video else ""
    return path if path.isprintable() and path else None


def _taken(new: NewModel) -> Iterator[str]:
    """Each file and where it is from."""
    yield f"{printable(new.target.given)}/"
    for file in new.files:
        if file.source:
            yield _row(str(file.name), f"copied from {printable(str(file.source))}")
    if new.labels:
        yield _row("config/labels.txt", f"{_names(len(new.labels.names))} from {printable(new.labels.source)}")
        yield from (_row("", f"note: {printable(note)}") for note in new.labels.notes)
    else:
        yield _row("config/labels.txt", "not written: neither the metadata nor a file beside the model names classes")
    decide = "to be decided: see its comments" if new_settings.DECIDE in new.settings else "nothing to be decided"
    setting = _video_setting(new.video)
    yield _row("dsbench.toml", decide + (f"; video = {printable(setting)}" if setting else ""))


def _names(count: int) -> str:
    return counted(count, "name")


def _row(name: str, text: str) -> str:
    return f"  {printable(name):<24} {text}"


def _findings(found: InspectedFile, new: NewModel) -> Iterator[str]:
    """Those of the inspection, and what is wrong with labels that the user named."""
    network, labels = found.inspection.network, new.labels
    more: tuple[InspectFinding, ...] = ()
    if labels and labels.given:
        stated = found.file.exporter.stated.names if found.file else None
        classes = network.classes if network else None
        more = tuple(findings.of_labels(labels.names, "config/labels.txt", stated, classes))
    yield from text.findings(tuple(dict.fromkeys((*found.inspection.findings, *more))))


def _next(new: NewModel) -> Iterator[str]:
    if new.labels is None:
        where = shlex.quote(new.target.given_path(new.target.labels))
        yield f"first: write one class name per line, in the order of the head, into {printable(where)}"
    words = [f"--model-dir={new.target.given}"]
    if new.video and not _video_setting(new.video):
        words.append(f"--video={new.video.path}")
    yield f"next: {printable(shlex.join(('pytest', *words)))}"
