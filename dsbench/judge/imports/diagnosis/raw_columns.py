"""Mistakes in the reading of raw box columns: the grid that rows are counted on, columns, and functions of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from dsbench.families.base import Network
from dsbench.judge.imports.diagnosis.raw_geometry import with_cells
from dsbench.judge.imports.diagnosis.redecode import exponent, priored
from dsbench.judge.imports.diagnosis.row_parts import Cells, DecodedRows, RawForm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Decode = Callable[[DecodedRows, Network], tuple[Floats, ...]]


def _exponent_with(change: Callable[[Floats], tuple[Floats, ...]]) -> Decode:
    """Offsets and logarithms of sizes (n, 4) that are read otherwise."""

    def decode(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
        if rows.form is not RawForm.EXPONENT or rows.raw is None or rows.cells is None:
            return ()
        cells = rows.cells
        return tuple(exponent(raw, cells) for raw in change(rows.raw))

    return decode


def _other_base(raw: Floats) -> tuple[Floats, ...]:
    """Powers of 2 and 10, and exp - 1."""
    import numpy as np

    centre, power = raw[:, :2], raw[:, 2:4]
    with np.errstate(all="ignore"):
        logs = (power * np.log(2), power * np.log(10), np.log(np.expm1(np.maximum(power, 0))))
    return tuple(np.concatenate((centre, one), axis=1) for one in logs)


def _centre_exponent(raw: Floats) -> tuple[Floats, ...]:
    import numpy as np

    return (np.concatenate((np.exp(raw[:, :2]), raw[:, 2:4]), axis=1),)


def _centre_whole(raw: Floats) -> tuple[Floats, ...]:
    """Cut towards zero, down, or to the nearest cell."""
    import numpy as np

    return tuple(np.concatenate((cut(raw[:, :2]), raw[:, 2:4]), axis=1) for cut in (np.trunc, np.floor, np.rint))


def _columns_as(*orders: tuple[int, int, int, int]) -> Decode:
    """The four box columns taken in another order."""

    def decode(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
        if rows.raw is None or rows.form in (RawForm.OTHER, RawForm.SIDES):
            return ()
        found = (_redecoded(rows, rows.raw[:, list(order)], network) for order in orders)
        return tuple(boxes for boxes in found if boxes is not None)

    return decode


def _redecoded(rows: DecodedRows, raw: Floats, network: Network) -> Floats | None:
    """The boxes of other raw columns; None for finished boxes, whose unit is not known here."""
    if rows.form is RawForm.PRIOR and rows.anchors is not None:
        return priored(raw, rows.anchors)
    if rows.cells is None or rows.form not in (RawForm.EXPONENT, RawForm.ANCHOR):
        return None
    return with_cells(replace(rows, raw=raw), rows.cells, network)


_SIDES = (224, 256, 320, 352, 384, 416, 480, 512, 544, 608, 640, 800)
"""Usual sides of a network."""


def _counted(sizes: Sequence[tuple[int, int]], strides: Sequence[float], count: int) -> Iterator[Cells]:
    """Cells for rows that are counted on grids of other sizes; rows without a cell get none."""
    import numpy as np

    for width, height in sizes:
        parts = []
        for stride in strides:
            line, column = np.mgrid[: int(height // stride), : int(width // stride)].reshape(2, -1).astype(np.float64)
            parts.append(np.stack((column, line, np.full(len(line), stride))))
        table = np.full((3, count), np.nan)
        made = np.concatenate(parts, axis=1)[:, :count]
        table[:, : made.shape[1]] = made
        yield Cells(*table)


def _other_grid(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """The grid of a network of another size: a square one, sides exchanged."""
    if rows.cells is None or rows.raw is None or rows.form is RawForm.ANCHOR:
        return ()
    width, height, levels = network.width, network.height, rows.cells.levels
    sizes = [(width, width), (height, height), (height, width), *((side, side) for side in _SIDES)]
    sizes = [size for size in dict.fromkeys(sizes) if size != (width, height)]
    return _on_cells(rows, _counted(sizes, levels, len(rows.raw)), network)


def _other_strides(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """Grids of which one has the stride of another level, or one that the head does not have."""
    if rows.cells is None or rows.raw is None or rows.form is RawForm.ANCHOR:
        return ()
    levels = rows.cells.levels
    if len(levels) > 3:
        return ()
    known = sorted({*levels, min(levels) / 2, max(levels) * 2})
    size = [(network.width, network.height)]
    found: list[Floats] = []
    for place, stride in product(range(len(levels)), known):
        strides = [*levels[:place], stride, *levels[place + 1 :]]
        if stride != levels[place]:
            found += _on_cells(rows, _counted(size, strides, len(rows.raw)), network)
    return tuple(found)


def _on_cells(rows: DecodedRows, every: Iterator[Cells], network: Network) -> tuple[Floats, ...]:
    assert rows.cells is not None
    found = (with_cells(rows, replace(cells, origin=rows.cells.origin), network) for cells in every)
    return tuple(boxes for boxes in found if boxes is not None)


MISTAKES: tuple[tuple[str, str, str, Decode], ...] = (
    ("other-grid", "the grid is that of a network of another size: its rows have another length",
     "count columns and rows from networkInfo.width and networkInfo.height: width / stride, height / stride",
     _other_grid),
    ("other-strides", "the grid has other strides than the head", "take the strides of step 6a in their order",
     _other_strides),
    ("exponent-base", "width and height are another power than exp: 2^x, 10^x or e^x - 1",
     "width = exp(raw) * stride", _exponent_with(_other_base)),
    ("centre-exponent", "exp is applied to the centre as well", "remove it: the offsets are plain numbers",
     _exponent_with(_centre_exponent)),
    ("centre-whole", "the offset inside the cell is cut to whole cells", "keep it as float: the cell plus the offset",
     _exponent_with(_centre_whole)),
    ("offsets-swapped", "the columns of x and y are swapped, the grid is right", "x is column 0, y is column 1",
     _columns_as((1, 0, 2, 3))),
    ("column-repeated", "one of the four box columns is read twice, in place of another",
     "read x, y, width and height from four columns",
     _columns_as((0, 0, 2, 3), (1, 1, 2, 3), (0, 1, 2, 2), (0, 1, 3, 3))),
)  # fmt: skip
