"""Boxes of two runs over the same frames, paired: recall, precision, F1, classes that are confused, duplicates.

Greedy: pairs of one class first, best IoU first, each box once; then pairs of different classes among what is left. An
unpaired box whose score is within ``margin`` of its threshold is borderline: it counts for neither side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from dsbench.base.boxes import Boxes, iou
from dsbench.judge.imports.match_tally import DIGITS, MatchCounts, MatchTally, f1

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


@dataclass(frozen=True)
class Match:
    """All frames. The figures are those of ``tally``."""

    frames: tuple[FrameMatch, ...]

    @cached_property
    def tally(self) -> MatchTally:
        """Counts of each frame, and IoU and score difference of each pair."""
        pairs = [(frame, pair) for frame in self.frames for pair in frame.same]
        return MatchTally(
            tuple(map(_counts, self.frames)),
            tuple(round(pair.iou, DIGITS) for _, pair in pairs),
            tuple(round(_drift(frame, pair), DIGITS) for frame, pair in pairs),
        )

    @property
    def reference(self) -> int:
        return self.tally.reference

    @property
    def found(self) -> int:
        return self.tally.found

    @property
    def paired(self) -> int:
        return self.tally.paired

    @property
    def missed(self) -> int:
        return self.tally.missed

    @property
    def extra(self) -> int:
        return self.tally.extra

    @property
    def duplicates(self) -> int:
        return self.tally.duplicates

    @property
    def recall(self) -> float:
        return self.tally.recall

    @property
    def precision(self) -> float:
        return self.tally.precision

    @property
    def f1(self) -> float:
        return self.tally.f1

    @property
    def f1_close(self) -> float:
        return self.tally.f1_close

    @property
    def median_iou(self) -> float:
        return self.tally.median_iou

    @property
    def score_drift(self) -> float:
        return self.tally.score_drift

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


def _counts(frame: FrameMatch) -> MatchCounts:
    return MatchCounts(
        frame=frame.frame,
        reference=len(frame.reference),
        found=len(frame.found),
        paired=len(frame.same),
        close=sum(round(pair.iou, DIGITS) >= CLOSE for pair in frame.same),
        missed=len(frame.missed),
        extra=len(frame.extra),
        duplicates=frame.duplicates,
    )


def _drift(frame: FrameMatch, pair: Pair) -> float:
    """Found score minus reference score."""
    return float(frame.found.confidence[pair.found] - frame.reference.confidence[pair.reference])


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
