"""OWL-ViT and OWLv2, zero-shot detectors on CLIP: logits [N, P, C] and boxes [N, P, 4] as cx, cy, w, h in 0..1.

One query for each patch of the image, one column for each text; a sigmoid per class, independently. Patches of one
object all see it, so DeepStream's NMS. Scores are low: threshold 0.10, 0.05 for recall. Source: pipeline-run.md 6b
("OWL-ViT / CLIP-based zero-shot detectors").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.base.spec import CLIP_ROW
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
from dsbench.families.queries import PATCH_MODELS, Activation, QueryHead, QueryLayout

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

PATCHES = (32, 16, 14)
"""Sides of CLIP's patches in pixels."""
MIN_PATCHES = 64


class OwlVit:
    """OWL-ViT, OWLv2."""

    name = "owlvit"
    template = "parser_owlvit.cpp.j2"

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Class columns and boxes, one row for each patch (or config.json or dsbench.toml say so)."""
        head = queries.find(samples)
        if isinstance(head, str):
            return Rejected(self.name, head)
        network = Network(facts.width, facts.height)
        patch = patch_side(head.queries, network)
        if hints.family == self.name:
            confidence, reason = 0.95, "dsbench.toml"
        elif hints.model_type in PATCH_MODELS:
            confidence, reason = 0.95, f"config.json: model_type {hints.model_type}"
        elif claims(head, hints, network):
            confidence = 0.8
            reason = f"{head.queries} queries are the {patch}-pixel patches of {network.width}x{network.height}"
        else:
            return Rejected(self.name, f"{head.queries} queries do not match the patches of a CLIP image encoder")
        found = (
            HeadFact("scores", "sigmoid, one box a patch", reason),
            HeadFact("classes", str(head.classes), "class columns: one a text"),
            HeadFact("boxes", "cx, cy, w, h in 0..1", f"{head.queries} patches"),
        )
        return Head(self.name, confidence, head.classes, head.layout, found)

    def convention(self) -> Convention:
        """CLIP's normalisation of RGB, stretched; DeepStream's NMS; threshold 0.10."""
        return Convention(
            Preprocessing(*CLIP_ROW, model_color_format=0, maintain_aspect_ratio=0),
            cluster_mode=2,
            origin="OWL-ViT habit: CLIP normalisation, stretched; several patches see an object, so DeepStream's NMS",
            aspect=0,
            firm=False,
            pre_cluster_threshold=0.1,
            fewest_outputs=2,
            threshold_note="0.1 works well for general detection; lower to 0.05 for recall-focused tasks",
        )

    def decode(self, outputs: Outputs, head: Head, network: Network, threshold: float) -> Boxes:
        """Reference decode: patch by patch, class by class."""
        assert isinstance(head.layout, QueryLayout)
        return queries.decode_sigmoid(outputs, head.layout, head.classes, network, threshold)

    def context(self, head: Head) -> ParserContext:
        """Output indices; whether the sigmoid is in the graph."""
        layout = head.layout
        assert isinstance(layout, QueryLayout)
        return queries.context(layout)


def patch_side(count: int, network: Network) -> int:
    """Side of the patches if ``count`` queries are one for each of them, else 0."""
    if count < MIN_PATCHES:
        return 0
    return next((p for p in PATCHES if (network.width // p) * (network.height // p) == count), 0)


def claims(head: QueryHead, hints: Hints, network: Network) -> bool:
    """Whether the head is OWL-ViT's by its values: patches, logits, and no sign of a softmax."""
    if hints.model_type:
        return hints.model_type in PATCH_MODELS
    return (
        not head.layout.activated
        and patch_side(head.queries, network) > 0
        and queries.by_evidence(head).activation is not Activation.SOFTMAX
    )
