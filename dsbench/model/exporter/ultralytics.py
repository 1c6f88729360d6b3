"""What Ultralytics' exporters write into an ONNX file's metadata: task, head, class names, end2end, image size.

Keys as its exporter writes them (``task``, ``head``, ``names``, ``stride``, ``imgsz``, ``end2end``, ``args``), each a
Python literal as text. YOLOv5's exporter writes ``stride`` and ``names`` only, versions before August 2026 no ``head``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.model.exporter.files import names_by_id, size
from dsbench.model.exporter.statement import Said, Statement, Trust

_LONGEST = 1 << 20
DETECT = "detect"
AUTHOR = "Ultralytics"
QUERY_HEAD = "RTDETRDecoder"
_QUERY_MODEL = re.compile(r"rt-?detr", re.IGNORECASE)
ORIGIN = "ONNX metadata (Ultralytics)"


@dataclass(frozen=True, slots=True)
class Metadata:
    """``names`` by class id; ``task`` is empty where the file does not say; ``end2end``: the rows are detections."""

    task: str = ""
    names: tuple[str, ...] = ()
    end2end: bool = False
    author: str = ""
    head: str = ""
    """The class of the model's last layer: Detect, v10Detect, RTDETRDecoder ..."""
    description: str = ""
    input_size: tuple[int, int] | None = None
    """Height, width."""
    other_exporter: bool = False
    """Another project wrote it, with keys of the same names."""

    @property
    def ultralytics(self) -> bool:
        """Whether Ultralytics' exporter, or YOLOv5's, wrote the file."""
        return not self.other_exporter and (bool(self.names) or self.author == AUTHOR)

    @property
    def certain(self) -> bool:
        """Whether the author says so: its detectors share one preprocessing, which is not in the graph."""
        return self.author == AUTHOR and not self.other_exporter

    @property
    def queries(self) -> bool:
        """Whether the model is its RT-DETR: boxes as cx, cy, w, h in 0..1, and the picture stretched."""
        named = self.head == QUERY_HEAD if self.head else bool(_QUERY_MODEL.search(self.description))
        return self.certain and named


def read(metadata: Sequence[tuple[str, str]]) -> Metadata:
    """The metadata of an OnnxFacts; what is absent or not a literal is left out."""
    texts = dict(metadata)
    arguments = _literal(texts.get("args", ""))
    nms = isinstance(arguments, dict) and bool(arguments.get("nms"))
    return Metadata(
        task=texts.get("task", "").strip(),
        names=_names(_literal(texts.get("names", ""))),
        end2end=texts.get("end2end", "").strip() == "True" or nms or texts.get("nms", "").strip() == "True",
        author=texts.get("author", "").strip(),
        head=texts.get("head", "").strip(),
        description=texts.get("description", ""),
        input_size=size(_literal(texts.get("imgsz", ""))),
        other_exporter="model_family" in texts or "libreyolo_version" in texts,
    )


def statement(metadata: Metadata, channels: int) -> Statement | None:
    """What the metadata state; None for a file of another exporter.

    The preprocessing is not an entry of its own: all detectors of the exporter share it (RGB of 0..1, a letterbox in
    the middle; RT-DETR: stretched). Without the author only the names count: other projects write them too.
    """
    if not metadata.ultralytics:
        return None
    names = Said(metadata.names, "ONNX metadata: names") if metadata.names else None
    classes = Said(len(metadata.names), "ONNX metadata: names") if metadata.names else None
    task = Said(metadata.task, "ONNX metadata: task") if metadata.task else None
    plain = Statement(ORIGIN, Trust.ONNX_METADATA, task=task, names=names, classes=classes)
    if not metadata.certain or metadata.task not in ("", DETECT):
        return plain
    head = f"head={metadata.head}" if metadata.head else f"task={metadata.task or DETECT}"
    source = f"ONNX metadata: author={AUTHOR}, {head}"
    suppressed = metadata.end2end or metadata.queries
    return Statement(
        ORIGIN,
        Trust.ONNX_METADATA,
        family=Said("yolo", source),
        task=task,
        net_scale_factor=Said(1 / 255, source),
        offsets=Said((), source),
        model_color_format=Said(0 if channels == 3 else 2, source),
        maintain_aspect_ratio=Said(int(not metadata.queries), source),
        symmetric_padding=None if metadata.queries else Said(1, source),
        cluster_mode=Said(4, "ONNX metadata: end2end" if metadata.end2end else source) if suppressed else None,
        classes=classes,
        names=names,
        input_size=Said(metadata.input_size, "ONNX metadata: imgsz") if metadata.input_size else None,
    )


def _literal(text: str) -> object:
    if not text or len(text) > _LONGEST:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, dict) and set(value) != set(range(len(value))):
        return ()
    return names_by_id(value)
