"""Shared by heads of object queries: class columns [Q, C] and boxes [Q, 4] as cx, cy, w, h in 0..1.

DETR's logits go through a softmax with the background last, those of its successors and of OWL-ViT through a sigmoid
per class. The arrays look alike: config.json's model_type decides, else the logits of real frames. With a softmax
most queries say "background", the last column; with a sigmoid all columns of most queries are strongly negative.
Source: pipeline-run.md 6b ("Model-family parser patterns").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes, centre_to_corners
from dsbench.families import evidence
from dsbench.families.base import Hints, Network, Outputs, ParserContext, clip_boxes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SOFTMAX_MODELS = ("detr", "yolos", "table-transformer")
SIGMOID_MODELS = (
    *("conditional_detr", "deformable_detr", "dab-detr", "deta", "rt_detr", "rt_detr_v2", "d_fine", "rf_detr"),
    *("lw_detr", "grounding-dino", "mm-grounding-dino", "omdet-turbo"),
)
PATCH_MODELS = ("owlvit", "owlv2")
"""model_type of config.json by the activation of their scores; OWL-ViT's is a sigmoid too."""
MAX_QUERIES = 2000
"""More rows are a dense head: object queries number 100 to 900."""
LEADS = 1.0
"""The margin by which the last column leads in a query of the background."""
STRONGLY = -1.5
"""All logits below this: a sigmoid sees nothing in the query (below 0.18)."""
MOSTLY = 0.6
RF_DETR_OUTPUTS = {"dets", "labels"}
SPARE_BELOW = 0.1
"""A column whose highest score stays below this on real frames, under most preprocessings, is trained to be empty."""


class Activation(StrEnum):
    """What turns a head's class columns into scores."""

    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class QueryLayout:
    """Output indices of class columns and boxes, and whether the columns are probabilities already."""

    scores: int
    boxes: int
    activated: bool


@dataclass(frozen=True, slots=True)
class QueryHead:
    """Where class columns and boxes of object queries are, and the columns (Q, C) of each sample."""

    layout: QueryLayout
    queries: int
    classes: int
    samples: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The activation, how sure, and why."""

    activation: Activation
    confidence: float
    reason: str


def find(samples: Sequence[Outputs]) -> QueryHead | str:
    """The head's columns and boxes, or why the outputs are none."""
    import numpy as np

    place = _places(samples)
    if isinstance(place, str):
        return place
    scores, boxes = place
    problem = _not_centres(np.concatenate([sample[boxes].data for sample in samples]))
    if problem:
        return problem
    columns = tuple(np.asarray(sample[scores].data, np.float32) for sample in samples)
    if any(np.isnan(rows).any() for rows in columns):
        return "the class columns hold NaN"
    activated = all(rows.min() >= 0 and rows.max() <= 1 for rows in columns)
    count, classes = columns[0].shape
    return QueryHead(QueryLayout(scores, boxes, activated), count, classes, columns)


def split(outputs: Outputs, layout: QueryLayout) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Class columns (Q, C) and boxes (Q, 4) of one image."""
    return outputs[layout.scores].data, outputs[layout.boxes].data


def context(layout: QueryLayout) -> ParserContext:
    """Template variables: output indices, and whether the activation is in the graph."""
    return (("scores", layout.scores), ("boxes", layout.boxes), ("activated", layout.activated))


def judge(head: QueryHead, hints: Hints, labels: Sequence[str]) -> Verdict:
    """Softmax or sigmoid: by config.json, else by the logits, else by the number of labels."""
    model_type = hints.model_type
    for types, activation in (
        (SOFTMAX_MODELS, Activation.SOFTMAX),
        ((*SIGMOID_MODELS, *PATCH_MODELS), Activation.SIGMOID),
    ):
        if model_type in types:
            return Verdict(activation, 0.95, f"config.json: model_type {model_type}")
    seen = by_evidence(head)
    if seen.activation is not Activation.UNKNOWN:
        return seen
    names = hints.hugging_face.id2label if hints.hugging_face else ()
    for source, count in (("id2label of config.json", len(names)), ("labels.txt", len(labels))):
        if count == head.classes - 1:
            return Verdict(
                Activation.SOFTMAX, 0.65, f"{source} names {count} of {head.classes} columns: the last is background"
            )
        if count == head.classes:
            return Verdict(Activation.SIGMOID, 0.65, f"{source} names all {count} columns: none is background")
    return seen


def by_evidence(head: QueryHead) -> Verdict:
    """Softmax or sigmoid by the values on real frames alone.

    Each sample (one preprocessing) has a vote: a wrong preprocessing may show anything, but few show the contrary.
    """
    if head.classes == 1:
        return Verdict(Activation.SIGMOID, 0.8, "one class column leaves no room for a background")
    seen = [_probabilities(rows) if head.layout.activated else _logits(rows) for rows in head.samples]
    votes = {kind: [item for item in seen if item.activation is kind] for kind in Activation}
    softmax, sigmoids = votes[Activation.SOFTMAX], votes[Activation.SIGMOID]
    for mine, others in ((softmax, sigmoids), (sigmoids, softmax)):
        if len(mine) > 2 * len(others):
            return mine[0]
    if softmax and sigmoids:
        return Verdict(Activation.UNKNOWN, 0.5, f"{softmax[0].reason}; fed otherwise, {sigmoids[0].reason}")
    return seen[0]


def _probabilities(columns: NDArray[np.float32]) -> Verdict:
    import numpy as np

    sums = columns.sum(axis=1)
    spread = f"rows of scores within 0..1 sum to {sums.min():.2f}..{sums.max():.2f}"
    if np.abs(sums - 1).max() > 0.02:
        return Verdict(Activation.SIGMOID, 0.8, f"{spread}: a sigmoid in the graph")
    last = float(np.mean(columns.argmax(axis=1) == columns.shape[1] - 1))
    reason = f"{spread}, the last column leads in {last:.0%}"
    return Verdict(Activation.SOFTMAX, 0.8, reason) if last >= MOSTLY else Verdict(Activation.UNKNOWN, 0.5, reason)


def _logits(columns: NDArray[np.float32]) -> Verdict:
    import numpy as np

    background = float(np.mean(columns[:, -1] - columns[:, :-1].max(axis=1) > LEADS))
    empty = float(np.mean(columns.max(axis=1) < STRONGLY))
    reason = (
        f"the last column leads in {background:.0%} of the queries, all columns are strongly negative in {empty:.0%}"
    )
    if background >= MOSTLY and empty < 1 - MOSTLY:
        return Verdict(Activation.SOFTMAX, 0.8, f"{reason}: background last")
    if empty >= MOSTLY and background < MOSTLY:
        return Verdict(Activation.SIGMOID, 0.8, f"{reason}: no background column")
    return Verdict(Activation.UNKNOWN, 0.5, reason)


def sigmoid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logistic function in float32."""
    import numpy as np

    with np.errstate(over="ignore"):
        result: NDArray[np.float32] = (np.float32(1) / (np.float32(1) + np.exp(-values))).astype(np.float32)
        return result


def softmax(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax of each row in float32."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        result: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        return result


def spare_column(head: QueryHead, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]) -> str:
    """Why the last column is no class, or an empty text: RF-DETR keeps one after fine-tuning that is never high.

    It is known by RF-DETR's output names or by its metadata, and by one name less than there are columns.
    """
    import numpy as np

    stated = hints.exporter.stated if hints.exporter else None
    names = stated.names if stated and stated.names else None
    count = len(names.value) if names else len(labels)
    rf_detr = {out.name for out in samples[0]} >= RF_DETR_OUTPUTS
    if count != head.classes - 1 or not (rf_detr or (stated and stated.family and names)):
        return ""
    peaks = [rows[:, -1] if head.layout.activated else sigmoid(rows[:, -1]) for rows in head.samples]
    highest = float(np.median([np.nanmax(peak) for peak in peaks]))
    if highest >= SPARE_BELOW:
        return ""
    source = names.source if names else "labels.txt"
    return f"RF-DETR's spare column: {source} names {count} of {head.classes}, its highest score is {highest:.2g}"


def decode_sigmoid(outputs: Outputs, layout: QueryLayout, classes: int, network: Network, threshold: float) -> Boxes:
    """Each of the first ``classes`` columns of every query that reaches the threshold, query by query; boxes and
    scores that are not finite are skipped."""
    import numpy as np

    columns, boxes = split(outputs, layout)
    columns = columns[:, :classes]
    scores = np.asarray(columns, np.float32) if layout.activated else sigmoid(np.asarray(columns, np.float32))
    finite = np.isfinite(boxes).all(axis=1)
    rows, found = np.nonzero(finite.reshape(-1, 1) & np.isfinite(scores) & (scores >= np.float32(threshold)))
    return centre_boxes(found.astype(np.int32), boxes[rows], scores[rows, found], network)


def centre_boxes(
    class_id: NDArray[np.int32], boxes: NDArray[np.float32], confidence: NDArray[np.float32], network: Network
) -> Boxes:
    """Boxes of cx, cy, w, h in 0..1 as clipped network pixels."""
    import numpy as np

    x1, y1, x2, y2 = centre_to_corners(*np.asarray(boxes, np.float32).reshape(-1, 4).T)
    width, height = np.float32(network.width), np.float32(network.height)
    return clip_boxes(class_id, (x1 * width, y1 * height, x2 * width, y2 * height), confidence, network)


def _places(samples: Sequence[Outputs]) -> tuple[int, int] | str:
    """Output indices of class columns and boxes, or why there are none."""
    flat = [index for index, out in enumerate(samples[0]) if out.data.ndim == 2] if samples else []
    shapes = {index: samples[0][index].data.shape for index in flat}
    boxes = [
        index
        for index in flat
        if shapes[index][1] == 4 and shapes[index][0] <= MAX_QUERIES and not _constant(samples, index)
    ]
    pairs = [(s, b) for b in boxes for s in flat if s != b and shapes[s][0] == shapes[b][0]]
    if not pairs:
        return f"no pair of class columns [Q, C] and boxes [Q, 4] with Q up to {MAX_QUERIES}"
    named = [
        (s, b)
        for s, b in pairs
        if "box" in samples[0][b].name.lower() and samples[0][s].name.lower() in ("logits", "pred_logits")
    ]
    plausible = [(s, b) for s, b in pairs if not _not_centres(samples[0][b].data)]
    choices = [pair for pair in named if pair in plausible] or plausible or pairs
    lengths = sorted({shapes[b][0] for _, b in choices})
    if len(lengths) > 1:
        return f"several pairs of class columns and boxes, of {', '.join(map(str, lengths))} rows: one for each stride"
    return next((pair for pair in choices if "box" in samples[0][pair[1]].name.lower()), choices[0])


def _constant(samples: Sequence[Outputs], index: int) -> bool:
    """Whether an output is the same for every sample, as prior boxes are."""
    import numpy as np

    first = samples[0][index].data
    return len(samples) > 1 and all(np.array_equal(sample[index].data, first) for sample in samples[1:])


def _not_centres(boxes: NDArray[np.float32]) -> str:
    """Why boxes are not cx, cy, w, h in 0..1, or an empty text."""
    import numpy as np

    if not len(boxes) or not np.isfinite(boxes).all():
        return "the boxes hold NaN or Inf"
    inside = float(np.mean((boxes >= -0.1) & (boxes <= 1.1)))
    low, high = float(boxes.min()), float(boxes.max())
    if inside < 0.95 or low < -2 or high > 3 or np.mean(boxes[:, 2:] < -1e-3) > 0.01:
        return f"boxes span [{low:.2f}, {high:.2f}], not cx, cy, w, h in 0..1"
    if evidence.ordered(boxes) > 0.9:
        return "boxes look like corners x1, y1, x2, y2, not cx, cy, w, h"
    return ""
