"""What is wrong with a model, or has to be decided, collected from the rules of the other rooms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import counted
from dsbench.families.base import HeadRefused
from dsbench.inspection.model_file import ModelFile
from dsbench.judge import label_names
from dsbench.judge.imports import tensorrt
from dsbench.judge.lint import ERROR, WARNING
from dsbench.model.exporter.statement import Said
from dsbench.steps import tensorrt_import
from dsbench.steps.model_outputs import ModelOutputsResult

PICTURE = "a synthetic picture"
"""What the network sees without a video."""
_CHOOSE = "compare the possibilities with --video CLIP --picture FILE.jpg, and copy the right one into dsbench.toml"
_ABOUT_FRAMES = (Code.MODEL_OUTPUT_INVALID, Code.FAMILY_UNKNOWN)
"""Errors that real frames may take back: their values decide."""


@dataclass(frozen=True)
class InspectFinding:
    """One finding. ``code``: of an error, or the rule's id; empty without one."""

    severity: str
    """ERROR, WARNING or tensorrt.NOTE."""
    what: str
    code: str = ""
    where: str = ""
    fix: str = ""


def of_error(error: DsbenchError, file: ModelFile | None = None) -> Iterator[InspectFinding]:
    """An error as a finding; ``file``: the model whose run ended with it."""
    yield InspectFinding(ERROR, error.what, str(error.code), error.where, error.fix)
    shapes = isinstance(error, HeadRefused) and error.code == Code.MODEL_OUTPUT_INVALID  # no batch dimension
    if error.code in _ABOUT_FRAMES and not shapes and file is not None and file.video is None:
        yield InspectFinding(WARNING, f"this was seen on {PICTURE}", fix="inspect again with --video FILE")


def before_the_run(file: ModelFile) -> Iterator[InspectFinding]:
    """What the graph and the files beside it show."""
    for finding in tensorrt.check(file.onnx, tensorrt_import.target(file), errors=True):
        yield InspectFinding(finding.severity, finding.what, finding.rule, finding.where, finding.fix)
    for text in (*file.onnx.warnings, *file.labels.warnings):
        yield InspectFinding(WARNING, text)
    if file.size_source not in ("ONNX", "dsbench.toml"):
        size = f"input-size = [{file.height}, {file.width}]"
        yield InspectFinding(
            WARNING,
            f"height and width are open in the file; {file.height}x{file.width} is from {file.size_source}",
            fix=f"set {size} in dsbench.toml (dsbench init writes it)",
        )


def after_the_run(file: ModelFile, outputs: ModelOutputsResult) -> Iterator[InspectFinding]:
    """What the run showed."""
    head, choice = outputs.head, outputs.choice
    if outputs.no_family:
        yield from of_error(outputs.no_family, file)
    for text in filter(None, (*outputs.warnings, choice.warning)):
        yield InspectFinding(WARNING, text)
    for text in head.warnings if head else ():
        yield InspectFinding(WARNING, text) if file.video else InspectFinding(tensorrt.NOTE, f"on {PICTURE}: {text}")
    if choice.unknown:
        yield InspectFinding(WARNING, choice.unknown, fix=_CHOOSE)
    stated = file.exporter.names_but_of(file.layout.labels)
    yield from of_labels(file.labels.names, file.labels_source, stated, head.classes if head else None)


def of_labels(
    labels: Sequence[str], source: str, stated: Said[tuple[str, ...]] | None, classes: int | None
) -> Iterator[InspectFinding]:
    """How class names differ from those that the exporter states, and from the number of the head's classes."""
    wrong = label_names.compare(labels, stated, classes)
    if wrong:
        yield InspectFinding(ERROR if wrong.error else WARNING, wrong.what, wrong.rule, source, wrong.fix)
    if labels and classes not in (None, len(labels)) and not (wrong and wrong.error):
        names = counted(len(labels), "name")
        yield InspectFinding(
            ERROR,
            f"the head has {classes} class{'es' * (classes != 1)}, {source} has {names}",
            label_names.COUNT,
            fix="one class per line in labels.txt, in the head's order; a background column of the head is a line too",
        )
