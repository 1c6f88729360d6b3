"""Whether a parser gives the very boxes of the reference decode, for the tests of families and templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsbench.base.boxes import Boxes

MATCHED = 0.01


@dataclass(frozen=True, slots=True)
class DecodeAgreement:
    """Comparison of the parser with the reference decode of the same tensors."""

    parser: int
    """Boxes of the parser."""
    reference: int
    """Boxes of the reference."""
    equal: int
    """Pairs that are equal within 0.01 in pixels and score."""
    largest_difference: float

    @property
    def complete(self) -> bool:
        """Every box has an equal box on the other side."""
        return self.equal == self.parser == self.reference


def compare(calls: Sequence[NDArray[np.float32] | None], reference: Sequence[Boxes]) -> DecodeAgreement:
    """Compare each frame's boxes, in the same order or sorted; counts pairs that are equal within 0.01."""
    parser = equal = expected = 0
    largest = 0.0
    for found, boxes in zip(calls, reference, strict=True):
        mine = np.zeros((0, 6), np.float32) if found is None else found
        theirs = boxes.table()
        parser, expected = parser + len(mine), expected + len(theirs)
        if len(mine) != len(theirs) or not len(mine):
            continue
        difference = np.abs(mine[np.lexsort(mine.T[::-1])] - theirs[np.lexsort(theirs.T[::-1])]).max(axis=1)
        direct = np.abs(mine - theirs).max(axis=1)  # in the order of both: no ties to break
        difference = direct if direct.max() <= difference.max() else difference
        equal += int((difference <= MATCHED).sum())
        largest = max(largest, float(difference.max()))
    return DecodeAgreement(parser, expected, equal, largest)
