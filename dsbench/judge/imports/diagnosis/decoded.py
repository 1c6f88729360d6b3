"""Reads a head's rows from its outputs, in the layout that the family found.

If they do not give the boxes of the family's own decode, that decode is used instead: only mistakes that act on
finished boxes can then be recognised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsbench.base.boxes import Boxes
from dsbench.families import registry
from dsbench.families.base import HIGHEST_CLASS, Head, Network, Outputs
from dsbench.families.batched_nms import BatchedNmsLayout
from dsbench.families.grids import grid, strides_for
from dsbench.families.map_heads import MapLayout
from dsbench.families.queries import QueryLayout
from dsbench.families.rows import RowsLayout
from dsbench.families.rows import split as split_rows
from dsbench.families.ssd import SsdLayout
from dsbench.families.ssd_priors import SIGMOID, SOFTMAX, VARIANCES, PriorsLayout
from dsbench.families.yolo import YoloLayout
from dsbench.families.yolox import YoloxLayout
from dsbench.judge.imports.diagnosis import map_rows
from dsbench.judge.imports.diagnosis.row_parts import Cells, DecodedRows, RawForm, Squash, centred, clipped, squashed
from dsbench.judge.imports.diagnosis.scoring import RIGHT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FLOOR = 0.02
"""Threshold of the family's decode where its rows cannot be read."""
_CHECKED = 0.001
"""The lowest threshold at which the rows are compared with the family's decode: below it classes have equal scores."""
_SAME = 0.05
"""Pixels."""


def read(outputs: Outputs, head: Head, network: Network, threshold: float) -> DecodedRows:
    """The rows of one image."""
    import numpy as np

    family = registry.by_name(head.family)
    checked = max(threshold, _CHECKED)
    expected = family.decode(outputs, head, network, checked)
    with np.errstate(all="ignore"):
        rows = rows_of(outputs, head, network)
        if rows is not None and _gives(rows, expected, network, checked):
            return rows
    found = family.decode(outputs, head, network, min(FLOOR, threshold))
    table = found.table().astype(np.float64)
    corners = np.stack((table[:, 1], table[:, 2], table[:, 1] + table[:, 3], table[:, 2] + table[:, 4]), axis=1)
    return DecodedRows(corners, table[:, 5:6], ids=table[:, 0].astype(np.int64))


def rows_of(outputs: Outputs, head: Head, network: Network) -> DecodedRows | None:
    """The rows by the head's layout alone; None for a layout that is not known here."""
    layout = head.layout
    if isinstance(layout, YoloxLayout):
        return _yolox(outputs, layout, network)
    if isinstance(layout, YoloLayout):
        return _yolo(outputs, layout, network)
    if isinstance(layout, SsdLayout):
        return _ssd(outputs, layout, network)
    if isinstance(layout, PriorsLayout):
        return _priors(outputs, layout, network)
    if isinstance(layout, RowsLayout):
        return _rows(outputs, layout, network)
    if isinstance(layout, BatchedNmsLayout):
        return _batched(outputs, layout, network)
    if isinstance(layout, QueryLayout):
        return _queries(outputs, layout, head, network)
    return map_rows.read(outputs, layout, network) if isinstance(layout, MapLayout) else None


def _gives(rows: DecodedRows, expected: Boxes, network: Network, threshold: float) -> bool:
    """Whether the rows, read rightly, are the boxes of the family's decode, in its order."""
    import numpy as np

    scored = RIGHT.predict(rows, threshold)
    if not scored:
        return False
    first = scored[0]
    corners = clipped(rows.corners[first.row], network.width, network.height)
    keep = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1]) & (first.score >= np.float32(threshold))
    corners, ids, score = corners[keep], first.ids[keep], first.score[keep]
    if len(corners) != len(expected):
        return False
    sizes = corners[:, 2:] - corners[:, :2]
    mine = np.concatenate((ids[:, None], corners[:, :2], sizes, score[:, None]), axis=1)
    return bool((np.abs(mine - expected.table()) <= _SAME).all())


def _f64(array: Any) -> Floats:
    import numpy as np

    return np.asarray(array, np.float64)


def _cells(strides: tuple[int, ...], network: Network) -> Cells:
    columns, lines, scale = grid(strides, network)
    return Cells(_f64(columns), _f64(lines), _f64(scale))


def _unit(normalised: bool, network: Network) -> Floats:
    import numpy as np

    return np.array([network.width, network.height] * 2 if normalised else [1] * 4, np.float64)


def _yolox(outputs: Outputs, layout: YoloxLayout, network: Network) -> DecodedRows | None:
    import numpy as np

    raw = _f64(outputs[0].data)
    cells = _cells(layout.strides, network)
    if len(raw) != len(cells.columns):
        return None
    size = np.exp(raw[:, 2:4]) * cells.strides[:, None]
    cx, cy = (raw[:, 0] + cells.columns) * cells.strides, (raw[:, 1] + cells.lines) * cells.strides
    corners = centred(cx, cy, size[:, 0], size[:, 1])
    return DecodedRows(corners, raw[:, 5:], raw[:, 4], form=RawForm.EXPONENT, raw=raw[:, :4], cells=cells)


def _yolo(outputs: Outputs, layout: YoloLayout, network: Network) -> DecodedRows:
    import numpy as np

    raw = _f64(outputs[layout.output].data)
    raw = raw.T if layout.transposed else raw
    boxes = raw[:, :4] * _unit(layout.normalised, network)
    centres = layout.centres if layout.table else not layout.corners
    corners = centred(*boxes.T) if centres else boxes
    form = RawForm.CENTRES if centres else RawForm.CORNERS
    if layout.table:
        known = (raw[:, 5] > -0.5) & (raw[:, 5] < HIGHEST_CLASS)
        ids = np.where(known, np.floor(np.where(known, raw[:, 5], 0) + 0.5), -1).astype(np.int64)
        return DecodedRows(corners, raw[:, 4:5], ids=ids, form=form, raw=raw[:, :4])
    strides = strides_for(len(raw), network)
    cells = _cells(strides, network) if strides else None
    objectness = raw[:, 4] if layout.objectness else None
    classes = raw[:, 5:] if layout.objectness else raw[:, 4:]
    return DecodedRows(corners, classes, objectness, form=form, raw=raw[:, :4], cells=cells)


def _ssd(outputs: Outputs, layout: SsdLayout, network: Network) -> DecodedRows:
    import numpy as np

    if layout.pair:
        scores, raw = _f64(outputs[layout.scores].data), _f64(outputs[layout.boxes].data)
        scores = scores.T if layout.turned else scores
        corners = raw * _unit(layout.normalised, network)
        return DecodedRows(
            corners, scores, every=True, background=layout.background, shift=layout.shift, form=RawForm.CORNERS, raw=raw
        )
    table = _f64(outputs[0].data)
    raw = table[:, layout.box_column : layout.box_column + 4]
    ids = np.rint(np.nan_to_num(table[:, layout.class_column], nan=-1))
    moved = ids - layout.shift * (ids > layout.background)
    moved[(ids == layout.background) | (ids < 0) | (ids >= HIGHEST_CLASS)] = -1
    corners = raw * _unit(layout.normalised, network)
    score = table[:, layout.score_column : layout.score_column + 1]
    return DecodedRows(corners, score, ids=moved.astype(np.int64), form=RawForm.CORNERS, raw=raw)


def _priors(outputs: Outputs, layout: PriorsLayout, network: Network) -> DecodedRows:
    import numpy as np

    columns, raw = _f64(outputs[layout.scores].data), _f64(outputs[layout.boxes].data)
    squash = {SOFTMAX: Squash.SOFTMAX, SIGMOID: Squash.SIGMOID}.get(layout.activation, Squash.NONE)
    priors = _f64(layout.priors) * _unit(True, network)
    centre = priors[:, :2] + raw[:, :2] * VARIANCES[0] * priors[:, 2:]
    size = priors[:, 2:] * np.exp(raw[:, 2:] * VARIANCES[1])
    return DecodedRows(
        np.concatenate((centre - size / 2, centre + size / 2), axis=1), squashed(columns, squash), every=True,
        background=layout.background, shift=layout.shift, squash=squash, columns=columns, form=RawForm.PRIOR, raw=raw,
        anchors=priors,
    )  # fmt: skip


def _rows(outputs: Outputs, layout: RowsLayout, network: Network) -> DecodedRows:
    import numpy as np

    rows = split_rows(outputs, layout)
    boxes = _f64(rows.boxes) * _unit(layout.normalised, network)
    labels = _f64(rows.labels) - layout.shift
    known = (labels >= 0) & (labels < HIGHEST_CLASS)
    ids = np.where(known, np.rint(np.where(known, labels, 0)), -1).astype(np.int64)
    form = RawForm.CENTRES if layout.centres else RawForm.CORNERS
    corners = centred(*boxes.T) if layout.centres else boxes
    return DecodedRows(corners, _f64(rows.scores)[:, None], ids=ids, form=form, raw=_f64(rows.boxes))


def _batched(outputs: Outputs, layout: BatchedNmsLayout, network: Network) -> DecodedRows:
    import numpy as np

    raw = _f64(outputs[layout.boxes].data).reshape(-1, 4)
    scores = _f64(outputs[layout.scores].data).reshape(-1)
    labels = _f64(outputs[layout.classes].data).reshape(-1)
    count = float(_f64(outputs[layout.count].data).reshape(-1)[0])
    used = min(int(count), len(scores)) if count >= 0 else 0
    raw, scores, labels = raw[:used], scores[:used], labels[:used]
    known = (labels > -0.5) & (labels < HIGHEST_CLASS)
    ids = np.where(known, np.floor(np.where(known, labels, 0) + 0.5) - layout.shift, -1).astype(np.int64)
    corners = (raw[:, [1, 0, 3, 2]] if layout.turned else raw) * _unit(layout.normalised, network)
    return DecodedRows(corners, scores[:, None], ids=ids, form=RawForm.CORNERS, raw=raw)


def _queries(outputs: Outputs, layout: QueryLayout, head: Head, network: Network) -> DecodedRows:
    columns, raw = _f64(outputs[layout.scores].data), _f64(outputs[layout.boxes].data)
    corners = centred(*(raw * _unit(True, network)).T)
    if head.family == "detr":
        squash = Squash.NONE if layout.activated else Squash.SOFTMAX
        classes, background = squashed(columns, squash), columns.shape[1] - 1
        return DecodedRows(
            corners, classes, background=background, squash=squash, columns=columns, form=RawForm.CENTRES, raw=raw
        )
    columns = columns[:, : head.classes]
    squash = Squash.NONE if layout.activated else Squash.SIGMOID
    classes = squashed(columns, squash)
    return DecodedRows(corners, classes, every=True, squash=squash, columns=columns, form=RawForm.CENTRES, raw=raw)
