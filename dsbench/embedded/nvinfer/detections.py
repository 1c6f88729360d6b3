"""Detected objects as parallel arrays: what a parser returns, clustering keeps and mapping moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int32Array = npt.NDArray[np.int32]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Detections:
    """n objects, their order kept. ``class_id`` int32 (n,); the others float32 (n,).

    Boxes are left, top, width, height in the space of whoever made them: network pixels out of a parser or
    clustering, streammux pixels after frame mapping.
    """

    class_id: Int32Array
    left: Float32Array
    top: Float32Array
    width: Float32Array
    height: Float32Array
    confidence: Float32Array

    def __len__(self) -> int:
        return len(self.class_id)

    @classmethod
    def empty(cls) -> Detections:
        """No objects."""
        return cls.from_block(np.empty(0, np.int32), np.empty((5, 0), np.float32))

    @classmethod
    def from_block(cls, class_id: Int32Array, block: Float32Array) -> Detections:
        """Rows of ``block`` (5, n): left, top, width, height, confidence. Nothing is copied."""
        left, top, width, height, confidence = block
        return cls(class_id, left, top, width, height, confidence)

    def take(self, index: npt.NDArray[np.intp] | npt.NDArray[np.bool_] | slice) -> Detections:
        """The objects that ``index`` selects, in its order."""
        return Detections(
            self.class_id[index],
            self.left[index],
            self.top[index],
            self.width[index],
            self.height[index],
            self.confidence[index],
        )
