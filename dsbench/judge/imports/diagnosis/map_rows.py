"""Rows of a head of maps (``families/map_heads``): cells of all levels, one under the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsbench.families import maps
from dsbench.families.base import Network, Outputs
from dsbench.families.map_heads import Form as MapForm
from dsbench.families.map_heads import Level, MapLayout
from dsbench.judge.imports.diagnosis.redecode import anchored, exponent, from_sides, priored, whole_grid
from dsbench.judge.imports.diagnosis.row_parts import (
    Cells,
    DecodedRows,
    Joint,
    RawForm,
    Squash,
    centred,
    sigmoid,
    softmax,
    squashed,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_FORMS = {
    MapForm.DISTRIBUTION: RawForm.SIDES,
    MapForm.DISTANCE: RawForm.SIDES,
    MapForm.ANCHOR: RawForm.ANCHOR,
    MapForm.EXPONENT: RawForm.EXPONENT,
    MapForm.PRIOR: RawForm.PRIOR,
    MapForm.WHOLE_GRID: RawForm.WHOLE_GRID,
}
"""Forms with mistakes of their own; the boxes of any other are only decoded."""


def read(outputs: Outputs, layout: MapLayout, network: Network) -> DecodedRows:
    """The rows."""
    import numpy as np

    form = _FORMS.get(layout.form, RawForm.OTHER)
    columns = np.concatenate([_values(outputs, level.scores, level, layout.classes) for level in layout.levels])
    squash = Squash.SOFTMAX if layout.softmax else Squash.NONE if layout.activated else Squash.SIGMOID
    objectness = None
    if layout.objectness:
        extra = _extra(outputs, layout, 1)[:, 0]
        objectness = extra if layout.activated else sigmoid(extra)
    raw, anchors = _raw(outputs, layout), None
    if form in (RawForm.ANCHOR, RawForm.PRIOR):
        anchors = np.concatenate([np.tile(level.anchor, (level.grid.cells, 1)) for level in layout.levels])
    cells = _cells(layout)
    if form is RawForm.PRIOR and anchors is not None:
        centre = (np.stack((cells.columns, cells.lines), axis=1) + layout.origin) * cells.strides[:, None]
        anchors = np.concatenate((centre, anchors), axis=1)
    joint = Joint.WEIGHTED if layout.form is MapForm.WHOLE_GRID else Joint.ROOT if layout.root else Joint.PRODUCT
    return DecodedRows(
        _corners(outputs, layout, (raw, cells, anchors), network), squashed(columns, squash), objectness, joint=joint,
        squash=squash, columns=columns, form=form, raw=raw, cells=cells, anchors=anchors,
    )  # fmt: skip


def _raw(outputs: Outputs, layout: MapLayout) -> Floats:
    """The box columns (n, 4), or (n, 2): sides in strides, anchors' after their sigmoid."""
    import numpy as np

    channels = {MapForm.DISTRIBUTION: 4 * layout.bins, MapForm.CENTRE: 2, MapForm.SIZE: 2}.get(layout.form, 4)
    parts = [_values(outputs, level.boxes, level, channels) for level in layout.levels]
    if layout.form is MapForm.DISTRIBUTION:
        parts = [_expected(part, layout.bins) for part in parts]
    if layout.pixels:
        parts = [part / level.grid.stride for part, level in zip(parts, layout.levels, strict=True)]
    raw = np.concatenate(parts)
    return sigmoid(raw) if layout.form is MapForm.ANCHOR and not layout.activated else raw


def _corners(
    outputs: Outputs, layout: MapLayout, parts: tuple[Floats, Cells, Floats | None], network: Network
) -> Floats:
    """Boxes (n, 4) of raw columns, cells and anchors."""
    import numpy as np

    raw, cells, anchors = parts
    stride, point = cells.strides[:, None], np.stack((cells.columns, cells.lines), axis=1)
    if layout.form in (MapForm.DISTRIBUTION, MapForm.DISTANCE):
        return from_sides(raw, cells)
    if layout.form is MapForm.ANCHOR and anchors is not None:
        return anchored(raw, cells, anchors)
    if layout.form is MapForm.PRIOR and anchors is not None:
        return priored(raw, anchors)
    if layout.form is MapForm.EXPONENT:
        return exponent(raw, cells)
    if layout.form is MapForm.WHOLE_GRID:
        return whole_grid(raw, cells, network)
    if layout.form is MapForm.PIXELS:
        return centred(*((point + layout.origin) * stride + raw[:, :2]).T, *raw[:, 2:4].T)
    offsets = _extra(outputs, layout, 2)
    if layout.form is MapForm.SIZE:
        return centred(*((point + offsets) * stride).T, *(raw * stride).T)
    return exponent(np.concatenate((offsets[:, ::-1] + 0.5, raw[:, ::-1]), axis=1), cells)


def _extra(outputs: Outputs, layout: MapLayout, channels: int) -> Floats:
    import numpy as np

    found = [_values(outputs, level.extra, level, channels) for level in layout.levels if level.extra]
    return np.concatenate(found)


def _values(outputs: Outputs, plane: maps.Plane, level: Level, channels: int) -> Floats:
    import numpy as np

    return np.asarray(maps.values(outputs, plane, level.grid.cells, channels), np.float64)


def _cells(layout: MapLayout) -> Cells:
    import numpy as np

    grids = [level.grid for level in layout.levels]
    columns = np.concatenate([np.arange(grid.cells) % grid.columns for grid in grids]).astype(np.float64)
    lines = np.concatenate([np.arange(grid.cells) // grid.columns for grid in grids]).astype(np.float64)
    strides = np.concatenate([np.full(grid.cells, grid.stride) for grid in grids]).astype(np.float64)
    sides = layout.form in (MapForm.DISTRIBUTION, MapForm.DISTANCE)
    return Cells(columns, lines, strides, layout.origin if sides else 0.0)


def _expected(raw: Floats, bins: int) -> Floats:
    """Expected bin (n, 4) of four softmaxes over ``bins`` logits each."""
    import numpy as np

    weights = softmax(raw.reshape(-1, bins))
    return np.asarray((weights @ np.arange(bins, dtype=np.float64)).reshape(-1, 4), np.float64)
