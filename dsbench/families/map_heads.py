"""What the families of maps share: layout, NumPy decode, template variables (parser_maps.cpp.j2).

Each family of maps chooses planes for scores, boxes and a third thing, and a `Form`, which says how they make a box.
Boxes come level by level, cell by cell, row by row; the best class of a cell counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes, centre_to_corners
from dsbench.families import maps
from dsbench.families.base import Head, Network, Outputs, ParserContext, best_class, clip_boxes
from dsbench.families.maps import Grid, Map, Plane
from dsbench.families.queries import sigmoid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

TEMPLATE = "parser_maps.cpp.j2"


class Form(IntEnum):
    """How a cell's numbers make a box; s is the stride, (x, y) the cell, o the layout's ``origin``.

    ``extra`` is the objectness unless said otherwise.
    """

    DISTRIBUTION = 0
    """Four sides of ``bins`` logits: expected bin * s, from the point (x + o, y + o) * s (GFL)."""
    DISTANCE = 1
    """Four sides in strides, or in pixels, from the same point (SCRFD, FCOS, RTMDet)."""
    ANCHOR = 2
    """(2 * sigmoid(b) - 0.5 + cell) * s, (2 * sigmoid(b))^2 * anchor; score = objectness * class (YOLOv5, v7)."""
    WHOLE_GRID = 3
    """(cell + tanh(b)) * s, sigmoid(b) * network; score = objectness^0.6 * class^0.4 (FastestDet)."""
    EXPONENT = 4
    """(cell + b) * s, exp(b) * s (YuNet, YOLOX)."""
    CENTRE = 5
    """Boxes hold log height, log width in strides, ``extra`` the centre's offsets y, x (CenterFace)."""
    SIZE = 6
    """Boxes hold width, height in strides, ``extra`` the centre's offsets x, y from the cell's corner (CenterNet)."""
    PIXELS = 7
    """Centre's offset from the point (x + o, y + o) * s and size, all in pixels (BlazeFace)."""
    PRIOR = 8
    """SSD's: (x + o) * s + 0.1 * b * anchor, anchor * exp(0.2 * b) (YuNet until 2022)."""


@dataclass(frozen=True, slots=True)
class Level:
    """One grid and where its numbers are; ``anchor``: width and height in pixels where the form has anchors."""

    grid: Grid
    scores: Plane
    boxes: Plane
    extra: Plane | None = None
    anchor: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class MapLayout:
    """``activated``: scores and objectness are probabilities, else logits. ``elements``: of each output of one image,
    by which the parser recognises them; 0: the parser does not read it."""

    form: Form
    classes: int
    levels: tuple[Level, ...]
    elements: tuple[int, ...]
    activated: bool = True
    bins: int = 1
    origin: float = 0.5
    root: bool = False
    """The score is sqrt(objectness * class) instead of their product."""
    pixels: bool = False
    """Sides are in pixels."""
    softmax: bool = False
    """The classes of a cell are logits of a softmax; the objectness is one of a sigmoid."""

    @property
    def objectness(self) -> bool:
        """Whether ``extra`` of the levels is an objectness."""
        return self.form not in (Form.CENTRE, Form.SIZE) and self.levels[0].extra is not None


class MapFamily:
    """Decode and template of a family of maps."""

    template = TEMPLATE

    def decode(self, outputs: Outputs, head: Head, network: Network, threshold: float) -> Boxes:
        """Reference decode, level by level."""
        assert isinstance(head.layout, MapLayout)
        return decode(outputs, head.layout, network, threshold)

    def context(self, head: Head) -> ParserContext:
        """Form, planes and numbers of elements."""
        assert isinstance(head.layout, MapLayout)
        return context(head.layout)


def elements(samples: Sequence[Outputs], levels: Sequence[Level]) -> tuple[int, ...]:
    """Number of elements of each output, 0 for those that no level reads."""
    read = {plane.output for level in levels for plane in (level.scores, level.boxes, level.extra) if plane}
    return tuple(out.data.size if index in read else 0 for index, out in enumerate(samples[0]))


def probabilities(samples: Sequence[Outputs], parts: Sequence[tuple[Map, Plane, int]]) -> bool:
    """Whether the planes, each with its map and number of channels, hold values within 0..1 only."""
    for part, plane, channels in parts:
        found = maps.pooled(samples, plane, part.grid.cells, channels)
        if not (found.min() >= -1e-3 and found.max() <= 1 + 1e-3):  # NaN compares false
            return False
    return True


def decode(outputs: Outputs, layout: MapLayout, network: Network, threshold: float) -> Boxes:
    """Boxes of all levels; cells with a score or box that is not finite are skipped."""
    import numpy as np

    found = [_level(outputs, layout, level, network, threshold) for level in layout.levels]
    return Boxes.from_table(np.concatenate([boxes.table() for boxes in found]))


def _level(outputs: Outputs, layout: MapLayout, level: Level, network: Network, threshold: float) -> Boxes:
    import numpy as np

    grid = level.grid
    classes = maps.values(outputs, level.scores, grid.cells, layout.classes)
    best = best_class(classes)
    raw = classes[np.arange(grid.cells), best]
    extra = maps.values(outputs, level.extra, grid.cells, 1)[:, 0] if level.extra else None
    with np.errstate(over="ignore", invalid="ignore"):
        score = _score(_softmax(classes, raw) if layout.softmax else raw, extra, layout)
        keep = np.flatnonzero(np.isfinite(score) & (score >= np.float32(threshold)))
        x, y = (keep % grid.columns).astype(np.float32), (keep // grid.columns).astype(np.float32)
        corners = _corners(outputs, layout, level, network, (keep, x, y))
        finite = np.isfinite(np.stack(corners)).all(axis=0)
        first, second, third, fourth = (part[finite].astype(np.float32) for part in corners)
        return clip_boxes(best[keep][finite], (first, second, third, fourth), score[keep][finite], network)


def _softmax(classes: Floats, best: Floats) -> Floats:
    """Probability (cells,) of the best of the logits (cells, C)."""
    import numpy as np

    return np.asarray(1 / np.exp(classes - best[:, None]).sum(axis=1), np.float32)


def _score(raw: Floats, extra: Floats | None, layout: MapLayout) -> Floats:
    """Scores (cells,) of the best class."""
    import numpy as np

    score = raw if layout.activated or layout.softmax else sigmoid(raw)
    if extra is None or not layout.objectness:
        return score
    objectness = extra if layout.activated else sigmoid(extra)
    if layout.form is Form.WHOLE_GRID:
        return np.asarray(objectness ** np.float32(0.6) * score ** np.float32(0.4), np.float32)
    if layout.root:
        return np.asarray(np.sqrt(np.clip(score, 0, 1) * np.clip(objectness, 0, 1)), np.float32)
    return np.asarray(objectness * score, np.float32)


def _corners(
    outputs: Outputs, layout: MapLayout, level: Level, network: Network, cells: tuple[NDArray[np.intp], Floats, Floats]
) -> tuple[Floats, Floats, Floats, Floats]:
    """x1, y1, x2, y2 of the kept cells (their indices, columns and rows)."""
    import numpy as np

    keep, x, y = cells
    stride = np.float32(level.grid.stride)
    channels = {Form.DISTRIBUTION: 4 * layout.bins, Form.CENTRE: 2, Form.SIZE: 2}.get(layout.form, 4)
    box = maps.values(outputs, level.boxes, level.grid.cells, channels)[keep]
    if layout.form in (Form.DISTRIBUTION, Form.DISTANCE, Form.PIXELS, Form.PRIOR):
        return _from_points(box, layout, level, x, y)
    if layout.form in (Form.CENTRE, Form.SIZE):
        assert level.extra is not None
        offset = maps.values(outputs, level.extra, level.grid.cells, 2)[keep]
        if layout.form is Form.SIZE:
            return centre_to_corners(
                (x + offset[:, 0]) * stride, (y + offset[:, 1]) * stride, box[:, 0] * stride, box[:, 1] * stride
            )
        half = np.float32(0.5)
        centre = (x + offset[:, 1] + half) * stride, (y + offset[:, 0] + half) * stride
        return centre_to_corners(*centre, np.exp(box[:, 1]) * stride, np.exp(box[:, 0]) * stride)
    if layout.form is Form.ANCHOR:
        unit = box if layout.activated else sigmoid(box)
        two, half = np.float32(2), np.float32(0.5)
        centre = (unit[:, 0] * two - half + x) * stride, (unit[:, 1] * two - half + y) * stride
        width, height = (np.float32(side) for side in level.anchor)
        return centre_to_corners(*centre, (unit[:, 2] * two) ** 2 * width, (unit[:, 3] * two) ** 2 * height)
    if layout.form is Form.WHOLE_GRID:
        centre = (x + np.tanh(box[:, 0])) * stride, (y + np.tanh(box[:, 1])) * stride
        width, height = np.float32(network.width), np.float32(network.height)
        return centre_to_corners(*centre, sigmoid(box[:, 2]) * width, sigmoid(box[:, 3]) * height)
    centre = (x + box[:, 0]) * stride, (y + box[:, 1]) * stride
    return centre_to_corners(*centre, np.exp(box[:, 2]) * stride, np.exp(box[:, 3]) * stride)


def _from_points(
    box: Floats, layout: MapLayout, level: Level, x: Floats, y: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Corners of sides or offsets that are measured from the points of the cells (columns x, rows y), in pixels."""
    import numpy as np

    stride, origin = np.float32(level.grid.stride), np.float32(layout.origin)
    px, py = (x + origin) * stride, (y + origin) * stride
    if layout.form is Form.PIXELS:
        return centre_to_corners(px + box[:, 0], py + box[:, 1], box[:, 2], box[:, 3])
    if layout.form is Form.PRIOR:
        width, height = (np.float32(side) for side in level.anchor)
        offset, size = box[:, :2] * np.float32(0.1), np.exp(box[:, 2:] * np.float32(0.2))
        centre = px + offset[:, 0] * width, py + offset[:, 1] * height
        return centre_to_corners(*centre, size[:, 0] * width, size[:, 1] * height)
    sides = _expected(box, layout.bins) if layout.form is Form.DISTRIBUTION else box
    left, top, right, bottom = (sides * (np.float32(1) if layout.pixels else stride)).T
    return px - left, py - top, px + right, py + bottom


def _expected(box: Floats, bins: int) -> Floats:
    """Expected bin (n, 4) of four softmaxes over ``bins`` logits each (n, 4 * bins)."""
    import numpy as np

    logits = box.reshape(len(box), 4, bins)
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    weighted = powers @ np.arange(bins, dtype=np.float32)
    return np.asarray(weighted / powers.sum(axis=2), np.float32)


def context(layout: MapLayout) -> ParserContext:
    """Template variables: a row of numbers for each level."""
    return (
        ("form", int(layout.form)),
        ("classes", layout.classes),
        ("activated", layout.activated),
        ("bins", layout.bins),
        ("objectness", layout.objectness),
        ("root", layout.root),
        ("pixels", layout.pixels),
        ("softmax", layout.softmax),
        ("origin", ((layout.origin,),)),
        ("elements", (tuple(float(count) for count in layout.elements),)),
        ("levels", tuple(_row(level) for level in layout.levels)),
    )


def _row(level: Level) -> tuple[float, ...]:
    """Stride, columns, rows, four numbers for each plane, anchor."""
    grid = level.grid
    planes = (level.scores, level.boxes, level.extra or level.scores)
    numbers = [grid.stride, grid.columns, grid.rows]
    for plane in planes:
        numbers += [plane.output, plane.offset, plane.cell_step, plane.channel_step]
    return (*(float(number) for number in numbers), *level.anchor)
