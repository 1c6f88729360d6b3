"""What the run itself gets wrong, at its own thresholds: precision and recall by class, confusion, hardest frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base.boxes import iou
from dsbench.judge.accuracy.average_precision import JudgedFrame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_IOU = 0.5
MISSED, BACKGROUND = "missed", "background"
"""The detected class of an object without a box, and the true class of a box without an object."""
_NOTHING = -1


@dataclass(frozen=True, slots=True)
class ClassErrors:
    """One class at the run's thresholds. ``right``: objects found, with IoU of at least MIN_IOU and the right class."""

    name: str
    objects: int
    detections: int
    right: int

    @property
    def precision(self) -> float | None:
        return self.right / self.detections if self.detections else None

    @property
    def recall(self) -> float | None:
        return self.right / self.objects if self.objects else None

    @property
    def f1(self) -> float | None:
        total = self.objects + self.detections
        return 2 * self.right / total if total else None


@dataclass(frozen=True, slots=True)
class FrameErrors:
    """One frame: objects without a box, boxes without an object, objects found as another class."""

    number: int
    name: str
    objects: int
    missed: int
    background: int
    confused: int

    @property
    def errors(self) -> int:
        return self.missed + self.background + self.confused


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many objects of one class were found as another; MISSED and BACKGROUND are classes here."""

    truth: str
    found: str
    count: int


@dataclass(frozen=True, slots=True)
class RunErrors:
    """All classes, the pairs of true and detected class that occur, and the frames with errors, hardest first."""

    classes: tuple[ClassErrors, ...]
    confusion: tuple[Confusion, ...]
    frames: tuple[FrameErrors, ...]

    @property
    def total(self) -> ClassErrors:
        """All classes together."""
        return ClassErrors(
            "all",
            sum(one.objects for one in self.classes),
            sum(one.detections for one in self.classes),
            sum(one.right for one in self.classes),
        )

    def count(self, truth: str, found: str) -> int:
        return sum(one.count for one in self.confusion if (one.truth, one.found) == (truth, found))


@dataclass(frozen=True, slots=True)
class TruthMatch:
    """Of one frame, positions in ``truth`` and ``found``: pairs of one class, pairs of two, objects and boxes left."""

    same: tuple[tuple[int, int], ...]
    other: tuple[tuple[int, int], ...]
    missed: tuple[int, ...]
    background: tuple[int, ...]


def match(frame: JudgedFrame) -> TruthMatch:
    """Pairs within a class first, boxes by falling score as COCO does it; then what is left across classes, by falling
    IoU. Boxes left that lie mostly in a crowd region count as nothing."""
    import numpy as np

    truth, found = frame.truth.take(~frame.crowd), frame.found
    places = np.flatnonzero(~frame.crowd)
    overlap = np.where(iou(truth, found) >= MIN_IOU, iou(truth, found), 0.0)
    same_class = truth.class_id[:, None] == found.class_id[None]
    same = _greedy_by_score(np.where(same_class, overlap, 0.0), found.confidence)
    taken_truth, taken_found = [row for row, _ in same], [column for _, column in same]
    rest = overlap.copy()
    rest[taken_truth, :] = rest[:, taken_found] = 0.0
    other = []
    while rest.max(initial=0.0) > 0:
        row, column = (int(at) for at in np.unravel_index(rest.argmax(), rest.shape))
        other.append((row, column))
        rest[row, :] = rest[:, column] = 0.0
    used_truth = {row for row, _ in (*same, *other)}
    used_found = {column for _, column in (*same, *other)} | _in_crowd(frame)
    return TruthMatch(
        tuple((int(places[row]), column) for row, column in same),
        tuple((int(places[row]), column) for row, column in other),
        tuple(int(places[row]) for row in range(len(truth)) if row not in used_truth),
        tuple(column for column in range(len(found)) if column not in used_found),
    )


def _greedy_by_score(overlap: NDArray[np.float64], scores: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Rows and columns: each column, by falling score, takes the free row that it overlaps most."""
    import numpy as np

    free, pairs = overlap.copy(), []
    for column in np.argsort(-scores, kind="stable"):
        if free[:, column].max(initial=0.0) > 0:
            row = int(free[:, column].argmax())
            pairs.append((row, int(column)))
            free[row, :] = 0.0
    return pairs


def _in_crowd(frame: JudgedFrame) -> set[int]:
    """Positions of boxes that lie in a crowd region of their class with at least MIN_IOU of their area."""
    import numpy as np

    crowd, found = frame.truth.take(frame.crowd), frame.found
    inside: set[int] = set()
    for index in range(len(crowd)):
        right, bottom = crowd.left[index] + crowd.width[index], crowd.top[index] + crowd.height[index]
        x = np.minimum(found.left + found.width, right) - np.maximum(found.left, crowd.left[index])
        y = np.minimum(found.top + found.height, bottom) - np.maximum(found.top, crowd.top[index])
        shared = np.maximum(x, 0) * np.maximum(y, 0)
        own = (found.class_id == crowd.class_id[index]) & (found.width > 0) & (found.height > 0)
        inside.update(np.flatnonzero(own & (shared >= MIN_IOU * found.width * found.height)).tolist())
    return inside


def evaluate(frames: Sequence[JudgedFrame], names: Sequence[str], shared: int) -> RunErrors:
    """The errors of all frames. The first ``shared`` classes are those that ground truth and model have both. Of the
    others, an object is not missed and a box is not wrong; they count in pairs with a shared class only."""
    pairs: Counter[tuple[int, int]] = Counter()
    per_frame = []
    for frame in frames:
        counted = _pairs(frame, shared)
        pairs.update(counted)
        objects = int((~frame.crowd & (frame.truth.class_id < shared)).sum())
        missed = sum(found == _NOTHING for _, found in counted)
        background = sum(truth == _NOTHING for truth, _ in counted)
        confused = sum(truth != found for truth, found in counted) - missed - background
        per_frame.append(FrameErrors(frame.number, frame.name, objects, missed, background, confused))
    classes = tuple(
        ClassErrors(
            names[index],
            sum(count for (truth, _), count in pairs.items() if truth == index),
            sum(count for (_, found), count in pairs.items() if found == index),
            pairs[index, index],
        )
        for index in range(shared)
    )
    hardest = sorted((one for one in per_frame if one.errors), key=lambda one: (-one.errors, one.number))
    return RunErrors(
        classes,
        tuple(
            Confusion(
                BACKGROUND if truth == _NOTHING else names[truth], MISSED if found == _NOTHING else names[found], count
            )
            for (truth, found), count in pairs.most_common()
        ),
        tuple(hardest),
    )


def _pairs(frame: JudgedFrame, shared: int) -> list[tuple[int, int]]:
    """True and detected class of every object and box of a frame; _NOTHING for what has no partner."""
    found = match(frame)
    truth_ids, found_ids = frame.truth.class_id.tolist(), frame.found.class_id.tolist()
    pairs = [(truth_ids[row], found_ids[column]) for row, column in (*found.same, *found.other)]
    pairs += [(truth_ids[row], _NOTHING) for row in found.missed]
    pairs += [(_NOTHING, found_ids[column]) for column in found.background]
    return [(truth, box) for truth, box in pairs if 0 <= truth < shared or 0 <= box < shared]
