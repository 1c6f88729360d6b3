"""CenterNet: a heat map a class [N, C, h, w], size [N, 2, h, w] and the centre's offset [N, 2, h, w] on one grid.

cx = (column + offset x) * stride, w = size x * stride; the original keeps local maxima, here DeepStream's NMS does.
Source: Objects as Points (arXiv 1904.07850); xingyizhou/CenterNet, src/lib/models/decode.py and opts.py; mmdet's
centernet_head.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.families import map_heads, maps
from dsbench.families.base import Convention, Head, HeadFact, Hints, Network, Outputs, Preprocessing, Rejected
from dsbench.families.map_heads import Form, Level, MapFamily, MapLayout
from dsbench.families.maps import Map
from dsbench.families.queries import sigmoid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dsbench.model.onnx.graph import OnnxFacts

NAME = "centernet"
SEEN = 0.3
BUSY = 0.1
"""A heat map of centres is high in a smaller fraction of its cells."""
OFFSETS = (-0.3, 1.3)
"""Offsets lie within their cell, and little beyond it."""
WANTED = "CenterNet has maps of C, 2 and 2 channels on one grid"


class CenterNet(MapFamily):
    """Objects as points."""

    name = NAME

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Three maps on one grid: rarely high, within a cell, and larger."""
        groups = list(maps.by_stride(maps.read(samples, Network(facts.width, facts.height))).values())
        if len(groups) != 1 or len(groups[0]) != 3 or any(part.per_cell != 1 for part in groups[0]):
            return Rejected(NAME, WANTED)
        pairs = [part for part in groups[0] if part.channels == 2]
        heat = next((part for part in groups[0] if part.channels != 2), None)
        if heat is None or len(pairs) != 2:
            return Rejected(NAME, WANTED)
        activated = map_heads.probabilities(samples, [(heat, heat.plane, heat.channels)])
        peaks = [_peaks(sample, heat, activated) for sample in samples]
        if not any(len(peak) for peak in peaks):
            return Rejected(NAME, "no map of C channels is high at a few places only", close=True)
        first, second = (_at(samples, part, peaks) for part in pairs)
        within = [bool((values >= OFFSETS[0]).all() and (values <= OFFSETS[1]).all()) for values in (first, second)]
        if within[0] == within[1]:
            what = "which of the two maps of 2 channels is the size and which the offset is not to be seen"
            return Rejected(NAME, what, close=True)
        (size, sizes), offset = ((pairs[1], second), pairs[0]) if within[0] else ((pairs[0], first), pairs[1])
        if heat.channels == 1 and float(sizes.max()) <= math.log(max(heat.grid.columns, heat.grid.rows)):
            return Rejected(NAME, "the sizes may be logarithms, as CenterFace has them", close=True)
        levels = (Level(heat.grid, heat.plane, size.plane, offset.plane),)
        elements = map_heads.elements(samples, levels)
        layout = MapLayout(Form.SIZE, heat.channels, levels, elements, activated)
        found = (
            HeadFact("grid", maps.strides_text([heat.grid]), "cells of the outputs"),
            HeadFact(
                "size", f"output {size.plane.output}, in strides", f"up to {float(sizes.max()):.1f} at the centres"
            ),
            HeadFact("offset", f"output {offset.plane.output}", "within a cell at the centres"),
            HeadFact("sigmoid", *(("in the graph", "within 0..1") if activated else ("in the parser", "logits"))),
            HeadFact("classes", str(heat.channels), "heat maps"),
        )
        return Head(NAME, 0.9, heat.channels, layout, found)

    def convention(self) -> Convention:
        """That of the original; others use ImageNet's numbers."""
        return Convention(
            Preprocessing(
                1 / 71.5, (104.04, 113.99, 119.85), model_color_format=1, maintain_aspect_ratio=1, symmetric_padding=1
            ),
            cluster_mode=2,
            origin="CenterNet's habit: its own means, BGR, letterboxed in the middle; NMS instead of its local maxima",
            firm=False,
            fewest_outputs=3,
            rank=4,
        )


def _peaks(sample: Outputs, heat: Map, activated: bool) -> NDArray[np.intp]:
    """Cells in which a class is seen; none where so many are that they are no centres."""
    import numpy as np

    values = maps.values(sample, heat.plane, heat.grid.cells, heat.channels).max(axis=1)
    high = np.flatnonzero((values if activated else sigmoid(values)) >= SEEN)
    return high if len(high) <= BUSY * heat.grid.cells else high[:0]


def _at(samples: Sequence[Outputs], part: Map, peaks: Sequence[NDArray[np.intp]]) -> NDArray[np.float32]:
    """The two numbers at the peaks of all samples."""
    import numpy as np

    found = [maps.values(s, part.plane, part.grid.cells, 2)[peak] for s, peak in zip(samples, peaks, strict=True)]
    return np.concatenate(found)
