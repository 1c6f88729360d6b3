"""What several families read from the outputs of real frames: box space, corner order, first class id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dsbench.families.base import Network

LARGEST_FRACTION = 2.0
"""Coordinates up to this are fractions of the network input, larger ones pixels: boxes may reach beyond the frame."""

MOST_DETECTIONS = 1000
"""No export keeps more detections than this; longer tables have a row for each cell."""


def ordered(boxes: NDArray[np.float32]) -> float:
    """The fraction of the boxes (n, 4), n > 0, with x2 >= x1 and y2 >= y1: close to 1 for corners."""
    import numpy as np

    return float(np.mean((boxes[:, 2] >= boxes[:, 0]) & (boxes[:, 3] >= boxes[:, 1])))


def counted_from_one(class_ids: NDArray[np.integer], labels: Sequence[str]) -> bool:
    """Whether class ids (n,) of real detections run from 1 to the number of labels: id 0 is then a background."""
    if not labels or not len(class_ids):
        return False
    return bool(class_ids.min() >= 1) and int(class_ids.max()) == len(labels)


def pixels(boxes: NDArray[np.float32], normalised: bool, network: Network) -> NDArray[np.float32]:
    """Boxes (n, 4) in network pixels; ``normalised``: they are fractions of the network input."""
    import numpy as np

    width, height = (network.width, network.height) if normalised else (1, 1)
    return (boxes * np.array([width, height, width, height], np.float32)).astype(np.float32)
