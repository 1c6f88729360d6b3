"""Objects of a KITTI dump that no detector means: corners, labels and confidences that cannot be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

_NO_CONFIDENCE = -0.1
"""What nvinfer writes where its clustering gives no confidence."""
_SLACK = 1e-3


class OddKind(StrEnum):
    """What is odd, as it follows "N of M objects"."""

    UNLABELLED = "have no label"
    UNKNOWN = "have a label that is not in the label file"
    NOT_FINITE = "have NaN or Inf as a corner or as their confidence"
    SWAPPED = "have their right edge left of the left one, or their bottom edge above the top one"
    NO_AREA = "have no area"
    OUTSIDE = "lie outside the frame"
    CONFIDENCE = "have a confidence outside 0 to 1"


@dataclass(frozen=True, slots=True)
class Ordinary:
    """What ordinary objects have: corners in a frame of ``width`` and ``height`` pixels, a label of ``names``.

    ``names`` None: not known, or the config has no label file.
    """

    width: int
    height: int
    names: frozenset[str] | None = None

    def has(self, label: str, box: tuple[float, float, float, float], confidence: float) -> bool:
        """Whether nothing is odd: a fast test, which may miss objects that reach beyond the frame."""
        left, top, right, bottom = box
        return (
            0 <= left < right
            and 0 <= top < bottom
            and left < self.width
            and top < self.height
            and right < math.inf
            and bottom < math.inf
            and 0 <= confidence <= 1
            and label != ""
            and (self.names is None or label in self.names)
        )

    def kinds(self, label: str, box: tuple[float, float, float, float], confidence: float) -> Iterator[OddKind]:
        """What is odd about an object."""
        if not label:
            yield OddKind.UNLABELLED
        elif self.names is not None and label not in self.names:
            yield OddKind.UNKNOWN
        left, top, right, bottom = box
        if not all(map(math.isfinite, (*box, confidence))):
            yield OddKind.NOT_FINITE
        elif not (-_SLACK <= confidence <= 1 + _SLACK or math.isclose(confidence, _NO_CONFIDENCE, abs_tol=1e-6)):
            yield OddKind.CONFIDENCE
        if not all(map(math.isfinite, box)):
            return
        if right < left or bottom < top:
            yield OddKind.SWAPPED
        elif right == left or bottom == top:
            yield OddKind.NO_AREA
        elif right <= 0 or bottom <= 0 or left >= self.width or top >= self.height:
            yield OddKind.OUTSIDE


@dataclass(slots=True)
class OddObjects:
    """``counts``: objects of each kind; ``objects``: those with anything odd; ``unknown``: labels not in the file."""

    ordinary: Ordinary | None = None
    counts: Counter[OddKind] = field(default_factory=Counter)
    objects: int = 0
    unknown: Counter[str] = field(default_factory=Counter)

    def add(self, label: str, box: tuple[float, float, float, float], confidence: float) -> None:
        """Look at one object."""
        if self.ordinary is None or self.ordinary.has(label, box, confidence):
            return
        found = list(self.ordinary.kinds(label, box, confidence))
        self.counts.update(found)
        if OddKind.UNKNOWN in found:
            self.unknown[label] += 1
        meant = found == [OddKind.UNLABELLED] and self.ordinary.names is None  # the config names no label file
        self.objects += bool(found) and not meant
