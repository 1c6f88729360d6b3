"""Heads whose box sides are distributions (GFL, DFL): 4 * bins columns of logits next to the classes.

NanoDet has 8 bins a side, GFL and PP-YOLOE 17, YOLOv8 before its decoding 16. No template decodes them.
This module recognises them, so that the error tells the user what a parser has to do. Source: Generalized Focal Loss
(arXiv 2006.04388, section 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = (8, 16, 17, 32, 33)
NEGATIVE = 0.1
"""Logits of a distribution are negative more often than this; decoded boxes and scores are not."""


def name(arrays: Sequence[NDArray[np.float32]], labels: Sequence[str]) -> str:
    """What the columns are, if they are classes and distributions of sides; else empty. ``arrays``: (rows, columns)
    or (columns, rows) of each sample."""
    import numpy as np

    if not arrays or arrays[0].ndim != 2:
        return ""
    turned = arrays[0].shape[0] < arrays[0].shape[1]
    raw = np.concatenate([array.T if turned else array for array in arrays])
    columns = raw.shape[1]
    fitting = [bins for bins in BINS if columns > 4 * bins]
    fitting.sort(key=lambda bins: columns - 4 * bins != len(labels))
    for bins in fitting:
        classes = columns - 4 * bins
        for place, scores, sides in (
            ("before", raw[:, :classes], raw[:, classes:]),
            ("behind", raw[:, -classes:], raw[:, :-classes]),
        ):
            spread = bool(((sides < 0).mean(axis=0) > NEGATIVE).all())
            probable = bool(scores.min() >= 0 and scores.max() <= 1)
            if spread and (probable or classes == len(labels)):
                return (
                    f"{4 * bins} of the {columns} columns are distributions of the four box sides (GFL/DFL, {bins}"
                    f" bins a side), {classes} class column{'s' * (classes > 1)} {place} them: the boxes are not"
                    " decoded in the graph"
                )
    return ""
