"""One box a cell without anchors, before its decoding: FCOS, RTMDet, YOLOv6 and YOLOX as mmdet, mmyolo and NPU tools
export them.

For each stride classes, four box numbers and perhaps a third map that scores are multiplied by (centre-ness,
objectness), in outputs of their own, in one, or the cells of all strides in turn. What the four numbers mean is read
from neighbouring cells (`cell_boxes`), never assumed.
Source: FCOS (arXiv 1904.01355); mmdet's fcos_head.py and rtmdet_head.py; mmyolo's rtmdet_head.py and yolov6_head.py;
Megvii YOLOX, yolox/models/yolo_head.py (decode_outputs); airockchip/rknn_model_zoo, yolov6's and yolox's examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.base.spec import IMAGENET_ROW
from dsbench.families import cell_boxes, map_heads, maps, yolo_objectness
from dsbench.families.base import Convention, Head, HeadFact, Hints, Network, Outputs, Preprocessing, Rejected
from dsbench.families.cell_boxes import BoxNumbers, CellPart, Neighbours
from dsbench.families.map_heads import Form, Level, MapFamily, MapLayout
from dsbench.families.maps import Map
from dsbench.families.queries import sigmoid
from dsbench.families.yolox import Yolox

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

NAME = "anchor_free"
BOX = 4
UNSURE = (
    "where in a cell distances are measured from is not in the outputs: taken is {origin:g} ({whose}); boxes that lie"
    " half a cell off need [head] cell-offset = {other:g} in dsbench.toml"
)


@dataclass(frozen=True, slots=True)
class _CellReading:
    """``third``: what the third plane is; empty without one. ``unread``: a map beside them that the decode ignores."""

    classes: int
    cells: tuple[CellPart, ...]
    third: str
    unread: str = ""
    plain: bool = False
    """Outputs of their own for each stride, of which nothing else is known to be like them."""


class AnchorFree(MapFamily):
    """Undecoded boxes of one anchor-free cell each."""

    name = NAME

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Classes and four numbers a cell, whose meaning neighbouring cells show."""
        readings = _find(samples, Network(facts.width, facts.height), labels, hints)
        if not readings:
            return Rejected(NAME, "it has classes and four box numbers for each cell of each stride")
        for parts in readings:
            activated = _activated(samples, parts)
            shown = cell_boxes.meaning(samples, parts.cells, parts.classes, not activated)
            if shown:
                break
        strides = ", ".join(str(cell.grid.stride) for cell in parts.cells)
        if shown is None:
            return Rejected(
                NAME,
                f"undecoded maps of strides {strides} (classes and four box numbers): no neighbouring cells saw the"
                " same object, so what the numbers mean is unknown",
                close=parts.plain,
                fix="give a --video that shows the model's objects and state [property] net-scale-factor, offsets and"
                " model-color-format, or export with the decoding",
            )
        if activated and len(samples[0]) == 1 and parts.third and shown.numbers is BoxNumbers.OFFSETS:
            return Rejected(NAME, "one output of offsets, sizes and probabilities is YOLOX's")
        return _head(parts, samples, hints, activated, shown)

    def convention(self) -> Convention:
        """RTMDet's and mmdet's: ImageNet's normalisation, BGR, padded at the right and below."""
        scale, offsets = IMAGENET_ROW
        return Convention(
            Preprocessing(scale, offsets[::-1], model_color_format=1, maintain_aspect_ratio=1),
            cluster_mode=2,
            origin="mmdet's habit: ImageNet normalisation, BGR, letterboxed at the top left; dense head, so"
            " DeepStream's NMS",
            firm=False,
        )


def _find(samples: Sequence[Outputs], network: Network, labels: Sequence[str], hints: Hints) -> list[_CellReading]:
    """The readings of the outputs: two where there are as many classes as box numbers."""
    groups = list(maps.by_stride(maps.read(samples, network)).values())
    if not groups and samples and len(samples[0]) <= 3:
        stacks = [maps.stacked(index, out.data.shape, network) for index, out in enumerate(samples[0])]
        groups = [list(each) for each in zip(*stacks, strict=True)] if len({len(s) for s in stacks}) == 1 else []
    if len(groups) < 2 or any(part.per_cell != 1 for group in groups for part in group):
        return []
    widths = [part.channels for part in groups[0]]
    if any(sorted(part.channels for part in group) != sorted(widths) for group in groups):
        return []
    if len(widths) == 1:
        found = _one_map([group[0] for group in groups], samples, labels, hints) if widths[0] > BOX + 1 else None
        return [found] if found else []
    return [found for which in range(widths.count(BOX)) if (found := _separate(groups, samples, which))]


def _one_map(
    stack: Sequence[Map], samples: Sequence[Outputs], labels: Sequence[str], hints: Hints
) -> _CellReading | None:
    """Box, third plane (if there is one) and classes as channels of one map."""
    import numpy as np

    channels = stack[0].channels
    third = hints.objectness
    if third is None and labels and len(labels) in (channels - BOX, channels - BOX - 1):
        third = len(labels) == channels - BOX - 1
    if third is None:
        rows = np.concatenate([maps.pooled(samples, part.plane, part.grid.cells, channels) for part in stack])
        chances = rows if rows[:, BOX:].min() >= 0 else np.concatenate((rows[:, :BOX], sigmoid(rows[:, BOX:])), axis=1)
        third = yolo_objectness.by_values(chances)
    if third is None:
        return None
    first = BOX + int(third)
    cells = tuple(
        CellPart(part.grid, part.plane.channel(first), part.plane, part.plane.channel(BOX) if third else None)
        for part in stack
    )
    fits = len(labels) == channels - first and len(samples[0]) > 1
    return _CellReading(channels - first, cells, "column 4" if third else "", plain=fits)


def _separate(groups: Sequence[Sequence[Map]], samples: Sequence[Outputs], which: int) -> _CellReading | None:
    """An output each for classes, box (number ``which`` of those with four channels) and, if there are three, for what
    scores are multiplied by."""
    if len(groups[0]) not in (2, 3):
        return None
    boxes = [[part for part in group if part.channels == BOX][which] for group in groups]
    rest = [
        sorted((part for part in group if part is not box), key=lambda part: _rank(part, samples))
        for group, box in zip(groups, boxes, strict=True)
    ]
    if len(rest[0]) == 2 and rest[0][1].channels != 1:
        return None
    third = [each[1].plane if len(each) == 2 else None for each in rest]
    cells = tuple(
        CellPart(each[0].grid, each[0].plane, box.plane, extra)
        for each, box, extra in zip(rest, boxes, third, strict=True)
    )
    own = "a map of its own" if third[0] else ""
    parts = _CellReading(rest[0][0].channels, cells, own, plain=len(samples[0]) >= 2 * len(groups))
    if third[0] and _sums(parts, samples):
        plain = tuple(CellPart(cell.grid, cell.scores, cell.boxes) for cell in cells)
        return _CellReading(
            parts.classes, plain, "", "the sum of the classes, as Rockchip's tools add it, is not read", parts.plain
        )
    return parts


def _rank(part: Map, samples: Sequence[Outputs]) -> tuple[int, bool]:
    """Classes before the third map: they have more channels, or are named so."""
    name = samples[0][part.plane.output].name.lower()
    return -part.channels, any(word in name for word in ("obj", "cent", "ctr", "conf"))


def _sums(parts: _CellReading, samples: Sequence[Outputs]) -> bool:
    """Whether the third map is the sum of the class scores, at most 1."""
    import numpy as np

    for cell in parts.cells:
        assert cell.extra is not None
        total = maps.pooled(samples, cell.scores, cell.grid.cells, parts.classes).sum(axis=1)
        extra = maps.pooled(samples, cell.extra, cell.grid.cells, 1)[:, 0]
        if np.abs(np.clip(total, 0, 1) - extra).max() > 0.01:  # NaN compares false
            return False
    return True


def _activated(samples: Sequence[Outputs], parts: _CellReading) -> bool:
    planes = []
    for cell in parts.cells:
        part = Map(cell.grid, cell.scores, parts.classes)
        planes.append((part, cell.scores, parts.classes))
        planes += [(part, cell.extra, 1)] if cell.extra else []
    return map_heads.probabilities(samples, planes)


def _head(parts: _CellReading, samples: Sequence[Outputs], hints: Hints, activated: bool, shown: Neighbours) -> Head:
    grids = [cell.grid for cell in parts.cells]
    levels = tuple(Level(cell.grid, cell.scores, cell.boxes, cell.extra) for cell in parts.cells)
    offsets, pixels = shown.numbers is BoxNumbers.OFFSETS, shown.numbers is BoxNumbers.PIXELS
    origin, whose = _origin(parts, hints, activated, pixels)
    layout = MapLayout(
        Form.EXPONENT if offsets else Form.DISTANCE,
        parts.classes,
        levels,
        map_heads.elements(samples, levels),
        activated,
        origin=0.0 if offsets else origin,
        pixels=pixels,
    )
    third = f"times {parts.third}" if parts.third else "the class alone"
    facts: tuple[HeadFact, ...] = (
        HeadFact("strides", ", ".join(str(grid.stride) for grid in grids), maps.strides_text(grids)),
        HeadFact("boxes", shown.numbers.value, f"{shown.agreeing:.0%} of {shown.pairs} neighbours that see an object"),
        HeadFact("score", third, parts.unread or "classes and a third plane" if parts.third else "classes"),
        HeadFact("sigmoid", *(("in the graph", "within 0..1") if activated else ("in the parser", "logits"))),
        HeadFact("classes", str(parts.classes), "class columns"),
    )
    if offsets:
        return Head(NAME, 0.9, parts.classes, layout, facts, convention=replace(Yolox().convention(), firm=False))
    unsure = whose != "dsbench.toml" and not parts.third
    warning = UNSURE.format(origin=origin, whose=whose, other=0.5 - origin)
    facts = (*facts, HeadFact("point of a cell", f"(x + {origin:g}) * stride", whose))
    return Head(NAME, 0.9, parts.classes, layout, facts, (warning,) if unsure else ())


def _origin(parts: _CellReading, hints: Hints, activated: bool, pixels: bool) -> tuple[float, str]:
    """Where in a cell distances begin, and whose habit that is."""
    if hints.cell_offset is not None:
        return hints.cell_offset, "dsbench.toml"
    if parts.third:
        return 0.5, "FCOS: the cell's centre"
    if parts.unread or (activated and not pixels):
        return 0.5, "YOLOv6: the cell's centre"
    return 0.0, "RTMDet: the cell's corner"
