"""What the four box numbers of a cell mean, as neighbouring cells show it that see the same object.

One cell further to the right, an object's left side is one cell farther away and its right side one cell nearer: four
distances change by (+1, -1), in strides or, times the stride, in pixels. A centre's offset changes by -1 and the size
not at all. Whole networks fed wrongly still show it on what they take for objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from dsbench.families import maps
from dsbench.families.base import Outputs
from dsbench.families.maps import Grid, Plane
from dsbench.families.queries import sigmoid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SEEN = 0.1
"""Score from which two neighbours are taken to see an object."""
FEWEST = 8
"""Pairs of neighbours that have to see something."""
NEAR = 0.4
"""A change is of one cell if it differs from it by at most this, in cells."""
CLEAR = 0.5
"""Fraction of the pairs that has to agree."""


class BoxNumbers(Enum):
    """The meaning of a cell's four box numbers."""

    STRIDES = "distances to the four sides, in strides"
    PIXELS = "distances to the four sides, in pixels"
    OFFSETS = "offset of the centre in strides, logarithm of the size"


@dataclass(frozen=True, slots=True)
class CellPart:
    """One stride: classes, box numbers, and a third plane that scores are multiplied by (or None)."""

    grid: Grid
    scores: Plane
    boxes: Plane
    extra: Plane | None = None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """``agreeing``: the fraction of ``pairs`` of neighbours that change as ``numbers`` do."""

    numbers: BoxNumbers
    agreeing: float
    pairs: int


def meaning(samples: Sequence[Outputs], parts: Sequence[CellPart], classes: int, logits: bool) -> Neighbours | None:
    """What the neighbours show in the sample that shows it best; None if none shows anything, or two contradict."""
    found = [each for sample in samples if (each := _of_sample(sample, parts, classes, logits))]
    if len({each.numbers for each in found}) != 1:
        return None
    return max(found, key=lambda each: each.agreeing)


def _of_sample(sample: Outputs, parts: Sequence[CellPart], classes: int, logits: bool) -> Neighbours | None:
    """None if too few neighbours see something, or they disagree."""
    import numpy as np

    found: dict[BoxNumbers, list[NDArray[np.bool_]]] = {numbers: [] for numbers in BoxNumbers}
    for part in parts:
        near, far = _changes(sample, part, classes, logits)
        for numbers, unit in ((BoxNumbers.STRIDES, 1), (BoxNumbers.PIXELS, part.grid.stride)):
            found[numbers].append((abs(near / unit - 1) < NEAR) & (abs(far / unit + 1) < NEAR))
        found[BoxNumbers.OFFSETS].append((abs(near + 1) < NEAR) & (abs(far) < NEAR))
    agreeing = {numbers: np.concatenate(each) for numbers, each in found.items()}
    pairs = len(agreeing[BoxNumbers.STRIDES])
    if pairs < FEWEST:
        return None
    ranked = sorted(((float(each.mean()), numbers) for numbers, each in agreeing.items()), key=lambda item: -item[0])
    (best, numbers), (second, _) = ranked[:2]
    return Neighbours(numbers, best, pairs) if best >= CLEAR and second <= best / 2 else None


def _changes(sample: Outputs, part: CellPart, classes: int, logits: bool) -> tuple[Floats, Floats]:
    """From one cell to the next along its axis: of number 0 or 1, and of number 2 or 3."""
    import numpy as np

    shape = part.grid.rows, part.grid.columns
    score, best = _scores(sample, part, classes, logits)
    box = maps.values(sample, part.boxes, part.grid.cells, 4).reshape(*shape, 4)
    seen, best = (score >= SEEN).reshape(shape), best.reshape(shape)
    near, far = [], []
    for axis, number in ((1, 0), (0, 1)):
        first = tuple(slice(None, -1) if a == axis else slice(None) for a in (0, 1))
        last = tuple(slice(1, None) if a == axis else slice(None) for a in (0, 1))
        both = seen[first] & seen[last] & (best[first] == best[last])
        change = (box[last] - box[first])[both]
        near.append(change[:, number])
        far.append(change[:, number + 2])
    return np.concatenate(near), np.concatenate(far)


def _scores(sample: Outputs, part: CellPart, classes: int, logits: bool) -> tuple[Floats, NDArray[np.intp]]:
    """Score and best class of each cell."""
    import numpy as np

    raw = maps.values(sample, part.scores, part.grid.cells, classes)
    best = raw.argmax(axis=1)
    score = raw[np.arange(len(raw)), best]
    score = sigmoid(score) if logits else score
    if part.extra is not None:
        extra = maps.values(sample, part.extra, part.grid.cells, 1)[:, 0]
        score = score * (sigmoid(extra) if logits else extra)
    return np.asarray(score, np.float32), best
