"""Rows of box, score and class id in outputs of their own; shared by `rtdetr`, `mmdeploy` and `deepstream_yolo`.

Three outputs, boxes [N, K, 4], scores [N, K] or [N, K, 1] and class ids likewise, in any order; or two, boxes with the
score in column 4 [N, K, 5] and class ids [N, K]. A row is a detection, or a cell of a grid that nothing has suppressed.
The template is rows.cpp.j2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes, centre_to_corners
from dsbench.families import evidence
from dsbench.families.base import (
    HIGHEST_CLASS,
    Head,
    HeadFact,
    Hints,
    Network,
    Outputs,
    ParserContext,
    Rejected,
    clip_boxes,
)
from dsbench.families.grids import cells_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEEN = 0.3
"""Score above which a row counts as evidence."""
REACH = 1.25
"""Boxes of the network's own size reach at most so far beyond it."""


@dataclass(frozen=True, slots=True)
class RowsLayout:
    """Output indices; ``scores`` equals ``boxes`` if the score is column 4 of the boxes.

    ``normalised``: coordinates are fractions of the network input; ``centres``: centre and size instead of corners;
    ``shift``: 1 if the class ids count from 1.
    """

    labels: int
    boxes: int
    scores: int
    normalised: bool
    centres: bool = False
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one image: class ids (K,), boxes (K, 4) and scores (K,), float32."""

    labels: NDArray[np.float32]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]


def find_three(samples: Sequence[Outputs]) -> RowsLayout | None:
    """Where class ids, boxes and scores are, if the three outputs are these."""
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
    labels = next(iter(typed or sorted(whole, key=lambda i: not _named_class(samples[0][i].name))), None)
    if labels is None:
        return None
    scores = next(i for i in others if i != labels)
    return RowsLayout(labels, boxes, scores, True) if _probable(values[scores]) else None


def find_two(samples: Sequence[Outputs]) -> RowsLayout | None:
    """Where boxes with a score [K, 5] and class ids [K] are, if the two outputs are these."""
    import numpy as np

    if not samples or len(samples[0]) != 2:
        return None
    shapes = [out.data.shape for out in samples[0]]
    boxes = next((i for i, shape in enumerate(shapes) if len(shape) == 2 and shape[1] == 5), None)
    if boxes is None or shapes[1 - boxes] not in ((shapes[boxes][0],), (shapes[boxes][0], 1)):
        return None
    labels = np.concatenate([np.ravel(sample[1 - boxes].data) for sample in samples])
    scores = np.concatenate([sample[boxes].data[:, 4] for sample in samples])
    whole = bool((np.rint(labels) == labels).all())
    return RowsLayout(1 - boxes, boxes, boxes, False) if whole and _probable(scores) else None


def one_a_cell(samples: Sequence[Outputs], layout: RowsLayout, network: Network) -> str:
    """Why every row is a cell of the strides rather than a detection; empty if it is a detection."""
    count = len(samples[0][layout.boxes].data)
    cells = cells_of(count, network)
    if cells:
        return f"{count} rows: {cells}"
    return f"{count} rows, more than a network keeps detections" if count > evidence.MOST_DETECTIONS else ""


def head(
    family: str, samples: Sequence[Outputs], layout: RowsLayout, network: Network, hints: Hints, labels: Sequence[str]
) -> Head | Rejected:
    """The head of these outputs, or why its boxes cannot be used. Facts: outputs, boxes, classes, labels."""
    import numpy as np

    rows = [split(sample, layout) for sample in samples]
    centres = _centres(rows)
    if centres is None:
        return Rejected(family, "boxes are neither corners x1, y1, x2, y2 nor centres and sizes", close=True)
    right, bottom = _reach(rows, centres)
    normalised = max(right, bottom) <= evidence.LARGEST_FRACTION
    reason = f"coordinates reach {right:.2f}, {bottom:.2f} in a network of {network.width}x{network.height}"
    if hints.boxes in ("normalised", "pixels"):
        normalised, reason = hints.boxes == "normalised", "dsbench.toml"
    elif not normalised and (right > REACH * network.width or bottom > REACH * network.height):
        fold = f"; fold orig_target_sizes = [[{network.width}, {network.height}]] (width, height of the network input)"
        fold = f"{fold} into the graph" if family == "rtdetr" else ""
        return Rejected(family, f"boxes are pixels of another size: {reason}{fold}", close=True)
    sure = np.concatenate([row.labels[row.scores > SEEN] for row in rows])
    highest = int(sure.max(initial=-1))
    shift = int(evidence.counted_from_one(sure, labels))
    classes = len(labels) if highest - shift < len(labels) else highest + 1
    form = "centres and sizes" if centres else "corners"
    found = (
        HeadFact("outputs", *_described(layout)),
        HeadFact("boxes", f"{form} in {'0..1' if normalised else 'network pixels'}", reason),
        HeadFact("classes", str(max(classes, 1)), f"highest label on real frames {highest}, {len(labels)} labels"),
        HeadFact("labels", f"ids shifted by {shift}", "they count from 1" if shift else "they count from 0"),
    )
    chosen = replace(layout, normalised=normalised, centres=centres, shift=shift)
    return Head(family, 0.9, max(classes, 1), chosen, found)


def decode(outputs: Outputs, layout: RowsLayout, network: Network, threshold: float) -> Boxes:
    """Reference decode, row by row. Rows with a box or score that is not finite, or without a class id, are skipped."""
    import numpy as np

    rows = split(outputs, layout)
    labels = rows.labels - np.float32(layout.shift)
    keep = np.isfinite(rows.boxes).all(axis=1) & (rows.scores >= np.float32(threshold)) & (labels >= 0)
    keep &= (labels < HIGHEST_CLASS) & np.isfinite(rows.scores)
    first, second, third, fourth = evidence.pixels(rows.boxes[keep], layout.normalised, network).T
    corners = (first, second, third, fourth)
    if layout.centres:
        corners = centre_to_corners(first, second, third, fourth)
    return clip_boxes(np.rint(labels[keep]).astype(np.int32), corners, rows.scores[keep], network)


def context(layout: RowsLayout) -> ParserContext:
    """Template variables of rows.cpp.j2."""
    return (
        ("labels", layout.labels),
        ("boxes", layout.boxes),
        ("scores", layout.scores),
        ("normalised", layout.normalised),
        ("centres", layout.centres),
        ("shift", layout.shift),
    )


def split(outputs: Outputs, layout: RowsLayout) -> Rows:
    """The rows of one image."""
    import numpy as np

    boxes = np.asarray(outputs[layout.boxes].data, np.float32)
    labels = np.asarray(outputs[layout.labels].data, np.float32).reshape(-1)
    if layout.scores == layout.boxes:
        return Rows(labels, boxes[:, :4], boxes[:, 4])
    return Rows(labels, boxes, np.asarray(outputs[layout.scores].data, np.float32).reshape(-1))


def _described(layout: RowsLayout) -> tuple[str, str]:
    whole = f"output {layout.labels} holds whole numbers"
    if layout.scores == layout.boxes:
        return "boxes with score, labels", f"{whole}, column 4 of output {layout.boxes} 0..1"
    return "labels, boxes, scores", f"{whole}, {layout.scores} 0..1"


def _named_class(name: str) -> bool:
    return any(word in name.lower() for word in ("label", "class"))


def _probable(scores: NDArray[np.float32]) -> bool:
    return not scores.size or bool(scores.min() >= -1e-3 and scores.max() <= 1 + 1e-3)


def _seen(rows: Sequence[Rows]) -> list[NDArray[np.float32]]:
    """Boxes (n, 4) of the sure rows of each sample that has any; all boxes of the samples if none has."""
    import numpy as np

    sure = [row.boxes[row.scores > SEEN] for row in rows if (row.scores > SEEN).any()]
    return sure or [np.concatenate([row.boxes for row in rows])]


def _centres(rows: Sequence[Rows]) -> bool | None:
    """False for corners, True for centre and size, None for neither.

    A network that is fed wrongly may write boxes that are turned round: a quarter of the samples decides.
    """
    seen = [boxes for boxes in _seen(rows) if len(boxes)]
    if not seen:
        return False
    ordered = sorted((evidence.ordered(boxes) for boxes in seen), reverse=True)
    if ordered[len(ordered) // 4] >= 0.9:
        return False
    positive = sorted((float((boxes[:, 2:] > 0).mean()) for boxes in seen), reverse=True)
    return True if positive[len(positive) // 4] >= 0.99 else None


def _reach(rows: Sequence[Rows], centres: bool) -> tuple[float, float]:
    """Largest x and y of the sure boxes: the lower quartile of the samples, since wrongly fed nets see huge boxes."""
    import numpy as np

    columns = ((0,), (1,)) if centres else ((0, 2), (1, 3))
    found = [tuple(float(np.abs(part[:, axis]).max(initial=0)) for axis in columns) for part in _seen(rows)]
    right, bottom = sorted(found)[len(found) // 4]
    return right, bottom


class RowsFamily:
    """Decode and template of a family whose rows are all that its outputs hold."""

    template = "parser_rows.cpp.j2"

    def decode(self, outputs: Outputs, head: Head, network: Network, threshold: float) -> Boxes:
        """Reference decode: row by row."""
        assert isinstance(head.layout, RowsLayout)
        return decode(outputs, head.layout, network, threshold)

    def context(self, head: Head) -> ParserContext:
        """Output indices and the form of the boxes."""
        assert isinstance(head.layout, RowsLayout)
        return context(head.layout)
