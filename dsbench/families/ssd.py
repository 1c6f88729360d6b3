"""SSD: one output [N, dets, 6] (class, score, box), or scores [N, P, C] with a background class and boxes [N, P, 4];
undecoded heads are `ssd_priors`'. Also the pair of YOLO-NAS: sigmoid scores without a background, boxes in pixels.

Boxes are corners x1, y1, x2, y2, as fractions of the network input or in its pixels. Order of the six columns, box
space and background index are read from outputs of real frames. Source: pipeline-run.md 6b ("SSD-style").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.families import evidence, ssd_priors
from dsbench.families.base import (
    HIGHEST_CLASS,
    Convention,
    Head,
    HeadFact,
    Hints,
    Network,
    Outputs,
    ParserContext,
    Rejected,
    clip_boxes,
)
from dsbench.families.ssd_priors import PriorsLayout

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dsbench.model.onnx.graph import OnnxFacts

COLUMN_ORDERS = {
    "class,score,box": (0, 1, 2),
    "score,class,box": (1, 0, 2),
    "box,score,class": (5, 4, 0),
    "box,class,score": (4, 5, 0),
}
"""Column of the class, of the score, and the first of the box; the specification's own order comes first."""
SEEN = 0.1
"""Score above which a row counts as evidence."""


@dataclass(frozen=True, slots=True)
class SsdLayout:
    """Where an SSD head keeps what. ``pair``: scores and boxes are two outputs; else one with six columns.

    ``background`` is -1 if there is none. ``shift``: 1 if labels.txt leaves the background out, so that ids behind
    it move down by one. ``scores`` and ``boxes`` are output indices of a pair; the three columns are for one output.
    ``turned``: the scores are [C, P].
    """

    pair: bool
    background: int
    shift: int
    normalised: bool
    scores: int = 0
    boxes: int = 1
    class_column: int = 0
    score_column: int = 1
    box_column: int = 2
    turned: bool = False


class Ssd:
    """The SSD family."""

    name = "ssd"
    template = "parser_ssd.cpp.j2"

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """One [dets, 6] output, or a pair with as many scores rows (summing to 1) as boxes."""
        undecoded = ssd_priors.recognise(facts, samples, hints, labels)
        if undecoded is not None:
            return undecoded
        shapes = [out.data.shape for out in samples[0]] if samples else []
        if len(shapes) == 1 and len(shapes[0]) == 2 and shapes[0][1] == 6:
            return _columns_head([sample[0].data for sample in samples], hints, labels)
        if len(shapes) == 2 and all(len(shape) == 2 for shape in shapes):
            if shapes[0][0] == shapes[1][0]:
                return _pair_head(samples, hints, labels)
            columns = _class_rows(shapes)
            if columns is not None:
                return _turned_pair(samples, columns, hints, labels)
        return Rejected(self.name, "SSD has one output [N, dets, 6], or scores [N, P, C] and boxes [N, P, 4]")

    def convention(self) -> Convention:
        """SSD models differ in scale and colour: evidence decides. They are trained on stretched images."""
        origin = "SSD models share no preprocessing but stretching; NMS by DeepStream"
        return Convention(None, cluster_mode=2, origin=origin, aspect=0)

    def decode(self, outputs: Outputs, head: Head, network: Network, threshold: float) -> Boxes:
        """Reference decode: row by row; in a pair every class that reaches the threshold gives a box."""
        import numpy as np

        layout = head.layout
        if isinstance(layout, PriorsLayout):
            return ssd_priors.decode(outputs, layout, network, threshold)
        assert isinstance(layout, SsdLayout)
        if layout.pair:
            scores, boxes = outputs[layout.scores].data, outputs[layout.boxes].data
            scores = scores.T if layout.turned else scores
            usable = np.isfinite(scores) & np.isfinite(boxes).all(axis=1, keepdims=True)
            rows, classes = np.nonzero(usable & (scores >= np.float32(threshold)))
            confidence, boxes = scores[rows, classes], boxes[rows]
        else:
            raw = outputs[0].data
            keep = np.isfinite(raw).all(axis=1) & (raw[:, layout.score_column] >= np.float32(threshold))
            raw = raw[keep]
            classes = np.rint(raw[:, layout.class_column])
            confidence, boxes = raw[:, layout.score_column], raw[:, layout.box_column : layout.box_column + 4]
        keep = (classes != layout.background) & (classes >= 0) & (classes < HIGHEST_CLASS)
        classes, confidence, boxes = classes[keep], confidence[keep], boxes[keep]
        ids = (classes - layout.shift * (classes > layout.background)).astype(np.int32)
        known = ids >= 0
        x1, y1, x2, y2 = evidence.pixels(boxes[known], layout.normalised, network).T
        return clip_boxes(ids[known], (x1, y1, x2, y2), confidence[known], network)

    def context(self, head: Head) -> ParserContext:
        """Indices of columns and outputs, background, shift, box space."""
        layout = head.layout
        if isinstance(layout, PriorsLayout):
            return ssd_priors.context(layout)
        assert isinstance(layout, SsdLayout)
        return (
            ("undecoded", False),
            ("pair", layout.pair),
            ("turned", layout.turned),
            ("background", layout.background),
            ("shift", layout.shift),
            ("normalised", layout.normalised),
            ("scores", layout.scores),
            ("boxes", layout.boxes),
            ("class_column", layout.class_column),
            ("score_column", layout.score_column),
            ("box_column", layout.box_column),
        )


def _class_rows(shapes: Sequence[tuple[int, ...]]) -> int | None:
    """Index of the scores [C, P] beside boxes [P, 4], as PaddleDetection's exclude_nms leaves them; None if it is not
    so."""
    found = (at for at in range(2) if shapes[1 - at][1] == 4 and shapes[at][1] == shapes[1 - at][0] != shapes[at][0])
    return next(found, None)


def _turned_pair(samples: Sequence[Outputs], scores: int, hints: Hints, labels: Sequence[str]) -> Head | Rejected:
    """PP-YOLOE and others without their NMS: a score for each class, decoded corners in pixels."""
    rows = [
        tuple(replace(out, data=out.data.T) if index == scores else out for index, out in enumerate(sample))
        for sample in samples
    ]
    head = _pair_head(rows, hints, labels)
    if isinstance(head, Rejected):
        return head
    assert isinstance(head.layout, SsdLayout)
    fact = HeadFact("scores", "[classes, anchors]", "one row for each class")
    return replace(head, layout=replace(head.layout, turned=True), facts=(*head.facts, fact))


def _pair_head(samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]) -> Head | Rejected:
    import numpy as np

    widths = [out.data.shape[1] for out in samples[0]]
    if 4 not in widths:
        return Rejected("ssd", "none of the two outputs has 4 columns (boxes)")
    box_index = _box_index(samples)
    scores = np.concatenate([sample[1 - box_index].data for sample in samples])
    boxes = np.concatenate([sample[box_index].data for sample in samples])
    classes = scores.shape[1]
    if not (np.isfinite(scores).all() and np.isfinite(boxes).all()):
        return Rejected("ssd", "the outputs hold NaN or Inf", close=True)
    sums = scores.sum(axis=1)
    if scores.min() < -1e-3 or scores.max() > 1 + 1e-3:
        what = f"score columns span [{scores.min():.2f}, {scores.max():.2f}], not [0, 1]: neither softmax nor sigmoid"
        return Rejected("ssd", f"{what} is in the graph", close=True)
    if np.abs(sums - 1).max() > 0.02 or classes < 2:
        return _sigmoid_pair(scores, boxes, box_index, hints, labels)
    mass = scores.mean(axis=0)
    background = int(np.argmax(mass)) if hints.background is None else hints.background
    why = "dsbench.toml" if hints.background is not None else f"highest mean score ({mass[background]:.3f})"
    foreground = np.delete(scores, background, axis=1).max(axis=1) if 0 <= background < classes else scores.max(axis=1)
    problem, normalised, space = _box_space(boxes[foreground > SEEN], boxes, hints)
    if problem:
        return Rejected("ssd", problem, close=True)
    shift, label_reason, warnings = _label_shift(classes, background, labels)
    layout = SsdLayout(True, background, shift, normalised, scores=1 - box_index, boxes=box_index)
    facts = (
        HeadFact("classes", str(classes), f"{classes} columns of scores, background included"),
        HeadFact("background", str(background), why),
        HeadFact("boxes", "normalised corners" if normalised else "pixel corners", space),
        HeadFact("labels", f"ids shifted by {shift}", label_reason),
    )
    return Head("ssd", 0.9, classes - shift, layout, facts, warnings)


def _box_index(samples: Sequence[Outputs]) -> int:
    """Which output of a pair holds the boxes: the one with 4 columns; of two such the one that is no scores."""
    first, second = samples[0]
    if first.data.shape[1] != second.data.shape[1]:
        return 1 if second.data.shape[1] == 4 else 0
    if ("box" in first.name.lower()) != ("box" in second.name.lower()):
        return 1 if "box" in second.name.lower() else 0
    return 0 if float(first.data.max()) > float(second.data.max()) else 1


def _sigmoid_pair(
    scores: NDArray[np.float32], boxes: NDArray[np.float32], box_index: int, hints: Hints, labels: Sequence[str]
) -> Head | Rejected:
    """Decoded corners in pixels and one independent score a class, no background: YOLO-NAS, DAMO-YOLO.

    Fractions with such scores are TensorFlow's raw_detection_boxes too (y1, x1, y2, x2, background first): not guessed.
    """
    sums = scores.sum(axis=1)
    why = f"score rows sum to {sums.min():.2f}..{sums.max():.2f}, not to 1"
    problem, normalised, space = _box_space(boxes[scores.max(axis=1) > SEEN], boxes, hints)
    if not problem and hints.family != "ssd" and (normalised or len(labels) == scores.shape[1] - 1):
        problem = "no softmax with a background class"
    if problem:
        return Rejected("ssd", f"{why}: {problem}", close=True)
    layout = SsdLayout(True, -1, 0, normalised, scores=1 - box_index, boxes=box_index)
    found = (
        HeadFact("classes", str(scores.shape[1]), "columns of scores"),
        HeadFact("background", "none", f"{why}: a score for each class"),
        HeadFact("boxes", "normalised corners" if normalised else "pixel corners", space),
    )
    return Head("ssd", 0.85, scores.shape[1], layout, found)


def _columns_head(arrays: Sequence[NDArray[np.float32]], hints: Hints, labels: Sequence[str]) -> Head | Rejected:
    import numpy as np

    raw = np.concatenate(arrays)
    rows = raw[np.isfinite(raw).all(axis=1) & (np.abs(raw).sum(axis=1) > 0)]
    order, confidence, reason = _column_order(rows, hints)
    if order is None:
        return Rejected("ssd", "no order of the 6 columns has whole class ids and scores within [0, 1]")
    class_column, score_column, box_column = COLUMN_ORDERS[order]
    seen = rows[rows[:, score_column] > SEEN]
    problem, normalised, space = _box_space(seen[:, box_column : box_column + 4], None, hints)
    if problem:
        return Rejected("ssd", problem, close=True)
    ids = np.rint(seen[:, class_column]).astype(int)
    highest = int(ids.max(initial=-1))
    shift = int(evidence.counted_from_one(ids, labels))
    background = 0 if shift else (-1 if hints.background is None else hints.background)
    why = (
        f"ids up to {highest} with {len(labels)} labels: ids count from 1"
        if shift
        else f"highest id on real frames {highest}, {len(labels)} labels"
    )
    layout = SsdLayout(
        False,
        background,
        shift,
        normalised,
        class_column=class_column,
        score_column=score_column,
        box_column=box_column,
    )
    warnings = () if len(seen) else ("no detection on the real frames: the column order is the specification's",)
    facts = (
        HeadFact("columns", order, reason),
        HeadFact("boxes", "normalised corners" if normalised else "pixel corners", space),
        HeadFact("labels", f"ids shifted by {shift}", why),
    )
    classes = len(labels) if labels and highest - shift < len(labels) else highest + 1 - shift
    return Head("ssd", confidence, max(classes, 1), layout, facts, warnings)


def _column_order(rows: NDArray[np.float32], hints: Hints) -> tuple[str | None, float, str]:
    """Name of the order, confidence, reason; None if no order fits."""
    import numpy as np

    if hints.columns in COLUMN_ORDERS:
        return hints.columns, 0.9, "dsbench.toml"
    if not len(rows):
        return "class,score,box", 0.5, "the specification's order; the real frames gave no detections to judge by"
    for name, (class_column, score_column, box_column) in COLUMN_ORDERS.items():
        classes, scores = rows[:, class_column], rows[:, score_column]
        corners = rows[:, box_column : box_column + 4]
        whole = np.abs(classes - np.rint(classes)).max() < 1e-3 and classes.min() >= -1
        ordered = evidence.ordered(corners) > 0.95
        probable = scores.min() >= -1e-3 and scores.max() <= 1 + 1e-3
        if whole and probable and ordered and np.ptp(scores) > 1e-6:
            reason = f"column {class_column} holds whole numbers, column {score_column} values within [0, 1]"
            return name, 0.8, reason
    return None, 0.0, ""


def _box_space(seen: NDArray[np.float32], fallback: NDArray[np.float32] | None, hints: Hints) -> tuple[str, bool, str]:
    """Problem (or ""), True for fractions, and why; boxes that are not corners are a problem."""
    import numpy as np

    boxes = seen if len(seen) or fallback is None else fallback
    if len(boxes):
        ordered = evidence.ordered(boxes)
        if ordered < 0.9:
            return f"boxes are not corners x1, y1, x2, y2 (only {ordered:.0%} have x2 >= x1, y2 >= y1)", False, ""
    if hints.boxes in ("normalised", "pixels"):
        return "", hints.boxes == "normalised", "dsbench.toml"
    if not len(boxes):
        return "", True, "the specification's; no detections to judge by"
    largest = float(np.abs(boxes).max())
    return "", largest <= evidence.LARGEST_FRACTION, f"largest coordinate of {len(boxes)} boxes: {largest:.2f}"


def _label_shift(classes: int, background: int, labels: Sequence[str]) -> tuple[int, str, tuple[str, ...]]:
    """0 or 1, why, and warnings: does labels.txt have a line for the background?"""
    count = len(labels)
    if not count or count == classes:
        named = f" (line {background + 1}: {labels[background]!r})" if 0 <= background < count else ""
        return 0, f"labels.txt names the background too{named}" if count else "no labels given", ()
    if count == classes - 1:
        return 1, f"{count} labels for {classes} classes: labels.txt leaves the background out", ()
    return 0, "label count fits neither way", (f"labels.txt has {count} labels, the head {classes} classes",)
