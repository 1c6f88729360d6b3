"""Mistakes in the decoding of raw box columns: grid, stride, exponent, variances, anchors, decoding twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

from dsbench.families.base import Network
from dsbench.judge.imports.diagnosis.redecode import anchored, exponent, from_sides, priored, whole_grid
from dsbench.judge.imports.diagnosis.row_parts import Cells, DecodedRows, RawForm, centred, sigmoid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Decode = Callable[[DecodedRows, Network], tuple[Floats, ...]]


def with_cells(rows: DecodedRows, cells: Cells, network: Network) -> Floats | None:
    """The boxes with other cells; None for a form without."""
    if rows.raw is None:
        return None
    if rows.form is RawForm.EXPONENT:
        return exponent(rows.raw, cells)
    if rows.form is RawForm.SIDES:
        return from_sides(rows.raw, cells)
    if rows.form is RawForm.ANCHOR and rows.anchors is not None:
        return anchored(rows.raw, cells, rows.anchors)
    if rows.form is RawForm.WHOLE_GRID:
        return whole_grid(rows.raw, cells, network)
    return None


def _other_cells(change: Callable[[Cells, Network], tuple[Cells, ...]]) -> Decode:
    def decode(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
        if rows.cells is None:
            return ()
        found = (with_cells(rows, cells, network) for cells in change(rows.cells, network))
        return tuple(boxes for boxes in found if boxes is not None)

    return decode


def _no_grid(cells: Cells, network: Network) -> tuple[Cells, ...]:
    columns, lines = cells.columns * 0, cells.lines * 0
    return replace(cells, columns=columns, lines=lines), replace(cells, columns=columns), replace(cells, lines=lines)


def _grid_swapped(cells: Cells, network: Network) -> tuple[Cells, ...]:
    """Column and row exchanged, or the cells counted column by column."""
    import numpy as np

    columns, lines = cells.columns.copy(), cells.lines.copy()
    for stride in cells.levels:
        at = np.flatnonzero(cells.strides == stride)
        high = int(cells.lines[at].max()) + 1
        index = np.arange(len(at))
        columns[at], lines[at] = index // high, index % high
    return replace(cells, columns=cells.lines, lines=cells.columns), replace(cells, columns=columns, lines=lines)


def _half_cell(cells: Cells, network: Network) -> tuple[Cells, ...]:
    return tuple(replace(cells, columns=cells.columns + by, lines=cells.lines + by) for by in (0.5, -0.5))


def _one_cell(cells: Cells, network: Network) -> tuple[Cells, ...]:
    return tuple(replace(cells, columns=cells.columns + by, lines=cells.lines + by) for by in (1, -1))


def _stride_order(cells: Cells, network: Network) -> tuple[Cells, ...]:
    """The strides in another order; also with the right cells and the strides' values alone exchanged."""
    import numpy as np

    found = []
    for order in list(permutations(cells.levels))[1:24]:
        found.append(cells.reordered(order))
        named = dict(zip(cells.levels, order, strict=True))
        found.append(replace(cells, strides=np.array([named[stride] for stride in cells.strides.tolist()])))
    return tuple(found)


def _one_stride(cells: Cells, network: Network) -> tuple[Cells, ...]:
    """The same stride for every cell, for boxes of several."""
    import numpy as np

    values = cells.levels if len(cells.levels) > 1 else ()
    return tuple(replace(cells, strides=np.full_like(cells.strides, value)) for value in values)


def _one_stride_for_places(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """The same stride for the places of all cells, or for the sizes; the other is right."""
    import numpy as np

    if rows.cells is None or rows.raw is None or len(rows.cells.levels) < 2:
        return ()
    point = np.stack((rows.cells.columns, rows.cells.lines) * 2, axis=1) + rows.cells.origin
    found = []
    for stride in rows.cells.levels:
        cells = replace(rows.cells, strides=np.full_like(rows.cells.strides, stride))
        boxes = with_cells(rows, cells, network)
        if boxes is None:
            return ()
        if rows.form is RawForm.SIDES:
            sides = rows.raw * np.array([-1, -1, 1, 1])
            found += [point * stride + sides * rows.cells.strides[:, None],
                      point * rows.cells.strides[:, None] + sides * stride]  # fmt: skip
        else:
            found += [_mixed(boxes, rows.corners), _mixed(rows.corners, boxes)]
    return tuple(found)


def _no_stride(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """Boxes in grid units, or centre or size alone."""
    import numpy as np

    if rows.cells is None or rows.raw is None or rows.form not in (RawForm.EXPONENT, RawForm.SIDES):
        return ()
    ones = replace(rows.cells, strides=np.ones_like(rows.cells.strides))
    found = with_cells(rows, ones, network)
    assert found is not None
    if rows.form is RawForm.SIDES:  # the point in pixels, the sides not multiplied; or the reverse
        point = np.stack((rows.cells.columns, rows.cells.lines) * 2, axis=1) + rows.cells.origin
        scaled, signed = rows.cells.strides[:, None], rows.raw * np.array([-1, -1, 1, 1])
        return found, point * scaled + signed, point + signed * scaled
    right = rows.corners
    return found, _mixed(right, found), _mixed(found, right)


def _mixed(places: Floats, sizes: Floats) -> Floats:
    """The centres of one, the sizes of the other."""
    cx, cy = (places[:, 0] + places[:, 2]) / 2, (places[:, 1] + places[:, 3]) / 2
    return centred(cx, cy, sizes[:, 2] - sizes[:, 0], sizes[:, 3] - sizes[:, 1])


def _no_exponent(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    if rows.raw is None:
        return ()
    if rows.form is RawForm.EXPONENT and rows.cells is not None:
        sizes = rows.raw[:, 2:4] * rows.cells.strides[:, None]
    elif rows.form is RawForm.PRIOR and rows.anchors is not None:
        sizes = rows.raw[:, 2:4] * 0.2 * rows.anchors[:, 2:]
    else:
        return ()
    cx, cy = (rows.corners[:, 0] + rows.corners[:, 2]) / 2, (rows.corners[:, 1] + rows.corners[:, 3]) / 2
    return centred(cx, cy, *sizes.T), centred(cx, cy, *(sizes**2).T)


def _centre_sigmoid(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """A sigmoid on the offsets, as YOLOv3 and YOLOv5 have it."""
    import numpy as np

    if rows.form is not RawForm.EXPONENT or rows.raw is None or rows.cells is None:
        return ()
    offset = sigmoid(rows.raw[:, :2])
    return tuple(
        exponent(np.concatenate((part, rows.raw[:, 2:4]), axis=1), rows.cells) for part in (offset, offset * 2 - 0.5)
    )


def _twice(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """A grid decode of boxes that the graph has decoded."""
    import numpy as np

    if (
        rows.cells is None
        or rows.raw is None
        or rows.form not in (RawForm.CENTRES, RawForm.CORNERS, RawForm.EXPONENT, RawForm.SIDES)
    ):
        return ()
    if rows.form in (RawForm.EXPONENT, RawForm.SIDES):  # the finished boxes once more
        done = rows.corners
        raw = np.concatenate(((done[:, :2] + done[:, 2:]) / 2, done[:, 2:] - done[:, :2]), axis=1)
    else:
        raw = rows.raw
    place = (raw[:, :2] + np.stack((rows.cells.columns, rows.cells.lines), axis=1)) * rows.cells.strides[:, None]
    stride = rows.cells.strides[:, None]
    sizes = (np.exp(raw[:, 2:4]) * stride, raw[:, 2:4] * stride, raw[:, 2:4])
    found = [centred(*place.T, *size.T) for size in sizes]
    found += [centred(*raw[:, :2].T, *sizes[0].T), centred(*(raw[:, :2] * stride).T, *sizes[1].T)]
    return tuple(found)


def _no_variance(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    if rows.form is not RawForm.PRIOR or rows.raw is None or rows.anchors is None:
        return ()
    given = ((1.0, 1.0), (1.0, 0.2), (0.1, 1.0), (0.2, 0.1), (0.1, 0.1), (0.2, 0.2))
    return tuple(priored(rows.raw, rows.anchors, *variances) for variances in given)


def _no_prior(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """The offsets taken for boxes: centres or corners, in fractions or pixels."""
    import numpy as np

    if rows.form is not RawForm.PRIOR or rows.raw is None:
        return ()
    unit = np.array([network.width, network.height] * 2)
    return rows.raw * unit, centred(*(rows.raw * unit).T), rows.raw, centred(*rows.raw.T)


def _prior_corners(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """Prior corners taken for centres, or centres for corners."""
    import numpy as np

    if rows.form is not RawForm.PRIOR or rows.raw is None or rows.anchors is None:
        return ()
    centre, size = rows.anchors[:, :2], rows.anchors[:, 2:]
    read = (np.concatenate((centre - size / 2, centre + size / 2), axis=1),
            np.concatenate(((centre + size) / 2, size - centre), axis=1),
            np.concatenate((centre - size / 2, size), axis=1))  # fmt: skip
    return tuple(priored(rows.raw, priors) for priors in read)


def _sides_order(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """The four sides in another order, or taken for width and height."""
    if rows.form is not RawForm.SIDES or rows.raw is None or rows.cells is None:
        return ()
    orders = ([2, 1, 0, 3], [0, 3, 2, 1], [2, 3, 0, 1], [1, 0, 3, 2], [0, 2, 1, 3], [0, 1, 3, 2])
    return tuple(from_sides(rows.raw[:, order], rows.cells) for order in orders)


def _anchor_order(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """Another anchor of the head for each row, and the levels' anchors in reverse."""
    import numpy as np

    if rows.form is not RawForm.ANCHOR or rows.raw is None or rows.cells is None or rows.anchors is None:
        return ()
    known = np.unique(rows.anchors, axis=0)
    place = np.array([int(np.flatnonzero((known == anchor).all(axis=1))[0]) for anchor in rows.anchors])
    found = [anchored(rows.raw, rows.cells, known[::-1][place])]
    found += [anchored(rows.raw, rows.cells, np.roll(known, by, axis=0)[place]) for by in range(1, len(known))]
    return tuple(found)


def _anchor_form(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """YOLOv3's formula for YOLOv5's head, or the size without its square."""
    import numpy as np

    if rows.form is not RawForm.ANCHOR or rows.raw is None or rows.cells is None or rows.anchors is None:
        return ()
    point = np.stack((rows.cells.columns, rows.cells.lines), axis=1)
    unit, stride = np.clip(rows.raw, 1e-9, 1 - 1e-9), rows.cells.strides[:, None]
    old = (unit[:, :2] + point) * stride
    grown = unit[:, 2:4] / (1 - unit[:, 2:4]) * rows.anchors  # exp of the logit
    right = (rows.raw[:, :2] * 2 - 0.5 + point) * stride
    sizes = (grown, rows.raw[:, 2:4] * 2 * rows.anchors, (rows.raw[:, 2:4] * 2) ** 2)
    return (centred(*old.T, *grown.T), centred(*old.T, *((unit[:, 2:4] * 2) ** 2 * rows.anchors).T),
            *(centred(*right.T, *size.T) for size in sizes))  # fmt: skip


def _other_activation(rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
    """Centre and size of a whole-grid head behind other functions than tanh and sigmoid."""
    import numpy as np

    if rows.form is not RawForm.WHOLE_GRID or rows.raw is None or rows.cells is None:
        return ()
    point, raw = np.stack((rows.cells.columns, rows.cells.lines), axis=1), rows.raw
    offset, part = raw[:, :2], raw[:, 2:4]
    unit = np.array([network.width, network.height])
    offsets = (np.tanh(offset), sigmoid(offset), offset, 2 * sigmoid(offset) - 0.5)
    sizes = (sigmoid(part), np.tanh(part), part, np.exp(part))
    chosen = [(a, b) for a in offsets for b in sizes][1:]
    for other in offsets[1:]:  # of one axis alone
        chosen += [(np.where(axis, other, offsets[0]), sizes[0]) for axis in ((True, False), (False, True))]
    for other in sizes[1:]:
        chosen += [(offsets[0], np.where(axis, other, sizes[0])) for axis in ((True, False), (False, True))]
    return tuple(centred(*((point + a) * rows.cells.strides[:, None]).T, *(b * unit).T) for a, b in chosen)


_GRID = "(raw + grid offset) * stride, column for x and row for y"

MISTAKES: tuple[tuple[str, str, str, Decode], ...] = (
    ("no-grid", "the grid offset is missing: only the offset inside the cell is read", f"add it: {_GRID}",
     _other_cells(_no_grid)),
    ("grid-swapped", "column and row of the grid are swapped", f"cells lie row by row: {_GRID}",
     _other_cells(_grid_swapped)),
    ("half-cell", "boxes are half a cell off", "compare the grid point with the family's: corner or centre of the cell",
     _other_cells(_half_cell)),
    ("one-cell", "boxes are one cell off", "count cells from 0", _other_cells(_one_cell)),
    ("stride-order", "strides are in another order", "the rows lie finest stride first: see step 6a's strides",
     _other_cells(_stride_order)),
    ("one-stride", "one stride is taken for all cells", "take each row's own stride: see step 6a's strides",
     _other_cells(_one_stride)),
    ("one-stride-for-places", "one stride is taken for the places of all cells, or for all sizes",
     "multiply centre and size by the stride of the row", _one_stride_for_places),
    ("no-stride", "the stride is not multiplied in", "multiply centre and size by the stride of the row", _no_stride),
    ("no-exponent", "width and height are read without exp",
     "width = exp(raw) * stride (with priors: exp(raw * 0.2) * w)", _no_exponent),
    ("centre-sigmoid", "a sigmoid is applied to the centre", "remove it: the offsets are plain numbers",
     _centre_sigmoid),
    ("decoded-twice", "boxes are decoded twice: the tensor holds finished boxes",
     "push them as they are: no grid, no stride, no exp", _twice),
    ("variances", "the variances 0.1 and 0.2 are missing or exchanged",
     "centre: offset * 0.1 * prior size; size: exp(offset * 0.2) * prior size", _no_variance),
    ("no-priors", "offsets are taken for boxes: the prior boxes are missing", "decode them against the priors",
     _no_prior),
    ("prior-form", "centres and corners of the prior boxes are confused", "priors are cx, cy, w, h here",
     _prior_corners),
    ("sides-order", "the four sides are read in another order", "the order is left, top, right, bottom", _sides_order),
    ("anchor-order", "anchors are in another order", "take the anchors of step 6a in their order", _anchor_order),
    ("anchor-form", "the formula of another YOLO is used for the anchors",
     "centre: 2 * s - 0.5 + cell; size: (2 * s)^2 * anchor", _anchor_form),
    ("other-activation", "centre or size is read with another function: sigmoid for tanh, tanh for sigmoid, or none",
     "centre: (tanh(raw) + cell) * stride; size: sigmoid(raw) * size of the network", _other_activation),
)  # fmt: skip
