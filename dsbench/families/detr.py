"""DETR: logits [N, Q, C+1] and boxes [N, Q, 4] as cx, cy, w, h in 0..1; softmax over a query's row, background last.

The background is the LAST column (91 of a 92-class DETR); column 0 is a class like any other, although config.json
calls it "N/A". One class a query, the best one that is not background. Hungarian matching leaves no duplicates, so no
NMS. Source: pipeline-run.md 6b ("DETR / Conditional DETR").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.base.spec import IMAGENET_ROW
from dsbench.families import queries
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
from dsbench.families.queries import Activation, QueryHead, QueryLayout, Verdict

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

SURE = 0.9
"""From this confidence on a verdict on the activation is final."""


class Detr:
    """DETR, YOLOS, Table Transformer."""

    name = "detr"
    template = "parser_detr.cpp.j2"

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Class columns and boxes of object queries whose scores go through a softmax."""
        head = queries.find(samples)
        if isinstance(head, str):
            return Rejected(self.name, head)
        if head.classes < 2:
            return Rejected(self.name, "DETR has logits [N, Q, C+1]: at least a class and the background")
        verdict = queries.judge(head, hints, labels)
        warnings: tuple[str, ...] = ()
        if hints.family == self.name:
            warnings = _contradicted(verdict)
            verdict = Verdict(Activation.SOFTMAX, SURE, "dsbench.toml")
        if verdict.activation is Activation.SIGMOID:
            return Rejected(self.name, f"scores go through a sigmoid ({verdict.reason})")
        named = len(labels) == head.classes
        shown = head.classes if named else head.classes - 1
        facts_found = (
            HeadFact("scores", "softmax, background last", verdict.reason),
            HeadFact("background", str(head.classes - 1), "the last column; column 0 is a class"),
            HeadFact("classes", str(shown), "labels.txt names the background too" if named else "columns - background"),
            HeadFact("boxes", "cx, cy, w, h in 0..1", f"{head.queries} queries"),
        )
        return Head(self.name, verdict.confidence, shown, head.layout, facts_found, (*warnings, *_odd(head, verdict)))

    def convention(self) -> Convention:
        """RGB with ImageNet's normalisation, the third row of 6a's table; no NMS."""
        return Convention(
            Preprocessing(*IMAGENET_ROW, model_color_format=0, maintain_aspect_ratio=1),
            cluster_mode=4,
            origin="DETR habit: RGB, ImageNet normalisation; one box an object, so no clustering",
            firm=False,
        )

    def decode(self, outputs: Outputs, head: Head, network: Network, threshold: float) -> Boxes:
        """Reference decode: the best class of each query in turn, where it reaches the threshold."""
        import numpy as np

        assert isinstance(head.layout, QueryLayout)
        columns, boxes = queries.split(outputs, head.layout)
        finite = np.isfinite(columns).all(axis=1) & np.isfinite(boxes).all(axis=1)
        columns, boxes = np.asarray(columns[finite], np.float32), boxes[finite]
        scores = columns if head.layout.activated else queries.softmax(columns)
        classes = scores[:, :-1].argmax(axis=1)
        best = scores[np.arange(len(scores)), classes]
        keep = best >= np.float32(threshold)
        return queries.centre_boxes(classes[keep].astype(np.int32), boxes[keep], best[keep], network)

    def context(self, head: Head) -> ParserContext:
        """Output indices, and whether the softmax is in the graph."""
        layout = head.layout
        assert isinstance(layout, QueryLayout)
        return queries.context(layout)


def _contradicted(verdict: Verdict) -> tuple[str, ...]:
    if verdict.activation is not Activation.SIGMOID:
        return ()
    return (f'family = "detr" means softmax, but {verdict.reason}: family = "rtdetr" may be right',)


def _odd(head: QueryHead, verdict: Verdict) -> tuple[str, ...]:
    """A warning where config.json and the frames disagree."""
    seen = queries.by_evidence(head)
    if verdict.confidence < SURE or seen.activation is not Activation.SIGMOID:
        return ()
    return (f"{verdict.reason} means softmax, but on real frames {seen.reason}",)
