"""Grids of anchor-free heads: one anchor per cell of each stride, row by row, strides in turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.families.base import Network

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STRIDE_SETS = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32), (8, 16), (16, 32), (4, 8, 16), (8,), (16,), (32,))
"""Tried in this order, here and in YOLOX's parser template; the first whose cells add up is taken."""


def strides_for(anchors: int, network: Network) -> tuple[int, ...] | None:
    """The stride set with one anchor per cell: sum of (H // s) * (W // s) over it equals ``anchors``."""
    for strides in STRIDE_SETS:
        if sum((network.height // s) * (network.width // s) for s in strides) == anchors:
            return strides
    return None


def cells_of(rows: int, network: Network) -> str:
    """The strides whose cells have one row each, or three, as text; empty if the rows are no cells.

    One stride alone does not count: 300 queries are also the cells of stride 32 at 640x480.
    """
    for per_cell in (1, 3):
        strides = strides_for(rows // per_cell, network) if rows % per_cell == 0 else None
        if strides and len(strides) > 1:
            count = "one" if per_cell == 1 else "three"
            return f"{count} for each cell of strides {', '.join(map(str, strides))}"
    return ""


def grid(strides: Sequence[int], network: Network) -> tuple[NDArray[np.float32], ...]:
    """Cell column, cell row and stride of every anchor, float32 (anchors,), row-major, strides in turn."""
    import numpy as np

    columns, rows, scale = [], [], []
    for stride in strides:
        height, width = network.height // stride, network.width // stride
        ys, xs = np.mgrid[0:height, 0:width]
        columns.append(xs.ravel())
        rows.append(ys.ravel())
        scale.append(np.full(height * width, stride))
    return tuple(np.concatenate(part).astype(np.float32) for part in (columns, rows, scale))
