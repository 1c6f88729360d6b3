"""RT-DETR, D-FINE, conditional and deformable DETR: object queries whose class columns go through a sigmoid.

Two outputs, logits [N, Q, C] and boxes [N, Q, 4] as cx, cy, w, h in 0..1, no background column; or the post-processed
export: labels [N, Q], boxes [N, Q, 4] as x1, y1, x2, y2 (pixels of orig_target_sizes, or fractions), scores [N, Q].
Each class of a query that reaches the threshold gives a box; no NMS.
Source: pipeline-run.md 6b ("DETR / Conditional DETR", "HF RT-DETR preprocessing quirk").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.families import evidence, owlvit, queries
from dsbench.families.base import (
    HIGHEST_CLASS,
    Convention,
    Head,
    HeadFact,
    Hints,
    Network,
    Outputs,
    ParserContext,
    Preprocessing,
    Rejected,
    clip_boxes,
)
from dsbench.families.queries import Activation, QueryLayout, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dsbench.model.onnx.graph import OnnxFacts

SEEN = 0.3
"""Score above which a post-processed row counts as evidence."""


@dataclass(frozen=True, slots=True)
class SelectedLayout:
    """Output indices of the post-processed export; ``normalised``: corners are fractions of the network input;
    ``shift``: 1 if the labels count from 1."""

    labels: int
    boxes: int
    scores: int
    normalised: bool
    shift: int = 0


class RtDetr:
    """RT-DETR and the other detectors with object queries and a sigmoid."""

    name = "rtdetr"
    template = "parser_rtdetr.cpp.j2"

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Labels, boxes and scores of one length; or class columns and boxes whose scores go through a sigmoid."""
        selected = _selected(samples)
        if selected is not None:
            return _selected_head(samples, selected, Network(facts.width, facts.height), hints, labels)
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
        elif owlvit.claims(head, hints, Network(facts.width, facts.height)):
            return Rejected(self.name, "the queries are patches of the image, as OWL-ViT's")
        if verdict.activation is Activation.SOFTMAX:
            return Rejected(self.name, f"scores go through a softmax ({verdict.reason})")
        where = "in the graph" if head.layout.activated else "in the parser"
        found = (
            HeadFact("scores", "sigmoid, no background", verdict.reason),
            HeadFact("sigmoid", where, "class columns are within 0..1" if head.layout.activated else "logits"),
            HeadFact("classes", str(head.classes), "class columns"),
            HeadFact("boxes", "cx, cy, w, h in 0..1", f"{head.queries} queries"),
        )
        return Head(self.name, verdict.confidence, head.classes, head.layout, found, warnings)

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
            return queries.decode_sigmoid(outputs, head.layout, network, threshold)
        import numpy as np

        assert isinstance(head.layout, SelectedLayout)
        labels, boxes, scores = _columns(outputs, head.layout)
        labels = labels - np.float32(head.layout.shift)
        keep = np.isfinite(boxes).all(axis=1) & (scores >= np.float32(threshold)) & (labels >= 0)
        keep &= labels < HIGHEST_CLASS
        x1, y1, x2, y2 = evidence.pixels(boxes[keep], head.layout.normalised, network).T
        return clip_boxes(np.rint(labels[keep]).astype(np.int32), (x1, y1, x2, y2), scores[keep], network)

    def context(self, head: Head) -> ParserContext:
        """Output indices; whether the sigmoid is in the graph."""
        layout = head.layout
        if isinstance(layout, QueryLayout):
            return (("selected", False), *queries.context(layout))
        assert isinstance(layout, SelectedLayout)
        return (
            ("selected", True),
            ("labels", layout.labels),
            ("boxes", layout.boxes),
            ("scores", layout.scores),
            ("normalised", layout.normalised),
            ("shift", layout.shift),
        )


def _columns(
    outputs: Outputs, layout: SelectedLayout
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Labels (Q,), boxes (Q, 4) and scores (Q,) of one image."""
    import numpy as np

    labels, boxes, scores = (
        np.asarray(outputs[index].data, np.float32) for index in (layout.labels, layout.boxes, layout.scores)
    )
    return labels.reshape(-1), boxes, scores.reshape(-1)


def _selected(samples: Sequence[Outputs]) -> SelectedLayout | None:
    """Where labels, boxes and scores are, if the three outputs are these. Their order does not matter."""
    import numpy as np

    if not samples or len(samples[0]) != 3:
        return None
    shapes = [out.data.shape for out in samples[0]]
    boxes = next((i for i, shape in enumerate(shapes) if len(shape) == 2 and shape[1] == 4), None)
    if boxes is None:
        return None
    others = [i for i in range(3) if i != boxes]
    if any(shapes[i] not in ((shapes[boxes][0],), (shapes[boxes][0], 1)) for i in others):
        return None
    values = {i: np.concatenate([np.ravel(sample[i].data) for sample in samples]) for i in others}
    whole = [i for i in others if bool((np.rint(values[i]) == values[i]).all())]
    typed = [i for i in others if samples[0][i].data.dtype.kind in "iu"]
    labels = next(iter(typed or sorted(whole, key=lambda i: "label" not in samples[0][i].name.lower())), None)
    if labels is None:
        return None
    scores = next(i for i in others if i != labels)
    if values[scores].size and not (values[scores].min() >= -1e-3 and values[scores].max() <= 1 + 1e-3):
        return None
    return SelectedLayout(labels, boxes, scores, True)


def _selected_head(
    samples: Sequence[Outputs], layout: SelectedLayout, network: Network, hints: Hints, labels: Sequence[str]
) -> Head | Rejected:
    import numpy as np

    rows = [_columns(sample, layout) for sample in samples]
    ids, boxes, scores = (np.concatenate([row[i] for row in rows]) for i in range(3))
    seen = boxes[scores > SEEN] if (scores > SEEN).any() else boxes
    if len(seen) and evidence.ordered(seen) < 0.9:
        return Rejected("rtdetr", "boxes are not corners x1, y1, x2, y2", close=True)
    right, bottom = _reach(rows)
    normalised = max(right, bottom) <= evidence.LARGEST_FRACTION
    reason = f"coordinates reach {right:.2f}, {bottom:.2f} in a network of {network.width}x{network.height}"
    if hints.boxes in ("normalised", "pixels"):
        normalised, reason = hints.boxes == "normalised", "dsbench.toml"
    elif not normalised and (right > 1.25 * network.width or bottom > 1.25 * network.height):
        return Rejected(
            "rtdetr",
            f"boxes are pixels of another size: {reason}; fold orig_target_sizes = [[{network.width},"
            f" {network.height}]] (width, height of the network input) into the graph",
            close=True,
        )
    sure = ids[scores > SEEN]
    highest = int(sure.max(initial=-1))
    shift = int(evidence.counted_from_one(sure, labels))
    classes = len(labels) if highest - shift < len(labels) else highest + 1
    found = (
        HeadFact(
            "outputs", "labels, boxes, scores", f"output {layout.labels} holds whole numbers, {layout.scores} 0..1"
        ),
        HeadFact("boxes", "corners in 0..1" if normalised else "corners in network pixels", reason),
        HeadFact("classes", str(max(classes, 1)), f"highest label on real frames {highest}, {len(labels)} labels"),
        HeadFact("labels", f"ids shifted by {shift}", "they count from 1" if shift else "they count from 0"),
    )
    chosen = SelectedLayout(layout.labels, layout.boxes, layout.scores, normalised, shift)
    return Head("rtdetr", 0.9, max(classes, 1), chosen, found)


def _reach(rows: Sequence[tuple[NDArray[np.float32], ...]]) -> tuple[float, float]:
    """Largest x and y of the sure boxes: the lower quartile of all samples, since wrongly fed nets see huge boxes."""
    import numpy as np

    seen = [boxes[scores > SEEN] for _, boxes, scores in rows if (scores > SEEN).any()]
    seen = seen or [np.concatenate([boxes for _, boxes, _ in rows])]
    found = [tuple(float(np.abs(part[:, [i, i + 2]]).max(initial=0)) for i in (0, 1)) for part in seen]
    right, bottom = sorted(found)[len(found) // 4]
    return right, bottom


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
