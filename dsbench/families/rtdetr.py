"""RT-DETR, D-FINE, conditional and deformable DETR: object queries whose class columns go through a sigmoid.

Two outputs, logits [N, Q, C] and boxes [N, Q, 4] as cx, cy, w, h in 0..1, no background column; or the post-processed
export: labels [N, Q], boxes [N, Q, 4] as x1, y1, x2, y2 (pixels of orig_target_sizes, or fractions), scores [N, Q].
Each class of a query that reaches the threshold gives a box; no NMS.
Source: pipeline-run.md 6b ("DETR / Conditional DETR", "HF RT-DETR preprocessing quirk").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.families import owlvit, queries, rows
from dsbench.families.base import (
    Convention,
    Head,
    HeadFact,
    Hints,
    Network,
    Outputs,
    ParserContext,
    Preprocessing,
    Rejected,
)
from dsbench.families.queries import Activation, QueryLayout, Verdict
from dsbench.families.rows import RowsLayout

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts


class RtDetr:
    """RT-DETR and the other detectors with object queries and a sigmoid."""

    name = "rtdetr"
    template = "parser_rtdetr.cpp.j2"

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Labels, boxes and scores of one length; or class columns and boxes whose scores go through a sigmoid."""
        network = Network(facts.width, facts.height)
        selected = rows.find_three(samples)
        if selected is not None:
            cells = "" if hints.family == self.name else rows.one_a_cell(samples, selected, network)
            if cells:
                return Rejected(self.name, f"{cells}: not the detections of a transformer")
            return rows.head(self.name, samples, selected, network, hints, labels)
        unbatched = _without_batch(samples)
        if unbatched:
            return Rejected(self.name, unbatched, close=True)
        head = queries.find(samples)
        if isinstance(head, str):
            return Rejected(self.name, head)
        verdict = queries.judge(head, hints, labels)
        warnings: tuple[str, ...] = ()
        if hints.family == self.name:
            if verdict.activation is Activation.SOFTMAX:
                warnings = (f'family = "rtdetr" means sigmoid, but {verdict.reason}: family = "detr" may be right',)
            verdict = Verdict(Activation.SIGMOID, 0.9, "dsbench.toml")
        elif owlvit.claims(head, hints, network):
            return Rejected(self.name, "the queries are patches of the image, as OWL-ViT's")
        if verdict.activation is Activation.SOFTMAX:
            return Rejected(self.name, f"scores go through a softmax ({verdict.reason})")
        where = "in the graph" if head.layout.activated else "in the parser"
        spare = queries.spare_column(head, samples, hints, labels)
        found = (
            HeadFact("scores", "sigmoid, no background", verdict.reason),
            HeadFact("sigmoid", where, "class columns are within 0..1" if head.layout.activated else "logits"),
            HeadFact(
                "classes",
                str(head.classes - bool(spare)),
                "class columns, less the spare one" if spare else "class columns",
            ),
            HeadFact("boxes", "cx, cy, w, h in 0..1", f"{head.queries} queries"),
            *((HeadFact("background", f"column {head.classes - 1}, the last", spare),) if spare else ()),
        )
        return Head(self.name, verdict.confidence, head.classes - bool(spare), head.layout, found, warnings)

    def convention(self) -> Convention:
        """0..1 RGB, stretched: RTDetrImageProcessor's do_normalize is false although it names a mean; no NMS."""
        return Convention(
            Preprocessing(1 / 255, (), model_color_format=0, maintain_aspect_ratio=0),
            cluster_mode=4,
            origin="RT-DETR habit: 0-1 RGB, stretched; one box an object, so no clustering",
            aspect=0,
            firm=False,
        )

    def decode(self, outputs: Outputs, head: Head, network: Network, threshold: float) -> Boxes:
        """Reference decode: query by query, class by class."""
        if isinstance(head.layout, QueryLayout):
            return queries.decode_sigmoid(outputs, head.layout, head.classes, network, threshold)
        assert isinstance(head.layout, RowsLayout)
        return rows.decode(outputs, head.layout, network, threshold)

    def context(self, head: Head) -> ParserContext:
        """Output indices; whether the sigmoid is in the graph."""
        layout = head.layout
        if isinstance(layout, QueryLayout):
            return (("selected", False), *queries.context(layout))
        assert isinstance(layout, RowsLayout)
        return (("selected", True), *rows.context(layout))


def _without_batch(samples: Sequence[Outputs]) -> str:
    """What to say about torchvision's boxes [D, 4], labels [D], scores [D]: a slice of one image lacks a dimension."""
    if not samples or len(samples[0]) < 3:
        return ""
    shapes = sorted(out.data.shape for out in samples[0][:3])
    if shapes != [(), (), (4,)]:
        return ""
    return (
        "boxes [D, 4], labels [D] and scores [D] have no batch dimension, which nvinfer takes the first one for"
        " (torchvision's detectors): export fixed-size outputs [N, D, 4], [N, D], [N, D]"
    )
