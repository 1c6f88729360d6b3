"""Heads that are suppressed in the graph and have four outputs: how many detections, boxes, scores, classes.

EfficientNMS, BatchedNMS and TensorFlow's detection models write count [N, 1] (or [N]), boxes [N, K, 4] (or
[N, K, 1, 4]) as corners, scores [N, K], classes [N, K]; count and classes are integers or floats. Rows behind the
count are padding. Nothing is left to cluster (cluster-mode 4). TensorRT's plugins cannot run in ONNX Runtime: such a
graph is recognised by its declared outputs alone. Source: pipeline-run.md 6b ("YOLO with BatchedNMS").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.families import evidence
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

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dsbench.model.onnx.graph import OnnxFacts

NAME = "batched_nms"
SEEN = 0.1
TURNED = "y1,x1,y2,x2"


@dataclass(frozen=True, slots=True)
class BatchedNmsLayout:
    """Indices of the four outputs; ``normalised``: fractions of the network input; ``turned``: y1, x1, y2, x2;
    ``shift``: 1 if class ids count from 1."""

    count: int
    boxes: int
    scores: int
    classes: int
    normalised: bool
    turned: bool = False
    shift: int = 0


@dataclass(frozen=True, slots=True)
class _Tensor:
    """An output without the batch dimension, as far as it is known without running."""

    name: str
    shape: tuple[int | str, ...]
    whole: bool
    """Of an integer type."""


class BatchedNms:
    """The family of four outputs."""

    name = NAME
    template = "parser_batched_nms.cpp.j2"

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """Four outputs that fit together; without samples by their declared shapes."""
        tensors = _tensors(facts, samples)
        if len(tensors) != 4:
            return Rejected(NAME, "it has four outputs: count, boxes [N, K, 4], scores [N, K], classes [N, K]")
        roles = _roles(tensors, samples)
        if roles is None:
            return Rejected(NAME, "the four outputs are not a count, boxes [N, K, 4], scores [N, K], classes [N, K]")
        seen, ids = _seen(samples, roles)
        network = Network(facts.width, facts.height)
        normalised, space, space_warning = _space(seen, tensors[roles.boxes].name, hints)
        turned, order, order_warning = _order(seen, tensors[roles.boxes].name, normalised, network, hints)
        highest = int(ids.max(initial=-1))
        shift = int(evidence.counted_from_one(ids, labels))
        layout = BatchedNmsLayout(roles.count, roles.boxes, roles.scores, roles.classes, normalised, turned, shift)
        known = "score" in tensors[roles.scores].name.casefold() and "class" in tensors[roles.classes].name.casefold()
        parts = ("count", "boxes", "scores", "classes")
        facts_found = (
            *(HeadFact(part, repr(tensors[getattr(roles, part)].name), "type, shape and name") for part in parts),
            HeadFact("boxes", "fractions" if normalised else "network pixels", space),
            HeadFact("corners", TURNED if turned else "x1,y1,x2,y2", order),
            HeadFact("labels", f"ids shifted by {shift}", f"highest id on real frames {highest}, {len(labels)} labels"),
        )
        warnings = tuple(text for text in (space_warning, order_warning) if text)
        classes = max(len(labels), highest + 1 - shift, 1)
        return Head(NAME, 0.95 if known else 0.85, classes, layout, facts_found, warnings)

    def convention(self) -> Convention:
        """Any network may stand before the NMS: evidence decides how it is fed."""
        origin = "suppressed in the graph, so no clustering; preprocessing is the network's before it"
        return Convention(None, cluster_mode=4, origin=origin)

    def decode(self, outputs: Outputs, head: Head, network: Network, threshold: float) -> Boxes:
        """Reference decode: rows up to the count, in order."""
        import numpy as np

        layout = head.layout
        assert isinstance(layout, BatchedNmsLayout)
        boxes = np.asarray(outputs[layout.boxes].data, np.float32).reshape(-1, 4)
        scores = np.asarray(outputs[layout.scores].data, np.float32).reshape(-1)
        labels = np.asarray(outputs[layout.classes].data).reshape(-1).astype(np.float32)
        used = _used(outputs, layout.count, len(scores))
        boxes, scores, labels = boxes[:used], scores[:used], labels[:used]
        known = (labels > -0.5) & (labels < HIGHEST_CLASS)  # NaN compares false
        ids = np.floor(np.where(known, labels, 0) + np.float32(0.5)).astype(np.int32) - layout.shift
        keep = known & (ids >= 0) & np.isfinite(scores) & (scores >= np.float32(threshold))
        keep &= np.isfinite(boxes).all(axis=1)
        columns = boxes[keep][:, [1, 0, 3, 2]] if layout.turned else boxes[keep]
        x1, y1, x2, y2 = evidence.pixels(columns, layout.normalised, network).T
        return clip_boxes(ids[keep], (x1, y1, x2, y2), scores[keep], network)

    def context(self, head: Head) -> ParserContext:
        """Indices of the outputs, box space and order."""
        layout = head.layout
        assert isinstance(layout, BatchedNmsLayout)
        return (
            ("count", layout.count),
            ("boxes", layout.boxes),
            ("scores", layout.scores),
            ("classes", layout.classes),
            ("normalised", layout.normalised),
            ("turned", layout.turned),
            ("shift", layout.shift),
        )


@dataclass(frozen=True, slots=True)
class _Roles:
    count: int
    boxes: int
    scores: int
    classes: int


def _tensors(facts: OnnxFacts, samples: Sequence[Outputs]) -> list[_Tensor]:
    if samples:
        return [_Tensor(out.name, out.data.shape, out.data.dtype.kind in "iu") for out in samples[0]]
    return [_Tensor(out.name, (out.shape or ())[1:], "int" in out.dtype) for out in facts.outputs]


def _roles(tensors: Sequence[_Tensor], samples: Sequence[Outputs]) -> _Roles | None:
    """Which output is what; None if they do not fit."""
    boxes = [i for i, t in enumerate(tensors) if len(t.shape) >= 2 and t.shape[-1] == 4 and t.shape[1:-1] in ((), (1,))]
    if len(boxes) != 1:
        return None
    kept = tensors[boxes[0]].shape[0]
    rest = [i for i in range(4) if i != boxes[0]]
    single = [i for i in rest if tensors[i].shape in ((), (1,))]
    if kept == 1:  # every other output has one element: the names decide
        single = [i for i in single if any(word in tensors[i].name.casefold() for word in ("num", "count", "keep"))]
    rows = [i for i in rest if i not in single and tensors[i].shape == (kept,)]
    if len(single) != 1 or len(rows) != 2:
        return None
    scores = max(rows, key=lambda i: _like_scores(tensors[i], [sample[i].data for sample in samples]))
    return _Roles(single[0], boxes[0], scores, rows[0] if scores == rows[1] else rows[1])


def _like_scores(tensor: _Tensor, values: Sequence[NDArray[np.float32]]) -> float:
    """How much an output looks like scores rather than classes: name, type, values."""
    import numpy as np

    name = tensor.name.casefold()
    points = 4.0 * ("score" in name or "conf" in name) - 4.0 * ("class" in name or "label" in name)
    points -= 2.0 * tensor.whole
    if values and not tensor.whole:
        joined = np.concatenate([np.asarray(value, np.float32).reshape(-1) for value in values])
        points += 1.0 if bool((np.abs(joined - np.rint(joined)) > 1e-3).any()) else -1.0
    return points


def _used(outputs: Outputs, count: int, rows: int) -> int:
    """Rows that count; a count that is no number is 0."""
    import numpy as np

    value = float(np.asarray(outputs[count].data, np.float32).reshape(-1)[0])
    return min(int(value), rows) if value >= 0 else 0  # NaN compares false


def _seen(samples: Sequence[Outputs], roles: _Roles) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Boxes (n, 4) and class ids (n,) of the detections on real frames."""
    import numpy as np

    boxes, ids = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.int64)]
    for sample in samples:
        used = _used(sample, roles.count, len(sample[roles.scores].data.reshape(-1)))
        found = sample[roles.boxes].data.reshape(-1, 4)[:used]
        keep = (sample[roles.scores].data.reshape(-1)[:used] > SEEN) & np.isfinite(found).all(axis=1)
        labels = np.asarray(sample[roles.classes].data, np.float64).reshape(-1)[:used]
        boxes.append(np.asarray(found[keep], np.float32))
        ids.append(np.rint(np.nan_to_num(labels[keep], nan=-1.0)).astype(np.int64))
    return np.concatenate(boxes), np.concatenate(ids)


def _space(seen: NDArray[np.float32], name: str, hints: Hints) -> tuple[bool, str, str]:
    """Fractions or not, why, and a warning if that is only a guess."""
    import numpy as np

    if hints.boxes in ("normalised", "pixels"):
        return hints.boxes == "normalised", "dsbench.toml", ""
    if len(seen):
        largest = float(np.percentile(np.abs(seen).max(axis=1), 90))
        return largest <= evidence.LARGEST_FRACTION, f"coordinates of {len(seen)} boxes up to {largest:.2f}", ""
    fractions = "nmsed" in name.casefold() or name.startswith("BatchedNMS")
    guess = "BatchedNMS's habit" if fractions else "EfficientNMS's habit"
    return (
        fractions,
        guess,
        "no detection shows which unit the boxes have: set [head] boxes if this is wrong",
    )


def _order(
    seen: NDArray[np.float32], name: str, normalised: bool, network: Network, hints: Hints
) -> tuple[bool, str, str]:
    """True for y1, x1, y2, x2; why; and a warning if only a name says so."""
    if hints.corners:
        return hints.corners == TURNED, "dsbench.toml", ""
    width, height = network.width, network.height
    short = 1.02 * min(width, height)
    if len(seen) and not normalised:
        # boxes that reach beyond the shorter side in one axis only: that axis is the longer one
        even = int(((seen[:, 2] > short) & (seen[:, 3] <= short)).sum())
        odd = int(((seen[:, 3] > short) & (seen[:, 2] <= short)).sum())
        if max(even, odd) >= 2 and max(even, odd) >= 4 * min(even, odd) and width != height:
            reason = f"{max(even, odd)} of {len(seen)} boxes reach beyond {min(width, height)} in column"
            reason += f" {2 if even > odd else 3} alone: the longer side of {width}x{height}"
            return (even > odd) != (width > height), reason, ""
    if name.casefold().startswith("detection_boxes"):
        warning = f"corners read as {TURNED} because of the name {name!r}: look at the drawn frames; [head] corners"
        return True, f"{name!r} is what EfficientDet and TensorFlow call them", warning
    return False, "the usual order", ""
