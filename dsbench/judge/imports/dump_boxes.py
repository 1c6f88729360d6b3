"""Objects of a KITTI dump as boxes with class ids, by their labels' places in the label file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dsbench.base.boxes import Boxes
from dsbench.formats.kitti import MAX_LABEL_BYTES, KittiObject

UNKNOWN = -1
"""Class id of a label that the label file does not have."""


@dataclass(frozen=True, slots=True)
class ClassNames:
    """The lines of the label file, as people count them: a blank line is a class, marks of an editor are none."""

    lines: tuple[str, ...]

    def one_id(self, class_id: int) -> int:
        """The first class of the same name: the dump cannot tell them apart. 0 for every class without label file."""
        if not self.lines:
            return 0
        if not 0 <= class_id < len(self.lines):
            return class_id
        return self._places()[_key(self.lines[class_id])]

    def id_of(self, label: str) -> int:
        """Class id of a label in the dump; a BOM, carriage returns and blanks at its ends are ignored."""
        return self._places().get(_key(label), UNKNOWN) if self.lines else 0

    def name(self, class_id: int) -> str:
        """The name of a class, ``class 7`` without one."""
        if class_id == UNKNOWN:
            return "a label that labels.txt does not have"
        known = self.lines[class_id].strip() if 0 <= class_id < len(self.lines) else ""
        return known or f"class {class_id}"

    def spoilt(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Labels of the dump that differ from their line by invisible characters only."""
        return tuple(
            label
            for label in labels
            if self.lines and self.id_of(label) != UNKNOWN and _cut(self.lines[self.id_of(label)]) != _cut(label)
        )

    def merged(self, boxes: Boxes) -> Boxes:
        """``boxes`` with class ids as the dump can show them."""
        import numpy as np

        classes = np.array([self.one_id(number) for number in boxes.class_id.tolist()], np.int32)
        return Boxes(classes, boxes.left, boxes.top, boxes.width, boxes.height, boxes.confidence)

    def _places(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, line in enumerate(self.lines):
            found.setdefault(_key(line), number)
        return found


def names_of(lines: Sequence[str]) -> ClassNames:
    """Of a label file's lines: nvinfer reads a line up to its first semicolon."""
    return ClassNames(tuple(line.partition(";")[0] for line in lines))


def _cut(label: str) -> bytes:
    """As DeepStream stores it."""
    return label.encode("utf-8", "surrogateescape")[:MAX_LABEL_BYTES]


def _key(label: str) -> str:
    return _cut(label.removeprefix("\ufeff").strip()).decode("utf-8", "surrogateescape")


def boxes_of(objects: Sequence[KittiObject], names: ClassNames) -> Boxes:
    """The objects of one frame, in their order."""
    import numpy as np

    if not objects:
        return Boxes.empty()
    ids = {label: names.id_of(label) for label in {item.label for item in objects}}
    rows = [(ids[item.label], item.left, item.top, item.width, item.height, item.confidence) for item in objects]
    return Boxes.from_table(np.array(rows, np.float32))
