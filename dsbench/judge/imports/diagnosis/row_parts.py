"""The parts of a head's rows that a parser can mistake: boxes, class columns, objectness, grid cells.

All arrays are float64 with one entry for each row; coordinates are network pixels and are not clipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class RawForm(StrEnum):
    """What the box columns of a row hold."""

    CORNERS = "corners"
    CENTRES = "centres"
    EXPONENT = "exponent"
    """Offsets in a grid cell and logarithms of sizes (YOLOX)."""
    SIDES = "sides"
    """Distances from a grid point to the four sides, in strides."""
    ANCHOR = "anchor"
    """Offsets in a grid cell and sizes against an anchor (YOLOv5)."""
    PRIOR = "prior"
    """Offsets against prior boxes with variances (SSD)."""
    WHOLE_GRID = "whole-grid"
    """Offsets from a grid point behind tanh, sizes as fractions of the network behind a sigmoid (FastestDet)."""
    OTHER = "other"
    """Only the finished boxes are known."""


class Squash(StrEnum):
    """What turns class columns into probabilities."""

    NONE = "none"
    SIGMOID = "sigmoid"
    SOFTMAX = "softmax"


class Joint(StrEnum):
    """How objectness and class make a score."""

    PRODUCT = "product"
    ROOT = "root"
    """sqrt(objectness * class)."""
    WEIGHTED = "weighted"
    """objectness^0.6 * class^0.4."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Column, row and stride of each row's grid cell, (n,); ``origin``: the point of a cell, in cells."""

    columns: Floats
    lines: Floats
    strides: Floats
    origin: float = 0.0

    def reordered(self, strides: tuple[float, ...]) -> Cells:
        """The same grids in another order of the strides."""
        import numpy as np

        index = np.concatenate([np.flatnonzero(self.strides == stride) for stride in strides])
        return Cells(self.columns[index], self.lines[index], self.strides[index], self.origin)

    @property
    def levels(self) -> tuple[float, ...]:
        """The strides in order."""
        return tuple(dict.fromkeys(self.strides.tolist()))


@dataclass(frozen=True, slots=True, eq=False)
class DecodedRows:
    """n rows of one image.

    ``corners`` (n, 4): x1, y1, x2, y2. ``classes`` (n, C): probabilities without the objectness, or (n, 1) with ``ids``
    if a column holds the class id. ``every``: each class that reaches the threshold gives a box, else the best one.
    ``background``: a column that is no class, -1 for none; ids behind it move down by ``shift``.
    ``columns``: the class columns as the tensor has them, before ``squash``; ``raw`` (n, 4): the box columns likewise.
    ``anchors`` (n, 4): prior boxes as cx, cy, w, h, or (n, 2): sizes of anchors; in pixels.
    """

    corners: Floats
    classes: Floats
    objectness: Floats | None = None
    ids: Ints | None = None
    every: bool = False
    background: int = -1
    shift: int = 0
    joint: Joint = Joint.PRODUCT
    squash: Squash = Squash.NONE
    columns: Floats | None = None
    form: RawForm = RawForm.OTHER
    raw: Floats | None = None
    cells: Cells | None = None
    anchors: Floats | None = None

    def __len__(self) -> int:
        return len(self.corners)


def sigmoid(values: Floats) -> Floats:
    """Logistic function."""
    import numpy as np

    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-values)), np.float64)


def softmax(values: Floats) -> Floats:
    """Softmax of each row."""
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


def squashed(values: Floats, squash: Squash) -> Floats:
    """Probabilities of class columns."""
    if squash is Squash.SIGMOID:
        return sigmoid(values)
    return softmax(values) if squash is Squash.SOFTMAX else values


def joined(objectness: Floats, classes: Floats, joint: Joint) -> Floats:
    """Scores (n, C) of objectness (n,) and classes (n, C)."""
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):
        both = objectness[:, None]
        if joint is Joint.ROOT:
            return np.asarray(np.sqrt(np.clip(both, 0, 1) * np.clip(classes, 0, 1)), np.float64)
        if joint is Joint.WEIGHTED:
            return np.asarray(np.abs(both) ** 0.6 * np.abs(classes) ** 0.4, np.float64)
        return np.asarray(both * classes, np.float64)


def centred(cx: Floats, cy: Floats, w: Floats, h: Floats) -> Floats:
    """Corners (n, 4) of centres and sizes."""
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):
        return np.stack((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), axis=1)


def clipped(corners: Floats, width: int, height: int) -> Floats:
    """Corners clipped to [0, width-1] x [0, height-1]."""
    import numpy as np

    return np.clip(corners, 0, np.array([width - 1, height - 1, width - 1, height - 1], np.float64))
