"""Predicted boxes by row, class and score, as a parser chooses them from the scores of each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.judge.imports.diagnosis.row_parts import DecodedRows, joined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """k predicted boxes: the row of each, its class id and its score."""

    row: Ints
    ids: Ints
    score: Floats


def total(rows: DecodedRows) -> Floats:
    """Scores (n, C)."""
    return rows.classes if rows.objectness is None else joined(rows.objectness, rows.classes, rows.joint)


def chosen(rows: DecodedRows, scores: Floats, floor: float, by: Floats | None = None) -> Scored:
    """Every or the best class of each row whose score reaches the floor; ``by``: what the best class is chosen by."""
    import numpy as np

    scores = np.where(np.isfinite(scores), scores, -np.inf)
    if rows.ids is not None:
        keep = np.flatnonzero((scores[:, 0] >= floor) & (rows.ids >= 0))
        return Scored(keep, rows.ids[keep], scores[keep, 0])
    background = rows.background if rows.background < scores.shape[1] else -1
    if rows.every:
        passing = scores >= floor
        if background >= 0:
            passing[:, background] = False
        row, column = np.nonzero(passing)
        return Scored(row, column - rows.shift * (column > background), scores[row, column])
    ranked = scores if by is None else np.where(np.isfinite(by), by, -np.inf)
    if background >= 0:
        ranked = ranked.copy()
        ranked[:, background] = -np.inf
    best = ranked.argmax(axis=1)
    score = scores[np.arange(len(scores)), best]
    row = np.flatnonzero(score >= floor)
    return Scored(row, best[row] - rows.shift * (best[row] > background), score[row])
