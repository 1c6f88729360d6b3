"""The boxes of two configs on the same frames: which appear, vanish, move, change class or score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base.boxes import Boxes
from dsbench.formats.kitti import KittiObject
from dsbench.judge.imports import matching
from dsbench.judge.imports.matching import FrameMatch, Pair

MOVED = 0.5
"""Pixels of the streammux surface from which on an edge has moved."""
RESCORED = 0.005
"""Difference from which on a score has changed."""


@dataclass(frozen=True, slots=True)
class FrameDiff:
    """One frame. Places are those of the boxes in the frame of A or B; a moved pair may have another score, too."""

    frame: int
    a: Boxes
    b: Boxes
    vanished: tuple[int, ...]
    """Boxes of A without a partner in B."""
    appeared: tuple[int, ...]
    """Boxes of B without a partner in A."""
    moved: tuple[Pair, ...]
    relabelled: tuple[Pair, ...]
    rescored: tuple[Pair, ...]
    """Pairs at the same place with another score."""
    same: int

    @property
    def weight(self) -> int:
        """Boxes that differ; another score alone is the least."""
        return len(self.vanished) + len(self.appeared) + len(self.relabelled) + len(self.moved)

    @property
    def marked_a(self) -> tuple[int, ...]:
        """Boxes of A that differ."""
        return (*self.vanished, *(pair.reference for pair in (*self.moved, *self.relabelled, *self.rescored)))

    @property
    def marked_b(self) -> tuple[int, ...]:
        """Boxes of B that differ."""
        return (*self.appeared, *(pair.found for pair in (*self.moved, *self.relabelled, *self.rescored)))


@dataclass(frozen=True, slots=True)
class ClassDiff:
    """The counts of one label; a changed label counts at the label of A."""

    label: str
    a: int
    b: int
    vanished: int
    appeared: int
    moved: int
    relabelled: int
    rescored: int

    @property
    def differs(self) -> bool:
        return any((self.vanished, self.appeared, self.moved, self.relabelled, self.rescored))


@dataclass(frozen=True, slots=True)
class ConfigDiff:
    """All frames. ``labels``: the texts of the class ids."""

    frames: tuple[FrameDiff, ...]
    labels: tuple[str, ...]
    only_a: int = 0
    """Frames that only A has."""
    only_b: int = 0

    @property
    def a(self) -> int:
        """Boxes of A."""
        return sum(len(frame.a) for frame in self.frames)

    @property
    def b(self) -> int:
        """Boxes of B."""
        return sum(len(frame.b) for frame in self.frames)

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """What differs, and how many boxes, in the order of the table."""
        total = {name: sum(getattr(one, name) for one in self.classes()) for name in _KINDS}
        return tuple((name, total[name]) for name in _KINDS)

    @property
    def unchanged(self) -> int:
        """Boxes that are the same in both."""
        return sum(frame.same for frame in self.frames)

    @property
    def differs(self) -> bool:
        return bool(self.only_a or self.only_b) or any(count for _, count in self.counts)

    def classes(self) -> tuple[ClassDiff, ...]:
        """A row for each label, those with most differences first."""
        found: dict[str, Counter[int]] = {name: Counter() for name in ("a", "b", *_KINDS)}
        for frame in self.frames:
            ids_a, ids_b = frame.a.class_id.tolist(), frame.b.class_id.tolist()
            found["a"].update(ids_a)
            found["b"].update(ids_b)
            found["vanished"].update(ids_a[place] for place in frame.vanished)
            found["appeared"].update(ids_b[place] for place in frame.appeared)
            for name in _KINDS[2:]:
                found[name].update(ids_a[pair.reference] for pair in getattr(frame, name))
        rows = [
            ClassDiff(label, *(found[name][number] for name in ("a", "b", *_KINDS)))
            for number, label in enumerate(self.labels)
        ]
        return tuple(sorted(rows, key=lambda row: -sum(getattr(row, name) for name in _KINDS)))

    def worst(self, count: int) -> tuple[FrameDiff, ...]:
        """The frames that differ most, in order of their number; close neighbours look alike and are left out."""
        order = sorted(self.frames, key=lambda one: (-one.weight, -len(one.rescored), one.frame))
        span = (self.frames[-1].frame - self.frames[0].frame) // (2 * count) if self.frames else 0
        kept: list[FrameDiff] = []
        for frame in order:
            different = frame.weight or frame.rescored
            if different and len(kept) < count and all(abs(frame.frame - one.frame) > span for one in kept):
                kept.append(frame)
        return tuple(sorted(kept, key=lambda one: one.frame))


_KINDS = ("vanished", "appeared", "moved", "relabelled", "rescored")

Dump = dict[int, tuple[KittiObject, ...]]
"""Objects by frame number."""


def compare(a: Dump, b: Dump) -> ConfigDiff:
    """Compare the frames that both have."""
    both = sorted(a.keys() & b.keys())
    labels = tuple(sorted({item.label for dump in (a, b) for number in both for item in dump[number]}))
    first, second = ([_boxes(dump[number], labels) for number in both] for dump in (a, b))
    paired = matching.match(both, first, second)
    return ConfigDiff(tuple(map(_frame, paired.frames)), labels, len(a) - len(both), len(b) - len(both))


def _boxes(objects: Sequence[KittiObject], labels: Sequence[str]) -> Boxes:
    import numpy as np

    if not objects:
        return Boxes.empty()
    rows = [(labels.index(one.label), one.left, one.top, one.width, one.height, one.confidence) for one in objects]
    return Boxes.from_table(np.array(rows, np.float32))


def _frame(match: FrameMatch) -> FrameDiff:
    moved = tuple(pair for pair in match.same if _distance(match, pair) > MOVED)
    still = [pair for pair in match.same if pair not in moved]
    rescored = tuple(pair for pair in still if _score_change(match, pair) > RESCORED)
    changed_a, changed_b = {pair.reference for pair in match.other}, {pair.found for pair in match.other}
    return FrameDiff(
        match.frame,
        match.reference,
        match.found,
        tuple(place for place in match.missed if place not in changed_a),
        tuple(place for place in match.extra if place not in changed_b),
        moved,
        match.other,
        rescored,
        len(still) - len(rescored),
    )


def _distance(match: FrameMatch, pair: Pair) -> float:
    """The largest movement of an edge, in pixels."""
    before, after = _edges(match.reference, pair.reference), _edges(match.found, pair.found)
    return max(abs(one - other) for one, other in zip(before, after, strict=True))


def _edges(boxes: Boxes, place: int) -> tuple[float, float, float, float]:
    left, top = float(boxes.left[place]), float(boxes.top[place])
    return left, top, left + float(boxes.width[place]), top + float(boxes.height[place])


def _score_change(match: FrameMatch, pair: Pair) -> float:
    before, after = match.reference.confidence[pair.reference], match.found.confidence[pair.found]
    change: float = abs(float(after) - float(before))
    return change
