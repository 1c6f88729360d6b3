"""Face detectors with maps for each stride: YuNet, SCRFD, CenterFace. Landmarks are not read.

YuNet: class, objectness, box and landmarks [N, h*w, 1 | 1 | 4 | 10] of strides 8, 16, 32.
SCRFD: score, sides in strides and landmarks [N, 2*h*w, 1 | 4 | 10], two anchors a cell.
CenterFace: heat map, log size, offset and landmarks [N, 1 | 2 | 2 | 10, h, w] of stride 4.
Source: opencv/modules/objdetect/src/face_detect.cpp; insightface/detection/scrfd/tools/scrfd.py;
Star-Clouds/CenterFace/prj-python/centerface.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.families import map_heads, maps
from dsbench.families.base import Convention, Head, HeadFact, Hints, Network, Outputs, Preprocessing, Rejected
from dsbench.families.map_heads import Form, Level, MapFamily, MapLayout
from dsbench.families.maps import Grid, Map, Plane
from dsbench.families.refusals import OWN_PARSER

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

_OWN_NAME = re.compile(r"(cls|obj|bbox)_\d+$")
YUNET_PRIORS = {8: (10.0, 16.0, 24.0), 16: (32.0, 48.0), 32: (64.0, 96.0), 64: (128.0, 192.0, 256.0)}
"""Sides of YuNet's priors in pixels by stride, until 2022."""
LANDMARKS = 10
"""x and y of five points."""


class YuNet(MapFamily):
    """OpenCV's face detector since 2023."""

    name = "yunet"

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Two maps of one channel and one of four for each stride."""
        network = Network(facts.width, facts.height)
        levels = _priors(samples, network)
        if levels and not _sums_to_one(samples):
            what = "the two class columns do not sum to 1: their softmax is not in the graph"
            return Rejected(self.name, what, close=True, fix=f"export with the softmax in the graph, or {OWN_PARSER}")
        if levels:
            return _face_head(self.name, samples, Form.PRIOR, levels, "sqrt(class * IoU)")
        groups = list(maps.by_stride(maps.read(samples, network)).values())
        if len(groups) < 2 or any(_widths(group, 1) != [1, 1, 4] for group in groups):
            return Rejected(self.name, "YuNet has class [N, h*w, 1], objectness [N, h*w, 1], box [N, h*w, 4] a stride")
        landmarks = any(part.channels == LANDMARKS for group in groups for part in group)
        if not landmarks and hints.family != self.name and not all(_OWN_NAME.match(out.name) for out in samples[0]):
            return Rejected(self.name, "YuNet has landmarks, or outputs named cls_8, obj_8, bbox_8")
        levels = tuple(_yunet_level(group) for group in groups)
        ones = [(part, part.plane, 1) for group in groups for part in group if part.channels == 1]
        if not map_heads.probabilities(samples, ones):
            return Rejected(self.name, "class and objectness are not within 0..1", close=True)
        return _face_head(self.name, samples, Form.EXPONENT, levels, "sqrt(class * objectness)")

    def convention(self) -> Convention:
        """0-255 BGR; OpenCV stretches nothing, but takes any size."""
        return Convention(
            Preprocessing(1.0, (), model_color_format=1, maintain_aspect_ratio=1),
            cluster_mode=2,
            origin="OpenCV's FaceDetectorYN: 0-255 BGR; dense head, so DeepStream's NMS",
            fewest_outputs=3,
        )


class Scrfd(MapFamily):
    """InsightFace's detector."""

    name = "scrfd"

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """A score and four sides for each of two anchors a cell, a pair of outputs for each stride."""
        groups = list(maps.by_stride(maps.read(samples, Network(facts.width, facts.height))).values())
        if len(groups) < 2 or any(_widths(group, 2) != [1, 4] for group in groups):
            return Rejected(self.name, "SCRFD has score [N, 2*h*w, 1] and sides [N, 2*h*w, 4] for each stride")
        pairs = [(_one(group, 1), _one(group, 4)) for group in groups]
        levels = tuple(
            Level(score.grid, score.anchor(index), sides.anchor(index)) for score, sides in pairs for index in range(2)
        )
        ones = [(score, score.anchor(index), 1) for score, _ in pairs for index in range(2)]
        if not map_heads.probabilities(samples, ones):
            return Rejected(self.name, "the scores are not within 0..1", close=True)
        return _face_head(self.name, samples, Form.DISTANCE, levels, "as it is")

    def convention(self) -> Convention:
        """-1..1 RGB, letterboxed at the top left."""
        return Convention(
            Preprocessing(1 / 128, (127.5, 127.5, 127.5), model_color_format=0, maintain_aspect_ratio=1),
            cluster_mode=2,
            origin="InsightFace's convention: (pixel - 127.5) / 128, RGB; dense head, so DeepStream's NMS",
            fewest_outputs=6,
        )


class CenterFace(MapFamily):
    """A heat map of face centres."""

    name = "centerface"

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Maps of 1, 2, 2 and perhaps 10 channels on one grid, the first within 0..1."""
        found = maps.read(samples, Network(facts.width, facts.height))
        groups = list(maps.by_stride(found).values())
        if len(groups) != 1 or _widths(groups[0], 1) != [1, 2, 2]:
            return Rejected(self.name, "CenterFace has maps of 1, 2, 2 (and 10) channels on one grid")
        if len(found) == 3 and hints.family != self.name and all("scale" not in out.name.lower() for out in samples[0]):
            return Rejected(self.name, "without landmarks, sizes may be logarithms or not (CenterNet)", close=True)
        heat = _one(found, 1)
        scale, offset = (part for part in found if part.channels == 2)
        if not map_heads.probabilities(samples, [(heat, heat.plane, 1)]):
            return Rejected(self.name, "the heat map is not within 0..1", close=True)
        if "offset" in samples[0][scale.plane.output].name.lower():
            scale, offset = offset, scale
        levels = (Level(heat.grid, heat.plane, scale.plane, offset.plane),)
        return _face_head(self.name, samples, Form.CENTRE, levels, "the heat map")

    def convention(self) -> Convention:
        """0-255 RGB, stretched."""
        return Convention(
            Preprocessing(1.0, (), model_color_format=0, maintain_aspect_ratio=0),
            cluster_mode=2,
            origin="CenterFace's convention: 0-255 RGB, stretched; dense head, so DeepStream's NMS",
            aspect=0,
            fewest_outputs=3,
            rank=4,
        )


def _priors(samples: Sequence[Outputs], network: Network) -> tuple[Level, ...]:
    """YuNet until 2022: offsets and landmarks [P, 14], class [P, 2] and IoU [P, 1] of its priors; else empty."""
    shapes = [out.data.shape for out in samples[0]] if samples else []
    if len(shapes) != 3 or any(len(shape) != 2 or shape[0] != shapes[0][0] for shape in shapes):
        return ()
    wide = [shape[1] for shape in shapes]
    if sorted(wide) != [1, 2, 4 + LANDMARKS]:
        return ()
    boxes, scores, iou = (wide.index(count) for count in (4 + LANDMARKS, 2, 1))
    levels: list[Level] = []
    first = 0
    for stride, sizes in YUNET_PRIORS.items():
        grid = Grid(stride, network.width // stride, network.height // stride)
        each = len(sizes)
        for row, size in enumerate(sizes, first):
            planes = (_plane(scores, row, each, 2).channel(1), _plane(boxes, row, each, 14), _plane(iou, row, each, 1))
            levels.append(Level(grid, *planes, (size, size)))
        first += grid.cells * each
    return tuple(levels) if first == shapes[0][0] else ()


def _sums_to_one(samples: Sequence[Outputs]) -> bool:
    """Whether the output of two columns holds probabilities."""
    import numpy as np

    rows = np.concatenate([out.data for sample in samples for out in sample if out.data.shape[1] == 2])
    return bool(rows.min() >= -1e-3 and np.abs(rows.sum(axis=1) - 1).max() < 0.02)  # NaN compares false


def _plane(output: int, row: int, each: int, columns: int) -> Plane:
    return Plane(output, row * columns, each * columns, 1)


def _widths(group: Sequence[Map], per_cell: int) -> list[int]:
    """Channels of the maps of one stride, landmarks left out; empty if they have another number of anchors a cell."""
    if any(part.per_cell != per_cell for part in group):
        return []
    return sorted(part.channels for part in group if part.channels != LANDMARKS)


def _one(group: Sequence[Map], channels: int) -> Map:
    return next(part for part in group if part.channels == channels)


def _yunet_level(group: Sequence[Map]) -> Level:
    score, objectness = (part for part in group if part.channels == 1)
    return Level(score.grid, score.plane, _one(group, 4).plane, objectness.plane)


def _face_head(
    family: str, samples: Sequence[Outputs], form: Form, levels: tuple[Level, ...], score: str
) -> Head | Rejected:
    grids = list(dict.fromkeys(level.grid for level in levels))
    root, origin = form in (Form.EXPONENT, Form.PRIOR), 0.5 if form is Form.PRIOR else 0.0
    layout = MapLayout(form, 1, levels, map_heads.elements(samples, levels), origin=origin, root=root)
    unread = sum(count == 0 for count in layout.elements)
    facts = (
        HeadFact("grids", maps.strides_text(grids), "cells of the outputs"),
        HeadFact("score", score, "the project's own decode"),
        HeadFact("classes", "1", f"faces; {unread} outputs of landmarks are not read" if unread else "faces"),
    )
    return Head(family, 0.95, 1, layout, facts)
