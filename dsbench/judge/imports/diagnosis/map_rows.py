"""Rows of a head of maps (``families/map_heads``): cells of all levels, one under the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsbench.families import maps
from dsbench.families.base import Network, Outputs
from dsbench.families.map_heads import Form as MapForm
from dsbench.families.map_heads import Level, MapLayout
from dsbench.judge.imports.diagnosis.redecode import anchored, exponent, from_sides
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
    MapForm.WHOLE_GRID: RawForm.OTHER,
    MapForm.CENTRE: RawForm.OTHER,
}
_JOINTS = {MapForm.WHOLE_GRID: Joint.WEIGHTED, MapForm.EXPONENT: Joint.ROOT}


def read(outputs: Outputs, layout: MapLayout, network: Network) -> DecodedRows | None:
    """The rows; None for a form that is not known here."""
    import numpy as np

    form = _FORMS.get(layout.form)
    if form is None:
        return None
    columns = np.concatenate([_values(outputs, level.scores, level, layout.classes) for level in layout.levels])
    squash = Squash.NONE if layout.activated else Squash.SIGMOID
    objectness = None
    if all(level.extra for level in layout.levels) and layout.form is not MapForm.CENTRE:
        extra = np.concatenate([_values(outputs, level.extra, level, 1) for level in layout.levels if level.extra])[
            :, 0
        ]
        objectness = extra if layout.activated else sigmoid(extra)
    cells = _cells(layout)
    channels = {MapForm.DISTRIBUTION: 4 * layout.bins, MapForm.CENTRE: 2}.get(layout.form, 4)
    raw = np.concatenate([_values(outputs, level.boxes, level, channels) for level in layout.levels])
    anchors = None
    if form is RawForm.SIDES:
        raw = _expected(raw, layout.bins) if layout.form is MapForm.DISTRIBUTION else raw
        corners = from_sides(raw, cells)
    elif form is RawForm.ANCHOR:
        raw = raw if layout.activated else sigmoid(raw)
        anchors = np.concatenate([np.tile(level.anchor, (level.grid.cells, 1)) for level in layout.levels])
        corners = anchored(raw, cells, anchors)
    elif form is RawForm.EXPONENT:
        corners = exponent(raw, cells)
    elif layout.form is MapForm.WHOLE_GRID:
        corners = _whole_grid(raw, cells, network)
    else:
        offsets = np.concatenate([_values(outputs, level.extra, level, 2) for level in layout.levels if level.extra])
        corners = exponent(np.concatenate((offsets[:, ::-1] + 0.5, raw[:, ::-1]), axis=1), cells)
    joint = _JOINTS.get(layout.form, Joint.PRODUCT)
    return DecodedRows(
        corners, squashed(columns, squash), objectness, joint=joint, squash=squash, columns=columns, form=form, raw=raw,
        cells=cells, anchors=anchors,
    )  # fmt: skip


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


def _whole_grid(raw: Floats, cells: Cells, network: Network) -> Floats:
    """FastestDet: cx = (column + tanh(x)) * s, w = sigmoid(w) * network width."""
    import numpy as np

    centre = (np.stack((cells.columns, cells.lines), axis=1) + np.tanh(raw[:, :2])) * cells.strides[:, None]
    size = sigmoid(raw[:, 2:4]) * np.array([network.width, network.height])
    return centred(*centre.T, *size.T)


def _expected(raw: Floats, bins: int) -> Floats:
    """Expected bin (n, 4) of four softmaxes over ``bins`` logits each."""
    import numpy as np

    weights = softmax(raw.reshape(-1, bins))
    return np.asarray((weights @ np.arange(bins, dtype=np.float64)).reshape(-1, 4), np.float64)
