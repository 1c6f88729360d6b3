"""YOLOX outputs to boxes in NumPy, as a peer's user would write it, and how far two lists of boxes agree."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsbench.base.boxes import Boxes
from dsbench.embedded.bench import agreement
from dsbench.embedded.bench.agreement import Agreement

Table = npt.NDArray[np.float32]
"""(n, 6): class, score, left, top, right, bottom in pixels of the frame."""


@lru_cache(maxsize=8)
def grid(height: int, width: int) -> npt.NDArray[np.float32]:
    """(anchors, 3): column, row and stride of every anchor; strides 8, 16, 32."""
    parts = []
    for stride in (8, 16, 32):
        rows, columns = np.mgrid[0 : height // stride, 0 : width // stride]
        parts.append(np.stack([columns.ravel(), rows.ravel(), np.full(rows.size, stride)], axis=1))
    return np.concatenate(parts).astype(np.float32)


def candidates(rows: npt.NDArray[np.float32], size: tuple[int, int], threshold: float, scale: float) -> Table:
    """Boxes of one frame before suppression, clipped to the network: only rows that can pass are decoded."""
    likely = np.flatnonzero(rows[:, 4] >= threshold)  # class scores are at most 1
    chosen = rows[likely]
    best = chosen[:, 5:].argmax(axis=1)
    score = chosen[:, 4] * chosen[np.arange(len(chosen)), 5 + best]
    keep = score >= threshold
    chosen, cells = chosen[keep], grid(*size)[likely[keep]]
    centre = (chosen[:, :2] + cells[:, :2]) * cells[:, 2:]
    half = np.exp(chosen[:, 2:4]) * cells[:, 2:] / 2
    limit = np.array([size[1] - 1, size[0] - 1], np.float32)
    low, high = np.clip(centre - half, 0, limit) / scale, np.clip(centre + half, 0, limit) / scale
    return np.concatenate([best[keep, None], score[keep, None], low, high], axis=1).astype(np.float32)


def compare(ours: Sequence[Table], theirs: Sequence[Table]) -> Agreement:
    """Frame by frame, best overlaps first, each box once."""
    return agreement.compare([_boxes(frame) for frame in ours], [_boxes(frame) for frame in theirs])


def _boxes(table: Table) -> Boxes:
    corner, size = table[:, 2:4], table[:, 4:] - table[:, 2:4]
    return Boxes.from_table(np.concatenate([table[:, :1], corner, size, table[:, 1:2]], axis=1))


def of_lists(frames: Sequence[Sequence[Sequence[float]]]) -> list[Table]:
    """From JSON."""
    return [np.array(frame, np.float32).reshape(-1, 6) for frame in frames]


def to_lists(frames: Sequence[Table]) -> list[Any]:
    """For JSON."""
    return [frame.tolist() for frame in frames]
