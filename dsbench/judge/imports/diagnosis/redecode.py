"""The formulas of undecoded boxes, each with the parts that a parser can leave out or take wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsbench.families.base import Network
from dsbench.judge.imports.diagnosis.row_parts import Cells, centred, sigmoid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def exponent(raw: Floats, cells: Cells) -> Floats:
    """YOLOX: cx = (dx + column) * s, w = exp(dw) * s."""
    import numpy as np

    size = np.exp(raw[:, 2:4]) * cells.strides[:, None]
    cx, cy = (raw[:, 0] + cells.columns) * cells.strides, (raw[:, 1] + cells.lines) * cells.strides
    return centred(cx, cy, size[:, 0], size[:, 1])


def from_sides(raw: Floats, cells: Cells) -> Floats:
    """GFL, FCOS, SCRFD: x1 = (column + origin - left) * s, x2 = (column + origin + right) * s."""
    import numpy as np

    point = np.stack((cells.columns, cells.lines), axis=1) + cells.origin
    return np.concatenate((point - raw[:, :2], point + raw[:, 2:4]), axis=1) * cells.strides[:, None]


def anchored(raw: Floats, cells: Cells, anchors: Floats) -> Floats:
    """YOLOv5, raw after the sigmoid: cx = (2 * x - 0.5 + column) * s, w = (2 * w)^2 * anchor."""
    cx = (raw[:, 0] * 2 - 0.5 + cells.columns) * cells.strides
    cy = (raw[:, 1] * 2 - 0.5 + cells.lines) * cells.strides
    size = (raw[:, 2:4] * 2) ** 2 * anchors
    return centred(cx, cy, size[:, 0], size[:, 1])


def priored(raw: Floats, priors: Floats, centre: float = 0.1, size: float = 0.2) -> Floats:
    """SSD: cx = p.cx + dx * 0.1 * p.w, w = p.w * exp(dw * 0.2)."""
    import numpy as np

    middle = priors[:, :2] + raw[:, :2] * centre * priors[:, 2:]
    extent = priors[:, 2:] * np.exp(raw[:, 2:4] * size)
    return np.concatenate((middle - extent / 2, middle + extent / 2), axis=1)


def whole_grid(raw: Floats, cells: Cells, network: Network) -> Floats:
    """FastestDet: cx = (tanh(x) + column) * s, w = sigmoid(w) * width of the network."""
    import numpy as np

    point = np.stack((cells.columns, cells.lines), axis=1)
    size = sigmoid(raw[:, 2:4]) * np.array([network.width, network.height])
    return centred(*((point + np.tanh(raw[:, :2])) * cells.strides[:, None]).T, *size.T)
