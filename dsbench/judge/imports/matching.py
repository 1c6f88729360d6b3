"""Boxes of two runs over the same frames, paired: recall, precision, F1, classes that are confused, duplicates.

Greedy: pairs of one class first, best IoU first, each box once; then pairs of different classes among what is left. An
unpaired box whose score is within ``margin`` of its threshold is borderline: it counts for neither side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsbench.base.boxes import Boxes, iou

PAIRED = 0.5
"""IoU from which on two boxes are a pair."""
CLOSE = 0.9
"""IoU of the stricter figure."""
_DUPLICATE = 0.7
"""IoU from which on two boxes of one class in one frame are duplicates."""

Threshold = Callable[[int], float]
"""The score from which on boxes of a class are kept."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Positions of two boxes in their frame, and their IoU."""

    reference: int
    found: int
    iou: float


@dataclass(frozen=True, slots=True)
class FrameMatch:
    """One frame. Boxes are in pixels of the streammux surface."""

    frame: int
    reference: Boxes
    found: Boxes
    same: tuple[Pair, ...]
    """Pairs of one class."""
    other: tuple[Pair, ...]
    """Pairs of different classes."""
    missed: tuple[int, ...]
    """Reference boxes without a partner of their class that are not borderline."""
    extra: tuple[int, ...]
    """Found boxes without a partner of their class that are not borderline."""
    duplicates: int
    """Found boxes that overlap a better one of their class by IoU 0.7 or more."""

    @property
    def f1(self) -> float:
        """Of this frame; 1 if nothing is there."""
        return f1(len(self.same), len(self.missed), len(self.extra))


@dataclass(frozen=True, slots=True)
class Match:
    """All frames."""

    frames: tuple[FrameMatch, ...]

    @property
    def reference(self) -> int:
        """Boxes of the reference."""
        return sum(len(frame.reference) for frame in self.frames)

    @property
    def found(self) -> int:
        """Boxes that were found."""
        return sum(len(frame.found) for frame in self.frames)

    @property
    def paired(self) -> int:
        """Pairs of one class."""
        return sum(len(frame.same) for frame in self.frames)

    @property
    def missed(self) -> int:
        return sum(len(frame.missed) for frame in self.frames)

    @property
    def extra(self) -> int:
        return sum(len(frame.extra) for frame in self.frames)

    @property
    def duplicates(self) -> int:
        return sum(frame.duplicates for frame in self.frames)

    @property
    def recall(self) -> float:
        """Fraction of the reference's boxes that were found; 1 without any."""
        return self.paired / (self.paired + self.missed) if self.paired + self.missed else 1.0

    @property
    def precision(self) -> float:
        """Fraction of the found boxes that the reference has; 1 without any."""
        return self.paired / (self.paired + self.extra) if self.paired + self.extra else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and precision, 0 to 1; 1 if both sides are empty."""
        return f1(self.paired, self.missed, self.extra)

    @property
    def f1_close(self) -> float:
        """F1 with pairs of IoU 0.9 or more only."""
        close = sum(pair.iou >= CLOSE for frame in self.frames for pair in frame.same)
        apart = self.paired - close
        return f1(close, self.missed + apart, self.extra + apart)

    @property
    def median_iou(self) -> float:
        """Of the pairs of one class; 1 without any."""
        return _median([pair.iou for frame in self.frames for pair in frame.same], 1.0)

    @property
    def score_drift(self) -> float:
        """Median of found score minus reference score over the pairs; 0 without any."""
        drifts = (
            float(frame.found.confidence[pair.found] - frame.reference.confidence[pair.reference])
            for frame in self.frames
            for pair in frame.same
        )
        return _median(list(drifts), 0.0)

    def confusions(self) -> tuple[tuple[int, int, int], ...]:
        """(reference class, found class, count) of pairs of different classes, most frequent first."""
        counted = Counter(
            (int(frame.reference.class_id[pair.reference]), int(frame.found.class_id[pair.found]))
            for frame in self.frames
            for pair in frame.other
        )
        return tuple((*classes, count) for classes, count in counted.most_common())

    def classes(self) -> tuple[tuple[int, int, int, int], ...]:
        """(class, reference boxes, found boxes, pairs), most frequent first."""
        wanted, found, pairs = Counter[int](), Counter[int](), Counter[int]()
        for frame in self.frames:
            wanted.update(frame.reference.class_id.tolist())
            found.update(frame.found.class_id.tolist())
            pairs.update(int(frame.reference.class_id[pair.reference]) for pair in frame.same)
        every = sorted({*wanted, *found}, key=lambda number: (-wanted[number], -found[number], number))
        return tuple((number, wanted[number], found[number], pairs[number]) for number in every)

    def worst(self, count: int = 3) -> tuple[FrameMatch, ...]:
        """The frames with the most unpaired boxes, in order of their number; no close neighbours, which look alike."""
        order = sorted(self.frames, key=lambda frame: (-len(frame.missed) - len(frame.extra), frame.f1, frame.frame))
        span = (self.frames[-1].frame - self.frames[0].frame) // (2 * count) if self.frames else 0
        found: list[FrameMatch] = []
        for frame in order:
            if len(found) < count and all(abs(frame.frame - other.frame) > span for other in found):
                found.append(frame)
        return tuple(sorted(found, key=lambda frame: frame.frame))


def f1(paired: int, missed: int, extra: int) -> float:
    """2 paired / (2 paired + missed + extra), 1 if nothing is there."""
    total = 2 * paired + missed + extra
    return 2 * paired / total if total else 1.0


def match(
    numbers: Sequence[int],
    reference: Sequence[Boxes],
    found: Sequence[Boxes],
    threshold: Threshold = lambda _: 0.0,
    margin: float = 0.0,
) -> Match:
    """Pair the boxes of each frame; ``threshold`` and ``margin`` say which unpaired boxes are borderline."""
    frames = zip(numbers, reference, found, strict=True)
    return Match(tuple(_frame(number, one, other, threshold, margin) for number, one, other in frames))


def _frame(number: int, reference: Boxes, found: Boxes, threshold: Threshold, margin: float) -> FrameMatch:
    overlap = iou(reference, found)
    equal = reference.class_id[:, None] == found.class_id[None]
    taken: tuple[set[int], set[int]] = (set(), set())
    same = _pairs(overlap, equal & (overlap >= PAIRED), taken)
    paired = {pair.reference for pair in same}, {pair.found for pair in same}
    other = _pairs(overlap, ~equal & (overlap >= PAIRED), taken)
    return FrameMatch(
        number,
        reference,
        found,
        same,
        other,
        _alone(reference, paired[0], {pair.reference for pair in other}, threshold, margin),
        _alone(found, paired[1], {pair.found for pair in other}, threshold, margin),
        _duplicates(found),
    )


def _pairs(overlap: object, allowed: object, taken: tuple[set[int], set[int]]) -> tuple[Pair, ...]:
    """Pairs where ``allowed`` (reference, found) holds, best IoU first; adds them to ``taken``."""
    import numpy as np

    overlap, allowed = np.asarray(overlap), np.asarray(allowed)
    rows, columns = np.nonzero(allowed)
    made = []
    for place in np.argsort(-overlap[rows, columns], kind="stable").tolist():
        row, column = int(rows[place]), int(columns[place])
        if row not in taken[0] and column not in taken[1]:
            taken[0].add(row)
            taken[1].add(column)
            made.append(Pair(row, column, float(overlap[row, column])))
    return tuple(made)


def _alone(boxes: Boxes, paired: set[int], confused: set[int], threshold: Threshold, margin: float) -> tuple[int, ...]:
    """Positions of boxes that are not paired; those near their threshold only if they have another class's partner.

    A box clearly below its threshold counts: nvinfer ran with a lower one.
    """
    scores, classes = boxes.confidence.tolist(), boxes.class_id.tolist()
    return tuple(
        place
        for place in range(len(boxes))
        if place not in paired and (place in confused or abs(scores[place] - threshold(classes[place])) >= margin)
    )


def _duplicates(boxes: Boxes) -> int:
    """Boxes that overlap one before them, of their class, by IoU 0.7 or more; boxes are sorted by score."""
    import numpy as np

    ranked = boxes.take(np.argsort(-boxes.confidence, kind="stable"))
    near = (iou(ranked, ranked) >= _DUPLICATE) & (ranked.class_id[:, None] == ranked.class_id[None])
    return int(np.triu(near, 1).any(axis=0).sum())


def _median(values: list[float], default: float) -> float:
    import statistics

    return statistics.median(values) if values else default
