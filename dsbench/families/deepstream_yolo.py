"""DeepStream-Yolo's exports of June 2023 to November 2024: boxes [N, A, 4], scores [N, A, 1], class ids [N, A, 1].

One row for each cell of the strides, so DeepStream suppresses. Boxes are corners or centres in network pixels; the
class ids are floats. How the network is fed depends on the model that was exported.
Source: marcoslucianops/DeepStream-Yolo, utils/export_*.py and nvdsinfer_custom_impl_Yolo/nvdsparsebbox_Yolo.cpp.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dsbench.families import rows
from dsbench.families.base import Convention, Head, HeadFact, Hints, Network, Outputs, Rejected
from dsbench.families.rows import RowsFamily
from dsbench.families.yolo import LETTERBOX

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

NAME = "deepstream_yolo"


class DeepStreamYolo(RowsFamily):
    """Three outputs with a row for each cell."""

    name = NAME

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Boxes, scores and class ids of one length, a row for each cell; fewer rows are RT-DETR's queries."""
        layout = rows.find_three(samples)
        if layout is None:
            return Rejected(NAME, "it has boxes [N, A, 4], scores [N, A, 1] and class ids [N, A, 1]")
        network = Network(facts.width, facts.height)
        cells = rows.one_a_cell(samples, layout, network)
        if not cells and hints.family != NAME:
            return Rejected(NAME, f"{len(samples[0][layout.boxes].data)} rows are detections, not one for each cell")
        found = rows.head(NAME, samples, layout, network, hints, labels)
        if isinstance(found, Rejected):
            return found
        why = f"{cells or 'dsbench.toml'}: nothing is suppressed in the graph"
        return replace(found, facts=(*found.facts, HeadFact("cluster-mode", "2", why)))

    def convention(self) -> Convention:
        """That of its configs for YOLO; other networks that it exports are fed differently."""
        return Convention(
            LETTERBOX,
            cluster_mode=2,
            origin="DeepStream-Yolo's configs for YOLO: 0-1 RGB, letterboxed in the middle; one row for each cell, so"
            " DeepStream's NMS",
            firm=False,
            fewest_outputs=3,
        )
