"""mmdeploy: boxes with their score [N, K, 5] and class ids [N, K], suppressed in the graph; RTMDet and all others.

Columns are x1, y1, x2, y2 in network pixels and the score; the ids are int64 and count from 0. How the network is fed
stands in pipeline.json beside the export. Source: mmdeploy, docs "How to evaluate model", deploy.json's output names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.base.spec import IMAGENET_ROW
from dsbench.families import rows
from dsbench.families.base import Convention, Head, Hints, Network, Outputs, Preprocessing, Rejected
from dsbench.families.rows import RowsFamily

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

NAME = "mmdeploy"


class Mmdeploy(RowsFamily):
    """The detectors of mmdeploy."""

    name = NAME

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Boxes with score [K, 5] and labels [K]."""
        layout = rows.find_two(samples)
        if layout is None:
            return Rejected(NAME, "mmdeploy has boxes with a score [N, K, 5] and class ids [N, K]")
        return rows.head(NAME, samples, layout, Network(facts.width, facts.height), hints, labels)

    def convention(self) -> Convention:
        """RTMDet's: ImageNet's normalisation, BGR, padded at the right and below. Other configs differ."""
        scale, offsets = IMAGENET_ROW
        return Convention(
            Preprocessing(scale, offsets[::-1], model_color_format=1, maintain_aspect_ratio=1),
            cluster_mode=4,
            origin="RTMDet's habit: ImageNet normalisation, BGR, letterboxed at the top left; suppressed in the graph",
            firm=False,
            fewest_outputs=2,
        )
