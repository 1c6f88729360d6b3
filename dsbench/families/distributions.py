"""Columns that are distributions of the four box sides (GFL, DFL): 4 * bins logits next to the classes.

NanoDet has 8 bins a side, GFL and PP-YOLOE 17, YOLOv8 before its decoding 16. `gfl` decodes them; other families ask
whether a table is theirs. Source: Generalized Focal Loss (arXiv 2006.04388, section 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = (8, 16, 17, 32, 33)
NEGATIVE = 0.1
"""Logits of a distribution are negative more often than this; decoded boxes and scores are not."""


@dataclass(frozen=True, slots=True)
class Split:
    """Columns of classes and of sides."""

    bins: int
    classes: int
    classes_first: bool

    @property
    def text(self) -> str:
        """What the columns are."""
        columns = 4 * self.bins + self.classes
        return (
            f"{4 * self.bins} of the {columns} columns are distributions of the four box sides (GFL/DFL, {self.bins}"
            f" bins a side), {self.classes} class column{'s' * (self.classes > 1)}"
            f" {'before' if self.classes_first else 'behind'} them"
        )


def find(raw: NDArray[np.float32], labels: Sequence[str]) -> Split | None:
    """What the columns of ``raw`` (rows, columns) are, if they are classes and distributions of sides.

    Scores within 0..1 show where the classes are. Logits do so by being low: most cells see nothing. A number of
    classes that is not that of the labels is only believed with such scores.
    """
    columns = raw.shape[1]
    fitting = sorted((b for b in BINS if columns > 4 * b), key=lambda b: columns - 4 * b != len(labels))
    for bins in fitting:
        classes = columns - 4 * bins
        ends = ((True, raw[:, :classes], raw[:, classes:]), (False, raw[:, -classes:], raw[:, :-classes]))
        spread = [(first, scores) for first, scores, sides in ends if bool(((sides < 0).mean(axis=0) > NEGATIVE).all())]
        for first, scores in spread:
            if scores.min() >= 0 and scores.max() <= 1:
                return Split(bins, classes, first)
        if spread and classes == len(labels):
            first, _ = min(spread, key=lambda item: float(item[1].mean()))
            return Split(bins, classes, first)
    return None


def name(arrays: Sequence[NDArray[np.float32]], labels: Sequence[str]) -> str:
    """What the columns are, if they are classes and distributions of sides; else empty. ``arrays``: (rows, columns)
    or (columns, rows) of each sample."""
    import numpy as np

    if not arrays or arrays[0].ndim != 2:
        return ""
    turned = arrays[0].shape[0] < arrays[0].shape[1]
    found = find(np.concatenate([array.T if turned else array for array in arrays]), labels)
    return f"{found.text}: the boxes are not decoded in the graph" if found else ""
