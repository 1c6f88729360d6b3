"""What Ultralytics' exporters write into an ONNX file's metadata: task, class names, end2end.

Keys as its exporter writes them (``task``, ``names``, ``stride``, ``imgsz``, ``end2end``, ``args``), each a Python
literal as text. YOLOv5's exporter writes ``stride`` and ``names`` only.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST = 1 << 20
DETECT = "detect"


@dataclass(frozen=True, slots=True)
class Metadata:
    """``names`` by class id; ``task`` is empty where the file does not say; ``end2end``: the rows are detections."""

    task: str = ""
    names: tuple[str, ...] = ()
    end2end: bool = False
    author: str = ""

    @property
    def ultralytics(self) -> bool:
        """Whether Ultralytics' exporter wrote the file."""
        return bool(self.names) or self.author == "Ultralytics"


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
    )


def label_warning(names: Sequence[str], labels: Sequence[str]) -> str:
    """A sentence if labels.txt has other names than the model, or has them in another order; else empty."""
    if not names or not labels or len(names) != len(labels):
        return ""  # another number of labels is step 6e's finding
    spelled = [(_plain(one), _plain(other)) for one, other in zip(names, labels, strict=True)]
    wrong = next((i for i, (one, other) in enumerate(spelled) if one != other), None)
    if wrong is None:
        return ""
    same = sorted(one for one, _ in spelled) == sorted(other for _, other in spelled)
    kind = "the model's names in another order" if same else "other names than the model"
    return f"labels.txt has {kind}: class {wrong} is {names[wrong]!r} in the model, {labels[wrong]!r} in labels.txt"


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _literal(text: str) -> object:
    if not text or len(text) > _LONGEST:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, dict) and set(value) == set(range(len(value))):
        return tuple(str(value[index]) for index in range(len(value)))
    if isinstance(value, list):
        return tuple(map(str, value))
    return ()
