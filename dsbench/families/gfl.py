"""Sides as distributions (GFL, DFL): NanoDet, NanoDet-Plus, PicoDet, YOLOv8 to v12 before their decoding. No anchors.

Class maps [C, h, w] and maps of side distributions [4 * bins, h, w] for each stride, in any order and layout (`maps`);
both in one map; or the cells of all strides in one or two outputs. A side is the expected bin, times the stride.
Source: Generalized Focal Loss (arXiv 2006.04388, section 3); nanodet/model/head/gfl_head.py and nanodet_plus_head.py;
PaddleDetection's pico_head.py; Ultralytics' nn/modules/block.py (DFL).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base.spec import IMAGENET_ROW
from dsbench.families import distributions, map_heads, maps
from dsbench.families.base import Convention, Head, HeadFact, Hints, Network, Outputs, Preprocessing, Rejected
from dsbench.families.map_heads import Form, Level, MapFamily, MapLayout
from dsbench.families.maps import Map, Plane
from dsbench.families.yolo import LETTERBOX

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

NAME = "gfl"
YOLO_BINS = 16
"""YOLOv8 and later; NanoDet and PicoDet have 8, GFL and PP-YOLOE 17."""
PLUS_STRIDES = (8, 16, 32, 64)
"""Of NanoDet-Plus, whose points are the cells' corners instead of their centres."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """Scores and sides of each stride: map, plane. ``split``: why they were split this way."""

    classes: int
    bins: int
    scores: tuple[tuple[Map, Plane], ...]
    sides: tuple[tuple[Map, Plane], ...]
    split: str
    joined: bool
    """Classes and sides are columns of one output that holds all strides."""


class Gfl(MapFamily):
    """NanoDet, PicoDet and raw YOLOv8 maps."""

    name = NAME

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Maps of classes and of 4 * bins sides for each stride."""
        network = Network(facts.width, facts.height)
        parts = _separate(samples, network, labels) or _joined(samples, network, labels)
        if parts is None:
            return Rejected(NAME, "it has class maps and maps of 4 x 8, 16 or 17 side bins for each stride")
        if isinstance(parts, str):
            return Rejected(NAME, parts, close=True)
        return _head(parts, samples, hints)

    def convention(self) -> Convention:
        """NanoDet's and PicoDet's: ImageNet's normalisation, BGR."""
        scale, offsets = IMAGENET_ROW
        return Convention(
            Preprocessing(scale, offsets[::-1], model_color_format=1, maintain_aspect_ratio=1, symmetric_padding=1),
            cluster_mode=2,
            origin="NanoDet's habit: ImageNet normalisation, BGR; dense head, so DeepStream's NMS",
            firm=False,
        )


YOLO_CONVENTION = Convention(
    LETTERBOX,
    cluster_mode=2,
    origin="Ultralytics' habit: 0-1 RGB, letterboxed in the middle; dense head, so DeepStream's NMS",
    firm=False,
)


def _head(parts: _Parts, samples: Sequence[Outputs], hints: Hints) -> Head:
    grids = [part.grid for part, _ in parts.scores]
    activated = map_heads.probabilities(samples, [(part, plane, parts.classes) for part, plane in parts.scores])
    strides = tuple(grid.stride for grid in grids)
    plus = parts.joined and parts.bins == 8 and strides == PLUS_STRIDES
    origin = hints.cell_offset if hints.cell_offset is not None else 0.0 if plus else 0.5
    levels = tuple(
        Level(part.grid, scores, sides) for (part, scores), (_, sides) in zip(parts.scores, parts.sides, strict=True)
    )
    layout = MapLayout(
        Form.DISTRIBUTION,
        parts.classes,
        levels,
        map_heads.elements(samples, levels),
        activated,
        bins=parts.bins,
        origin=origin,
    )
    where = "dsbench.toml" if hints.cell_offset is not None else "NanoDet-Plus" if plus else "all but NanoDet-Plus"
    facts = (
        HeadFact("strides", ", ".join(map(str, strides)), f"cells of each: {maps.strides_text(grids)}"),
        HeadFact("sides", f"distributions over {parts.bins} bins", parts.split),
        HeadFact("classes", str(parts.classes), "class columns"),
        HeadFact("sigmoid", *(("in the graph", "within 0..1") if activated else ("in the parser", "logits"))),
        HeadFact("point of a cell", f"(x + {origin:g}) * stride", where),
    )
    convention = YOLO_CONVENTION if parts.bins == YOLO_BINS else None
    return Head(NAME, 0.93, parts.classes, layout, facts, convention=convention)


def _separate(samples: Sequence[Outputs], network: Network, labels: Sequence[str]) -> _Parts | str | None:
    """One output, or one for scores and one for sides, for each stride; or such a pair that holds all strides."""
    groups = list(maps.by_stride(maps.read(samples, network)).values())
    if not groups and samples and len(samples[0]) == 2:
        stacks = [maps.stacked(index, out.data.shape, network) for index, out in enumerate(samples[0])]
        groups = [list(pair) for pair in zip(*stacks, strict=True)] if len({len(s) for s in stacks}) == 1 else []
    groups = [[part for part in group if part.per_cell == 1] for group in groups]
    if not groups or len({tuple(sorted(part.channels for part in group)) for group in groups}) != 1:
        return None
    if len(groups[0]) == 1:
        return _mixed([group[0] for group in groups], samples, labels, joined=False)
    # Rockchip's exports add the sum of the class scores, [1, h, w]
    widths = sorted({part.channels for part in groups[0]})
    widths = widths[1:] if len(groups[0]) == 3 and widths[0] == 1 else widths
    bins = [width // 4 for width in widths if width % 4 == 0 and width // 4 in distributions.BINS]
    if len(widths) != 2 or not bins:
        return None
    # of two numbers that could both be sides, the one that is no number of labels
    side = sorted(4 * count for count in bins)
    width = next((item for item in side if item != len(labels)), side[0])
    classes = next(item for item in widths if item != width)
    scores = tuple((part, part.plane) for group in groups for part in group if part.channels == classes)
    sides = tuple((part, part.plane) for group in groups for part in group if part.channels == width)
    return _Parts(classes, width // 4, scores, sides, f"maps of {classes} and of {width} channels", joined=False)


def _joined(samples: Sequence[Outputs], network: Network, labels: Sequence[str]) -> _Parts | str | None:
    """One output with classes and sides of all strides as columns."""
    if not samples or len(samples[0]) != 1:
        return None
    stack = maps.stacked(0, samples[0][0].data.shape, network)
    return _mixed(stack, samples, labels, joined=True) if stack else None


def _mixed(stack: Sequence[Map], samples: Sequence[Outputs], labels: Sequence[str], joined: bool) -> _Parts | None:
    """Maps that hold classes and sides one behind the other."""
    import numpy as np

    channels = stack[0].channels
    pooled = [maps.pooled(samples, part.plane, part.grid.cells, channels) for part in stack]
    found = distributions.find(np.concatenate(pooled), labels)
    if found is None:
        return None
    first_class, first_side = (0, found.classes) if found.classes_first else (4 * found.bins, 0)
    return _Parts(
        found.classes,
        found.bins,
        tuple(_at(stack, first_class)),
        tuple(_at(stack, first_side)),
        found.text,
        joined,
    )


def _at(stack: Sequence[Map], channel: int) -> Iterator[tuple[Map, Plane]]:
    for part in stack:
        yield part, part.plane.channel(channel)
