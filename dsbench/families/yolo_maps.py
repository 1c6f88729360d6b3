"""YOLOv5 and v7 before their Detect layer: maps [anchors * (5 + C), h, w] or [anchors, h, w, 5 + C] for each stride.

Their decode needs anchors, which such an export leaves out: from dsbench.toml, the ONNX metadata (``anchors``) or
constants. YOLOv3's and v4's maps look the same and are decoded otherwise (exp instead of the squared sigmoid).
Source: ultralytics/yolov5, models/yolo.py (Detect.forward); WongKinYiu/yolov7, models/yolo.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.families import constants, map_heads, maps
from dsbench.families.base import Convention, Head, HeadFact, Hints, Network, Outputs, Rejected
from dsbench.families.map_heads import Form, Level, MapFamily, MapLayout
from dsbench.families.maps import Grid, Map, Plane
from dsbench.families.yolo import DENSE

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

NAME = "yolo_maps"
ANCHORS = 3
"""Of each cell."""
BOX = 5
"""Box and objectness come before the classes."""
IN_STRIDES = 20.0
"""Anchors of the coarsest stride below this are counted in strides, as YOLOv5's buffer holds them."""
MISSING = (
    "export with the Detect layer (YOLOv5: without --train; YOLOv7: --grid), state [head] anchors in dsbench.toml (the"
    " model's own: width and height in pixels, three a stride, finest stride first), or put your own parser .cpp into"
    " parser/"
)
_NAMED = re.compile("anchor", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Anchored:
    """The maps of one stride as one plane for each anchor."""

    grid: Grid
    planes: tuple[Plane, ...]
    columns: int
    """5 + classes."""


class YoloMaps(MapFamily):
    """Raw maps of YOLOv5 and v7."""

    name = NAME

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """A map of three anchors a cell for each stride, and anchors from somewhere."""
        found = find(samples, Network(facts.width, facts.height), labels)
        if not found:
            return Rejected(NAME, "raw maps are [N, 3*(5+C), h, w] or [N, 3, h, w, 5+C] for each stride")
        grids = [item.grid for item in found]
        anchors, origin = _anchors(facts, hints, len(found))
        strides = ", ".join(str(grid.stride) for grid in grids)
        if not anchors:
            what = f"raw maps of strides {strides}, not decoded: their anchors are missing"
            return Rejected(NAME, what, close=True, fix=MISSING)
        classes = found[0].columns - BOX
        planes = [(item, plane) for item in found for plane in item.planes]
        levels = tuple(
            Level(item.grid, plane.channel(BOX), plane, plane.channel(4), anchor)
            for (item, plane), anchor in zip(planes, _scaled(anchors, grids), strict=True)
        )
        parts = [(Map(item.grid, plane, item.columns), plane, item.columns) for item, plane in planes]
        activated = map_heads.probabilities(samples, parts)
        layout = MapLayout(Form.ANCHOR, classes, levels, map_heads.elements(samples, levels), activated)
        shown = ", ".join(f"{width:g}x{height:g}" for width, height in (level.anchor for level in levels))
        found_facts = (
            HeadFact("strides", strides, f"cells of each: {maps.strides_text(grids)}"),
            HeadFact("anchors", shown, origin),
            HeadFact("sigmoid", *(("in the graph", "within 0..1") if activated else ("in the parser", "logits"))),
            HeadFact("decode", "YOLOv5's and v7's", "YOLOv3's and v4's maps look the same and need their own parser"),
            HeadFact("classes", str(classes), f"{found[0].columns} channels of an anchor - 5"),
        )
        return Head(NAME, 0.9, classes, layout, found_facts)

    def convention(self) -> Convention:
        """YOLO's."""
        return DENSE


def find(samples: Sequence[Outputs], network: Network, labels: Sequence[str]) -> list[_Anchored]:
    """The planes of three anchors for each stride, finest first; empty if the outputs are no raw maps.

    Maps whose channels fit both three anchors and sides as distributions (`gfl`) need labels that agree.
    """
    groups = maps.by_stride([part for part in maps.read(samples, network) if len(_shape(samples, part)) >= 3])
    if len(groups) < 2 or sum(map(len, groups.values())) != len(samples[0]) or any(len(g) > 1 for g in groups.values()):
        return []
    found = [_anchored(group[0]) for group in groups.values()]
    if not all(item and item.columns > BOX for item in found) or len({item.columns for item in found if item}) != 1:
        return []
    given = [item for item in found if item]
    spare = given[0].columns * ANCHORS > 64
    return [] if labels and spare and given[0].columns - BOX != len(labels) else given


def _shape(samples: Sequence[Outputs], part: Map) -> tuple[int, ...]:
    return samples[0][part.plane.output].data.shape


def _anchored(part: Map) -> _Anchored | None:
    if part.per_cell == ANCHORS:
        return _Anchored(part.grid, tuple(part.anchor(index) for index in range(ANCHORS)), part.channels)
    if part.per_cell != 1 or part.channels % ANCHORS:
        return None
    columns = part.channels // ANCHORS
    return _Anchored(part.grid, tuple(part.plane.channel(index * columns) for index in range(ANCHORS)), columns)


def _anchors(facts: OnnxFacts, hints: Hints, strides: int) -> tuple[tuple[float, ...], str]:
    """Widths and heights, finest stride first, and where they stand; empty if they stand nowhere."""
    size = strides * ANCHORS * 2
    if hints.anchors:
        return (hints.anchors, "dsbench.toml") if len(hints.anchors) == size else ((), "")
    stated = _numbers(dict(facts.metadata).get("anchors", ""))
    if len(stated) == size:
        return stated, "the ONNX file's metadata: anchors"
    for name, values in constants.named(facts.path, _NAMED, size) if facts.path.is_file() else ():
        return tuple(float(value) for value in values.reshape(-1)), f"constant {name!r} in the ONNX file"
    return (), ""


def _numbers(text: str) -> tuple[float, ...]:
    """The numbers of a list in a list, in order; empty if the text is none."""
    try:
        value = ast.literal_eval(text) if text else []
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    flat: list[float] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, (list, tuple)):
            stack.extend(reversed(item))
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            flat.append(float(item))
        else:
            return ()
    return tuple(flat)


def _scaled(anchors: Sequence[float], grids: Sequence[Grid]) -> list[tuple[float, float]]:
    """One (width, height) in pixels for each anchor of each stride."""
    pairs = list(zip(anchors[::2], anchors[1::2], strict=True))
    in_strides = max(max(pair) for pair in pairs[-ANCHORS:]) < IN_STRIDES
    unit = [grid.stride if in_strides else 1 for grid in grids for _ in range(ANCHORS)]
    return [(width * scale, height * scale) for (width, height), scale in zip(pairs, unit, strict=True)]
