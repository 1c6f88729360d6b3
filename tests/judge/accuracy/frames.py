"""Judged frames of a few boxes."""

from __future__ import annotations

import numpy as np

from dsbench.base.boxes import Boxes
from dsbench.judge.accuracy.average_precision import JudgedFrame

Row = tuple[float, ...]


def boxes(*rows: Row) -> Boxes:
    """Rows of class id, left, top, width, height and, for detections, score."""
    table = [(*row, 1.0)[:6] for row in rows]
    return Boxes.from_table(np.array(table, np.float32).reshape(-1, 6))


def frame(truth: list[Row], found: list[Row], number: int = 0, crowd: tuple[int, ...] = ()) -> JudgedFrame:
    regions = np.array([index in crowd for index in range(len(truth))], np.bool_)
    return JudgedFrame(number, f"{number}.txt", boxes(*truth), regions, boxes(*found))


A, B = (0, 0, 0, 100, 100), (0, 200, 0, 100, 100)
"""Two objects of class 0, apart."""
