"""``dsbench init DIR --onnx FILE``: lays a model directory out and says what it took from where."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from dsbench.base.errors import Code
from dsbench.base.text import printable
from dsbench.inspection import inspection, new_directory, new_labels, new_settings, text
from dsbench.inspection.inspect_command import absolute, read_video, show
from dsbench.inspection.inspection import WARNING, Inspected, InspectFinding
from dsbench.inspection.new_directory import NewFile
from dsbench.inspection.new_labels import NewLabels
from dsbench.model.exporter.evidence import ExporterEvidence
from dsbench.model.layout import ModelLayout
from dsbench.model.video import VideoFacts


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
    labels = new_labels.choose(arguments.labels, found.file.exporter.stated.names if found.file else None)
    files = tuple(_files(found, onnx, labels, video))
    new_directory.create(target.root, target.given, files)
    show(
        "\n".join((*_taken(target, files, labels, video), "", *_findings(found, labels), *_next(target, labels, video)))
    )
    return 0


def _files(found: Inspected, onnx: Path, labels: NewLabels | None, video: VideoFacts | None) -> Iterator[NewFile]:
    name = onnx.name if onnx.suffix == ".onnx" else f"{onnx.name}.onnx"
    yield NewFile(Path("model", name), onnx)
    if found.file:
        folder = onnx.parent.resolve()
        for data in found.file.onnx.external_data:
            yield NewFile(Path("model", data.relative_to(folder)), data)
        for path in used_files(found.file.layout, found.file.exporter):
            yield NewFile(Path("model", path.name), path)
    if labels:
        yield NewFile(Path("config", "labels.txt"), content=labels.content)
    else:
        yield NewFile(Path("config"))
    settings = new_settings.render(found.inspection, found.file, name, _video_setting(video))
    yield NewFile(Path("dsbench.toml"), content=settings.encode())


def used_files(layout: ModelLayout, exporter: ExporterEvidence) -> tuple[Path, ...]:
    """The files beside the ONNX file that the exporter's statements are from; those in the metadata have none."""
    folders = (layout.root, layout.onnx_dir)
    found = [folder / item.origin for item in exporter.statements for folder in folders if item.origin]
    found += [exporter.hugging_face.config] if exporter.hugging_face.config else []
    return tuple(dict.fromkeys(path for path in found if path.is_file()))


def _video_setting(video: VideoFacts | None) -> str | None:
    """The clip's path for dsbench.toml; None without one, or for a path that is no UTF-8."""
    path = str(video.path) if video else None
    return None if path is None or any("\ud800" <= char <= "\udfff" for char in path) else path


def _taken(
    target: ModelLayout, files: tuple[NewFile, ...], labels: NewLabels | None, video: VideoFacts | None
) -> Iterator[str]:
    """Each file and where it is from."""
    yield f"{printable(target.given)}/"
    for file in files:
        if file.source:
            yield f"  {printable(str(file.name)):<22} copied from {printable(str(file.source))}"
    if labels:
        yield f"  {'config/labels.txt':<22} {len(labels.lines)} names from {printable(labels.source)}"
        yield from (f"  {'':<22} note: {printable(note)}" for note in labels.notes)
    else:
        yield f"  {'config/labels.txt':<22} not written: neither the metadata nor a file beside the model names classes"
    taken = f", video = {printable(str(video.path))}" if video and _video_setting(video) else ""
    yield f"  {'dsbench.toml':<22} what has to be decided stands there as comments{taken}"


def _findings(found: Inspected, labels: NewLabels | None) -> Iterator[str]:
    everything = found.inspection.findings
    network = found.inspection.network
    stated = found.file is not None and found.file.labels.count
    if labels and not stated and network and network.classes not in (None, len(labels.lines)):
        what = f"the head has {network.classes} classes, config/labels.txt has {len(labels.lines)} names"
        everything += (
            InspectFinding(WARNING, what, fix="correct config/labels.txt: one line per class, in the head's order"),
        )
    yield from text.findings(everything)
    yield ""


def _next(target: ModelLayout, labels: NewLabels | None, video: VideoFacts | None) -> Iterator[str]:
    if labels is None:
        where = shlex.quote(os.path.join(target.given, "config", "labels.txt"))
        yield f"first: write one class name per line, in the order of the head, into {where}"
    words = [f"--model-dir={target.given}"]
    if video and not _video_setting(video):
        words.append(f"--video={video.path}")
    yield f"next: {shlex.join(('pytest', *words))}"
