"""Heads of maps: values for each cell of a grid and each channel, one grid for each stride.

An output may be [C, h, w], [h, w, C], [anchors, h, w, C], [h, w, anchors, C], rows [h*w*anchors, C] or their
transpose, or rows of several strides in turn. A `Plane` says where in the output's buffer a cell's channel lies,
whichever of these it is; decode and parser read nothing else. Grids have ceil(side / stride) cells, as a padded
convolution makes them, or floor(side / stride).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.families.base import Network, Outputs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STRIDES = (4, 8, 16, 32, 64, 128)
STRIDE_SETS = ((8, 16, 32, 64), (8, 16, 32), (8, 16, 32, 64, 128), (16, 32, 64), (16, 32), (8, 16), (4, 8, 16, 32))
"""Strides whose cells one output may hold in turn."""
PER_CELL = (1, 2, 3)
FEWEST_CELLS = 2
"""A grid has at least this number of cells a side: smaller arrays fit by chance."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Where values lie: channel c of cell i is element ``offset + i * cell_step + c * channel_step`` of the output."""

    output: int
    offset: int
    cell_step: int
    channel_step: int

    def channel(self, first: int) -> Plane:
        """The plane whose channel 0 is channel ``first`` of this one."""
        return replace(self, offset=self.offset + first * self.channel_step)


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of one stride."""

    stride: int
    columns: int
    rows: int

    @property
    def cells(self) -> int:
        return self.columns * self.rows


@dataclass(frozen=True, slots=True)
class Map:
    """One output, or the part of it that belongs to one stride.

    ``channels``: of one anchor. ``per_cell``: anchors that the layout itself shows; ``anchor_step``: elements between
    two of them.
    """

    grid: Grid
    plane: Plane
    channels: int
    per_cell: int = 1
    anchor_step: int = 0

    def anchor(self, index: int) -> Plane:
        """The plane of one anchor."""
        return replace(self.plane, offset=self.plane.offset + index * self.anchor_step)


def read(samples: Sequence[Outputs], network: Network) -> tuple[Map, ...]:
    """All outputs as maps of one stride each; empty if one of them is none."""
    found = [_map(index, out.data.shape, network) for index, out in enumerate(samples[0])] if samples else []
    return tuple(item for item in found if item is not None) if all(found) else ()


def by_stride(maps: Sequence[Map]) -> dict[Grid, list[Map]]:
    """The maps of each grid, finest first."""
    found: dict[Grid, list[Map]] = {}
    for item in sorted(maps, key=lambda item: item.grid.stride):
        found.setdefault(item.grid, []).append(item)
    return found


def stacked(index: int, shape: tuple[int, ...], network: Network) -> tuple[Map, ...]:
    """The maps of an output [cells of all strides, C] or its transpose; empty if the cells do not add up."""
    if len(shape) != 2:
        return ()
    for turned in (False, True):
        cells, channels = shape[::-1] if turned else shape
        for strides in STRIDE_SETS:
            for rounded in (True, False):
                grids = [_grid(stride, network, rounded) for stride in strides]
                if sum(grid.cells for grid in grids) == cells and grids[-1].cells >= FEWEST_CELLS:
                    return tuple(_stacked(index, grids, cells, channels, turned))
    return ()


def _stacked(index: int, grids: Sequence[Grid], cells: int, channels: int, turned: bool) -> Iterator[Map]:
    first = 0
    for grid in grids:
        plane = Plane(index, first, 1, cells) if turned else Plane(index, first * channels, channels, 1)
        yield Map(grid, plane, channels)
        first += grid.cells


def values(outputs: Outputs, plane: Plane, cells: int, channels: int) -> NDArray[np.float32]:
    """(cells, channels) float32 of one image."""
    import numpy as np

    flat = np.asarray(outputs[plane.output].data, np.float32).reshape(-1)
    places = np.arange(cells)[:, None] * plane.cell_step + np.arange(channels)[None] * plane.channel_step
    found: NDArray[np.float32] = flat[plane.offset + places]
    return found


def pooled(samples: Sequence[Outputs], plane: Plane, cells: int, channels: int) -> NDArray[np.float32]:
    """``values`` of all samples, one under the other."""
    import numpy as np

    return np.concatenate([values(sample, plane, cells, channels) for sample in samples])


def strides_text(grids: Sequence[Grid]) -> str:
    """The strides and their cells, as an error or a fact shows them."""
    return ", ".join(f"{grid.stride} ({grid.columns}x{grid.rows})" for grid in grids)


def _grid(stride: int, network: Network, rounded_up: bool) -> Grid:
    extra = stride - 1 if rounded_up else 0
    return Grid(stride, (network.width + extra) // stride, (network.height + extra) // stride)


def _grids(network: Network) -> Iterator[Grid]:
    for stride in STRIDES:
        for grid in dict.fromkeys(_grid(stride, network, up) for up in (True, False)):
            if min(grid.columns, grid.rows) >= FEWEST_CELLS:
                yield grid


def _map(index: int, shape: tuple[int, ...], network: Network) -> Map | None:
    """The output as a map of one stride."""
    grids = list(_grids(network))
    if len(shape) in (3, 4):
        return next((found for grid in grids if (found := _spatial(index, shape, grid))), None)
    if len(shape) in (1, 2):
        channels = shape[1] if len(shape) == 2 else 1
        for per_cell in PER_CELL:
            for grid in grids:
                if shape[0] == grid.cells * per_cell:
                    return Map(grid, Plane(index, 0, per_cell * channels, 1), channels, per_cell, channels)
        for grid in grids:
            if len(shape) == 2 and shape[1] == grid.cells:
                return Map(grid, Plane(index, 0, 1, grid.cells), shape[0])
    return None


def _spatial(index: int, shape: tuple[int, ...], grid: Grid) -> Map | None:
    """An output with the grid's rows and columns as dims of their own."""
    side = (grid.rows, grid.columns)
    if len(shape) == 3 and shape[1:] == side:
        return Map(grid, Plane(index, 0, 1, grid.cells), shape[0])
    if len(shape) == 3 and shape[:2] == side:
        return Map(grid, Plane(index, 0, shape[2], 1), shape[2])
    if len(shape) == 4 and shape[1:3] == side:
        return Map(grid, Plane(index, 0, shape[3], 1), shape[3], shape[0], grid.cells * shape[3])
    if len(shape) == 4 and shape[:2] == side:
        return Map(grid, Plane(index, 0, shape[2] * shape[3], 1), shape[3], shape[2], shape[3])
    return None
