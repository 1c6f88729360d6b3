"""Detected boxes as parallel arrays, and pure functions over them: corners, IoU, NMS, matching.

NumPy is imported where it is used: families and verdicts are imported before a run needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base import spec

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Boxes:
    """n detections, in order. ``class_id`` is int32 (n,), the others float32 (n,).

    Coordinates are in pixels: of the network input after a decode, a parser or clustering; of the streammux surface
    after frame mapping.
    """

    class_id: NDArray[np.int32]
    left: Floats
    top: Floats
    width: Floats
    height: Floats
    confidence: Floats

    def __len__(self) -> int:
        return len(self.class_id)

    @classmethod
    def empty(cls) -> Boxes:
        """No detections."""
        import numpy as np

        return cls.from_block(np.empty(0, np.int32), np.empty((5, 0), np.float32))

    @classmethod
    def from_block(cls, class_id: NDArray[np.int32], block: Floats) -> Boxes:
        """Rows of ``block`` (5, n): left, top, width, height, confidence. Nothing is copied."""
        left, top, width, height, confidence = block
        return cls(class_id, left, top, width, height, confidence)

    @classmethod
    def from_table(cls, table: Floats) -> Boxes:
        """Columns of ``table`` (n, 6): class id, left, top, width, height, confidence."""
        import numpy as np

        return cls(table[:, 0].astype(np.int32), *(table[:, column] for column in range(1, 6)))

    def table(self) -> Floats:
        """(n, 6): class id, left, top, width, height, confidence."""
        import numpy as np

        columns = (self.class_id, self.left, self.top, self.width, self.height, self.confidence)
        return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Boxes:
        """The detections that ``index`` selects, in its order."""
        return Boxes(
            self.class_id[index],
            self.left[index],
            self.top[index],
            self.width[index],
            self.height[index],
            self.confidence[index],
        )


def centre_to_corners(cx: Floats, cy: Floats, w: Floats, h: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """x1, y1, x2, y2 of boxes given by centre and size."""
    import numpy as np

    half_w, half_h = w * np.float32(0.5), h * np.float32(0.5)
    return cx - half_w, cy - half_h, cx + half_w, cy + half_h


def iou(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Intersection over union, (len(a), len(b)), 0 to 1; classes are ignored. Equal boxes without area have IoU 1."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):  # a user's parser can return any values
        x, y = _overlap(a.left, a.width, b.left, b.width), _overlap(a.top, a.height, b.top, b.height)
        shared = x * y
        area_a, area_b = (part.width.astype(np.float64) * part.height for part in (a, b))
        union = area_a[:, None] + area_b[None] - shared
        overlap = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    overlap[(union <= 0) & _same_place(a, b)] = 1.0
    return overlap


def _overlap(low_a: Floats, size_a: Floats, low_b: Floats, size_b: Floats) -> NDArray[np.float64]:
    """Length of the overlap of each of a with each of b on one axis; 0 without overlap."""
    import numpy as np

    a, b = low_a.astype(np.float64)[:, None], low_b.astype(np.float64)[None]
    shared: Any = np.minimum(a + size_a[:, None], b + size_b[None]) - np.maximum(a, b)
    return np.asarray(np.maximum(shared, 0.0))


def _same_place(a: Boxes, b: Boxes) -> NDArray[np.bool_]:
    import numpy as np

    pairs = ((a.left, b.left), (a.top, b.top), (a.width, b.width), (a.height, b.height))
    same: NDArray[np.bool_] = np.logical_and.reduce([one[:, None] == other[None] for one, other in pairs])
    return same


def nms(boxes: Boxes, threshold: float = spec.NMS_IOU_THRESHOLD, limit: int = 300) -> NDArray[np.intp]:
    """Indices that greedy per-class NMS keeps among the ``limit`` best, in order of falling confidence.

    A box is dropped if its IoU with a better box of its class exceeds ``threshold``.
    """
    import numpy as np

    best = np.argsort(-boxes.confidence, kind="stable")[:limit]
    ranked = boxes.take(best)
    rivals = (iou(ranked, ranked) > threshold) & (ranked.class_id[:, None] == ranked.class_id[None])
    dropped = np.zeros(len(best), np.bool_)
    kept: list[int] = []
    for place in range(len(best)):
        if not dropped[place]:
            kept.append(place)
            dropped |= rivals[place]
    return best[np.array(kept, dtype=np.intp)]


def count_matches(a: Boxes, b: Boxes, threshold: float = 0.5) -> int:
    """Number of pairs of the same class with IoU of at least ``threshold``; best pairs first, each box once."""
    import numpy as np

    overlap = np.where(a.class_id[:, None] == b.class_id[None], iou(a, b), 0.0)
    count = 0
    while overlap.max(initial=0.0) >= threshold:
        i, j = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[i, :] = overlap[:, j] = 0.0
        count += 1
    return count
