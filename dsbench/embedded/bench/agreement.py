"""Agreement of two lists of detections of the same frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base.boxes import Boxes, count_matches


@dataclass(frozen=True, slots=True)
class Agreement:
    """``matched`` of the ``first`` detections have a partner among the ``second``: same class, IoU of at least 0.5."""

    matched: int
    first: int
    second: int

    @property
    def f1(self) -> float:
        """F1: 2 * matched / (first + second); 1 if neither has any."""
        total = self.first + self.second
        return 2 * self.matched / total if total else 1.0


def compare(first: Sequence[Boxes], second: Sequence[Boxes]) -> Agreement:
    """Match frame by frame, best overlaps first, each detection once."""
    matched = sum(count_matches(a, b) for a, b in zip(first, second, strict=True))
    return Agreement(matched, sum(map(len, first)), sum(map(len, second)))
