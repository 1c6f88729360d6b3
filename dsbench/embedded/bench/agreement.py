"""How far two lists of detections of the same frames agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsbench.embedded.nvinfer.detections import Detections

_SAME_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Agreement:
    """``matched`` of ``first`` detections have a partner among ``second``: same class, IoU at least 0.5."""

    matched: int
    first: int
    second: int

    @property
    def f1(self) -> float:
        """2 * matched over both counts; 1 where neither has any."""
        total = self.first + self.second
        return 2 * self.matched / total if total else 1.0


def compare(first: Sequence[Detections], second: Sequence[Detections]) -> Agreement:
    """Frame by frame, best overlaps first, each detection once."""
    matched = sum(_pairs(a, b) for a, b in zip(first, second, strict=True))
    return Agreement(matched, sum(map(len, first)), sum(map(len, second)))


def _pairs(a: Detections, b: Detections) -> int:
    if len(a) == 0 or len(b) == 0:
        return 0
    overlap = np.where(a.class_id[:, None] == b.class_id[None, :], _iou(a, b), 0.0)
    count = 0
    while overlap.max() >= _SAME_IOU:
        i, j = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[i, :] = overlap[:, j] = 0.0
        count += 1
    return count


def _iou(a: Detections, b: Detections) -> npt.NDArray[np.float64]:
    """(len(a), len(b)) intersection over union."""
    shared = np.ones((len(a), len(b)))
    for low, size in (("left", "width"), ("top", "height")):
        a_low, b_low = getattr(a, low).astype(np.float64), getattr(b, low).astype(np.float64)
        a_high, b_high = a_low + getattr(a, size), b_low + getattr(b, size)
        length = np.minimum(a_high[:, None], b_high[None, :]) - np.maximum(a_low[:, None], b_low[None, :])
        shared = shared * np.maximum(length, 0.0)
    areas = (a.width * a.height)[:, None] + (b.width * b.height)[None, :]
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), np.float64)
