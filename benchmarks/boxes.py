"""YOLOX outputs to boxes in NumPy, as a peer's user would write it, and how far two lists of boxes agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]
"""(n, 6): class, score, left, top, right, bottom in pixels of the frame."""


@lru_cache(maxsize=8)
def grid(height: int, width: int) -> npt.NDArray[np.float32]:
    """(anchors, 3): column, row and stride of every anchor; strides 8, 16, 32."""
    parts = []
    for stride in (8, 16, 32):
        rows, columns = np.mgrid[0 : height // stride, 0 : width // stride]
        parts.append(np.stack([columns.ravel(), rows.ravel(), np.full(rows.size, stride)], axis=1))
    return np.concatenate(parts).astype(np.float32)


def candidates(rows: npt.NDArray[np.float32], size: tuple[int, int], threshold: float, scale: float) -> Boxes:
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


def iou(a: Boxes, b: Boxes) -> npt.NDArray[np.float32]:
    """(len(a), len(b)) intersection over union."""
    low = np.maximum(a[:, None, 2:4], b[None, :, 2:4])
    high = np.minimum(a[:, None, 4:6], b[None, :, 4:6])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area_a, area_b = (np.prod(boxes[:, 4:6] - boxes[:, 2:4], axis=1) for boxes in (a, b))
    result: npt.NDArray[np.float32] = shared / np.maximum(area_a[:, None] + area_b[None] - shared, 1e-9)
    return result


@dataclass(frozen=True)
class Agreement:
    """``matched`` of ``ours`` boxes have a partner (same class, IoU at least 0.5) among ``theirs``."""

    matched: int
    ours: int
    theirs: int

    @property
    def share(self) -> float:
        """2 * matched over both counts (F1); 1 where nobody sees anything."""
        total = self.ours + self.theirs
        return 2 * self.matched / total if total else 1.0


def compare(ours: Sequence[Boxes], theirs: Sequence[Boxes]) -> Agreement:
    """Frame by frame, best overlaps first, each box once."""
    matched = sum(_matches(a, b) for a, b in zip(ours, theirs, strict=True))
    return Agreement(matched, sum(map(len, ours)), sum(map(len, theirs)))


def _matches(a: Boxes, b: Boxes) -> int:
    if not len(a) or not len(b):
        return 0
    overlap = np.where(a[:, None, 0] == b[None, :, 0], iou(a, b), 0)
    count = 0
    while overlap.max(initial=0) >= 0.5:
        i, j = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[i, :] = overlap[:, j] = 0
        count += 1
    return count


def of_lists(frames: Sequence[Sequence[Sequence[float]]]) -> list[Boxes]:
    """From JSON."""
    return [np.array(frame, np.float32).reshape(-1, 6) for frame in frames]


def to_lists(frames: Sequence[Boxes]) -> list[Any]:
    """For JSON."""
    return [frame.tolist() for frame in frames]
