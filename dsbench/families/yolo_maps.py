"""YOLOv5 and v7 before their Detect layer: maps [anchors * (5 + C), h, w] or [anchors, h, w, 5 + C] for each stride.

YOLO5Face has ten columns of landmarks before its class (16 in all), Yolo-FastestV2 classes that the three anchors share
(a softmax): maps of 12 box, 3 objectness and C channels, or all of them in one. YOLOv5-Lite puts the sigmoids of all
maps into one output of rows.

Their decode needs anchors, which such an export leaves out: from dsbench.toml, the ONNX metadata (``anchors``) or
constants. YOLOv3's and v4's maps look the same and are decoded otherwise (exp instead of the squared sigmoid).
Source: ultralytics/yolov5, models/yolo.py (Detect.forward); WongKinYiu/yolov7, models/yolo.py; deepcam-cn/yolov5-face,
models/yolo.py and yolov5n-0.5.yaml; dog-qiuqiu/Yolo-FastestV2, model/detector.py, utils/utils.py and data/coco.data;
ppogg/YOLOv5-Lite, models/yolo.py and models/v5Lite-e.yaml.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.families import constants, map_heads, maps, yolo_evidence
from dsbench.families.base import Convention, Head, HeadFact, Hints, Network, Outputs, Preprocessing, Rejected
from dsbench.families.map_heads import Form, Level, MapFamily, MapLayout
from dsbench.families.maps import Grid, Map, Plane
from dsbench.families.yolo import DENSE
from dsbench.model.coco import COCO80

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


FACE = 16
"""Columns of YOLO5Face: box, objectness, five points of two numbers, class."""
FACE_ANCHORS = (4, 5, 8, 10, 13, 16, 23, 29, 43, 55, 73, 105, 146, 217, 231, 300, 335, 433)
COCO = 80
COCO_ANCHORS = (10, 13, 16, 30, 33, 23, 30, 61, 62, 45, 59, 119, 116, 90, 156, 198, 373, 326)
"""YOLOv5's and YOLOv5-Lite's of COCO."""
FASTEST_ANCHORS = (12.64, 19.39, 37.88, 51.48, 55.71, 138.31, 126.91, 78.23, 131.57, 214.55, 279.92, 258.87)
"""Yolo-FastestV2's of COCO."""
FASTEST = Convention(
    Preprocessing(1 / 255, (), model_color_format=1, maintain_aspect_ratio=0),
    cluster_mode=2,
    origin="Yolo-FastestV2's convention: 0-1 BGR, stretched; dense head, so DeepStream's NMS",
    aspect=0,
)
_MOST = 0.8
"""Labels in COCO's spelling from which on they are COCO's; some files have VOC's for a few."""
TAKEN = (
    "anchors are not in the file: taken are {whose}; a model trained with others needs [head] anchors in dsbench.toml"
)


@dataclass(frozen=True, slots=True)
class _Anchored:
    """The maps of one stride: a plane for the scores, the box and the objectness of each anchor."""

    grid: Grid
    planes: tuple[tuple[Plane, Plane, Plane], ...]
    classes: int
    softmax: bool = False
    """The classes of a cell are a softmax."""
    habit: tuple[float, ...] = ()
    """Anchors of the project's own models, all strides."""
    whose: str = ""


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
        if not anchors and len(found[0].habit) == len(found) * ANCHORS * 2:
            anchors, origin = found[0].habit, found[0].whose
        strides = ", ".join(str(grid.stride) for grid in grids)
        if not anchors:
            what = f"raw maps of strides {strides}, not decoded: their anchors are missing"
            return Rejected(NAME, what, close=True, fix=MISSING)
        levels = tuple(
            Level(item.grid, *planes, anchor)
            for (item, planes), anchor in zip(
                ((item, planes) for item in found for planes in item.planes), _scaled(anchors, grids), strict=True
            )
        )
        head = _head(found[0], samples, levels, origin)
        return replace(head, warnings=()) if _of_coco(found[0], labels) else head

    def convention(self) -> Convention:
        """YOLO's."""
        return DENSE


def _of_coco(found: _Anchored, labels: Sequence[str]) -> bool:
    """Whether the labels are COCO's: the anchors of the project's own models are those of COCO."""
    return found.classes == COCO == len(labels) and sum(label.strip() in COCO80 for label in labels) > _MOST * COCO


def _head(found: _Anchored, samples: Sequence[Outputs], levels: tuple[Level, ...], origin: str) -> Head:
    parts = [
        (Map(level.grid, plane, count), plane, count)
        for level in levels
        for plane, count in ((level.scores, found.classes), (level.boxes, 4), (level.extra, 1))
        if plane
    ]
    activated = map_heads.probabilities(samples, parts)
    elements = map_heads.elements(samples, levels)
    softmax = found.softmax and not activated
    layout = MapLayout(Form.ANCHOR, found.classes, levels, elements, activated, softmax=softmax)
    shown = ", ".join(f"{width:g}x{height:g}" for width, height in (level.anchor for level in levels))
    grids = list(dict.fromkeys(level.grid for level in levels))
    facts = (
        HeadFact("strides", ", ".join(str(grid.stride) for grid in grids), maps.strides_text(grids)),
        HeadFact("anchors", shown, origin),
        HeadFact("sigmoid", *(("in the graph", "within 0..1") if activated else ("in the parser", "logits"))),
        HeadFact("decode", "YOLOv5's and v7's", "YOLOv3's and v4's maps look the same and need their own parser"),
        HeadFact("classes", str(found.classes), "shared by the anchors" if found.softmax else "columns of an anchor"),
    )
    warnings = (TAKEN.format(whose=origin),) if origin == found.whose else ()
    return Head(NAME, 0.9, found.classes, layout, facts, warnings, FASTEST if found.softmax else None)


def find(samples: Sequence[Outputs], network: Network, labels: Sequence[str]) -> list[_Anchored]:
    """The planes of three anchors for each stride, finest first; empty if the outputs are no raw maps.

    Maps whose channels fit both three anchors and sides as distributions (`gfl`) need labels that agree.
    """
    groups = list(maps.by_stride(maps.read(samples, network)).values())
    shared = _shared(groups or [[part] for part in _stack(samples, network)], samples)
    shared = shared or _rows(samples, network)
    if shared:
        return shared
    groups = [[part for part in group if len(_shape(samples, part)) >= 3] for group in groups]
    if len(groups) < 2 or sum(map(len, groups)) != len(samples[0]) or any(len(group) > 1 for group in groups):
        return []
    columns = {group[0].channels // (1 if group[0].per_cell == ANCHORS else ANCHORS) for group in groups}
    given = [_anchored(group[0], samples, labels) for group in groups]
    if len(columns) != 1 or not all(given):
        return []
    width = columns.pop()
    found = [item for item in given if item]
    spare = width * ANCHORS > 64
    return [] if labels and spare and found[0].classes != len(labels) else found


def _stack(samples: Sequence[Outputs], network: Network) -> tuple[Map, ...]:
    return maps.stacked(0, samples[0][0].data.shape, network) if samples and len(samples[0]) == 1 else ()


def _shared(groups: Sequence[Sequence[Map]], samples: Sequence[Outputs]) -> list[_Anchored]:
    """Yolo-FastestV2: 12 box channels, 3 objectnesses and C classes a cell, in three maps or in one."""
    import numpy as np

    box, whose = 4 * ANCHORS, "Yolo-FastestV2's of COCO"
    if len(groups) != 2 or any(part.per_cell != 1 for group in groups for part in group):
        return []
    found = []
    for group in groups:
        wide = [part.channels for part in group]
        if len(group) == 1 and wide[0] > box + ANCHORS:
            part = group[0]
            planes, classes = (part.plane, part.plane.channel(box), part.plane.channel(box + ANCHORS)), wide[0] - 15
            rows = maps.pooled(samples, planes[2], part.grid.cells, classes)
            if classes < 2 or np.abs(rows.sum(axis=1) - 1).max() > 0.02:  # NaN compares false
                return []
        elif len(group) == ANCHORS and wide.count(box) == 1 and ANCHORS in wide:
            first, second = (next(part for part in group if part.channels == count) for count in (box, ANCHORS))
            third = next(part for part in group if part is not first and part is not second)
            planes, classes = (first.plane, second.plane, third.plane), third.channels
        else:
            return []
        each = tuple((planes[2], planes[0].channel(4 * i), planes[1].channel(i)) for i in range(ANCHORS))
        habit = FASTEST_ANCHORS if classes == COCO else ()
        found.append(_Anchored(group[0].grid, each, classes, True, habit, whose))
    return found


def _rows(samples: Sequence[Outputs], network: Network) -> list[_Anchored]:
    """YOLOv5-Lite: rows [3*h*w of each stride, 5+C], a stride's anchors one after the other, after their sigmoid."""
    shape = samples[0][0].data.shape if samples and len(samples[0]) == 1 else ()
    if len(shape) != 2 or shape[0] % ANCHORS or shape[1] <= BOX:
        return []
    parts = maps.stacked(0, (shape[0] // ANCHORS, shape[1]), network)
    if not parts or parts[0].channels != shape[1]:
        return []
    if not yolo_evidence.raw_rows([sample[0].data for sample in samples], network):
        return []
    found, columns = [], shape[1]
    for part in parts:
        first, size = part.plane.offset * ANCHORS, part.grid.cells * columns
        planes = [replace(part.plane, offset=first + index * size) for index in range(ANCHORS)]
        each = tuple((plane.channel(BOX), plane, plane.channel(BOX - 1)) for plane in planes)
        habit = COCO_ANCHORS if columns - BOX == COCO else ()
        found.append(_Anchored(part.grid, each, columns - BOX, habit=habit, whose="YOLOv5's of COCO"))
    return found


def _shape(samples: Sequence[Outputs], part: Map) -> tuple[int, ...]:
    return samples[0][part.plane.output].data.shape


def _anchored(part: Map, samples: Sequence[Outputs], labels: Sequence[str]) -> _Anchored | None:
    if part.per_cell == ANCHORS:
        columns, planes = part.channels, [part.anchor(index) for index in range(ANCHORS)]
    elif part.per_cell == 1 and part.channels % ANCHORS == 0:
        columns = part.channels // ANCHORS
        planes = [part.plane.channel(index * columns) for index in range(ANCHORS)]
    else:
        return None
    if columns <= BOX:
        return None
    face = columns == FACE and _is_face(part, planes, samples, labels)
    first = FACE - 1 if face else BOX
    each = tuple((plane.channel(first), plane, plane.channel(BOX - 1)) for plane in planes)
    habit = FACE_ANCHORS if face else ()
    return _Anchored(part.grid, each, columns - first, habit=habit, whose="YOLO5Face's" if face else "")


def _is_face(part: Map, planes: Sequence[Plane], samples: Sequence[Outputs], labels: Sequence[str]) -> bool:
    """Ten landmarks and one class rather than eleven classes: the label says so, or column 15 is high everywhere."""
    import numpy as np

    if labels:
        return len(labels) == 1
    last = [maps.pooled(samples, plane.channel(FACE - 1), part.grid.cells, 1) for plane in planes]
    return bool(np.mean(np.concatenate(last) > 0.5) > 0.9)


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
