"""FastestDet: one map [5 + C, h, w] of stride 16: objectness, four box numbers, class probabilities of a softmax.

Objectness and classes are probabilities in the graph, the box numbers are not decoded. Fed with 0-1 BGR, stretched.
Source: dog-qiuqiu/FastestDet, example/onnx-runtime/runtime.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.families import map_heads, maps
from dsbench.families.base import Convention, Head, HeadFact, Hints, Network, Outputs, Preprocessing, Rejected
from dsbench.families.map_heads import Form, Level, MapFamily, MapLayout

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

NAME = "fastestdet"
FIRST_CLASS = 5


class FastestDet(MapFamily):
    """One grid for all sizes."""

    name = NAME

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """One map whose first channel lies in 0..1 and whose channels from 5 on sum to 1 in every cell."""
        import numpy as np

        found = maps.read(samples, Network(facts.width, facts.height))
        if (
            len(found) != 1
            or found[0].per_cell != 1
            or found[0].channels <= FIRST_CLASS
            or samples[0][0].data.ndim != 3
        ):
            return Rejected(NAME, "FastestDet has one map [N, 5+C, h, w]")
        part = found[0]
        raw = maps.pooled(samples, part.plane, part.grid.cells, part.channels)
        classes = raw[:, FIRST_CLASS:]
        within = classes.min() >= -1e-3 and raw[:, 0].min() >= -1e-3 and raw[:, 0].max() <= 1 + 1e-3
        if not within or np.abs(classes.sum(axis=1) - 1).max() > 0.02:  # NaN compares false
            return Rejected(NAME, "the channels from 5 on are no class probabilities that sum to 1 in each cell")
        levels = (Level(part.grid, part.plane.channel(FIRST_CLASS), part.plane.channel(1), part.plane),)
        count = part.channels - FIRST_CLASS
        layout = MapLayout(Form.WHOLE_GRID, count, levels, map_heads.elements(samples, levels))
        facts_found = (
            HeadFact("grid", maps.strides_text([part.grid]), "one map"),
            HeadFact("classes", str(count), f"{part.channels} channels - objectness - 4 box, a softmax in the graph"),
            HeadFact("score", "objectness^0.6 * class^0.4", "FastestDet's own"),
        )
        return Head(NAME, 0.95, count, layout, facts_found)

    def convention(self) -> Convention:
        """0-1 BGR, stretched."""
        return Convention(
            Preprocessing(1 / 255, (), model_color_format=1, maintain_aspect_ratio=0),
            cluster_mode=2,
            origin="FastestDet's convention: 0-1 BGR, stretched; dense head, so DeepStream's NMS",
            aspect=0,
            rank=4,
        )
