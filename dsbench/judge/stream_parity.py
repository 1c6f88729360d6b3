"""Does each stream of a batch get its own boxes? Each stream's dump is compared with the dump of its clip alone.

The same clip in every stream hides a network that repeats one item of the batch or mixes its items. So the streams
differ, and each is compared with its own run at one stream (deepstream-semantics, "Cross-stream"). Exact agreement is
not required: another batch size may be computed by other kernels. Scores then move a little, and with them the objects
at a threshold and what NMS keeps of two near-equal boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dsbench.base.boxes import Boxes, iou
from dsbench.formats.kitti import KittiObject

Frame = tuple[KittiObject, ...]
ALLOWED = 0.01
"""Fraction of a stream's objects that may differ although they are not borderline: NMS can cascade."""
_SAME = 0.9
"""Fraction of matched objects from which on two dumps are the same, to find what a stream shows instead."""


@dataclass(frozen=True)
class Tolerance:
    """Two boxes are one if they overlap by ``iou`` (0 to 1) and their scores differ by at most ``score``."""

    iou: float
    score: float


FLOAT32 = Tolerance(iou=0.95, score=0.01)
REDUCED = Tolerance(iou=0.85, score=0.05)
"""For FP16 and INT8 engines: a score has about three digits, and each batch size may have its own kernels."""


class Cause(StrEnum):
    """What a stream shows that does not show its own boxes."""

    FROZEN = "the boxes of stream 0"
    OTHER = "the boxes of another stream"
    EMPTY = "no boxes at all"
    MIXED = "boxes of no single stream"
    MISSING = "fewer frames than its clip has"


@dataclass(frozen=True)
class StreamResult:
    """One stream: ``objects`` of its own run, ``matched`` of them found again in the batch.

    ``borderline``: objects of either run without a partner that stand at a threshold or lost to a near-equal box;
    ``differing``: the others. ``cause`` is None where they are few enough. ``telling``: its clip's boxes differ
    from those of stream 0, so a repeated item would show; always True for stream 0.
    """

    stream: int
    frames: int
    frames_in_batch: int
    objects: int
    matched: int
    borderline: int
    differing: int
    cause: Cause | None
    shows: int | None
    """The stream whose boxes it shows, if they are another stream's."""
    telling: bool


@dataclass(frozen=True)
class Parity:
    """All streams of one batch."""

    streams: tuple[StreamResult, ...]
    tolerance: Tolerance

    @property
    def wrong(self) -> tuple[StreamResult, ...]:
        return tuple(result for result in self.streams if result.cause is not None)

    @property
    def telling(self) -> bool:
        """Whether the comparison can find a fault: the clip of some stream has other boxes than that of stream 0."""
        return any(result.telling for result in self.streams[1:])

    @property
    def verdict(self) -> str:
        """One sentence on what is wrong; "" where nothing is."""
        wrong = self.wrong
        if not wrong:
            return ""
        named = f"stream{'s' * (len(wrong) > 1)} {', '.join(str(result.stream) for result in wrong)}"
        who = f"{named} of {len(self.streams)}"
        causes = {result.cause for result in wrong}
        if causes == {Cause.FROZEN}:
            return f"{who} get the boxes of stream 0: item 0 of the batch repeats"
        if causes == {Cause.EMPTY}:
            return f"{who} get no boxes: only part of the batch is computed"
        details = "; ".join(_details(result) for result in wrong)
        return f"{who} do not get the boxes of their own clips: {details}"


def compare(
    own: Sequence[Sequence[Frame]],
    batched: Sequence[Sequence[Frame]],
    tolerance: Tolerance,
    thresholds: Mapping[str, float],
) -> Parity:
    """``own[s][f]`` and ``batched[s][f]``: objects of stream s in frame f, alone and in the batch of all.

    ``thresholds``: score from which nvinfer keeps a label's objects; a parser may have a higher one of its own, which
    shows in the lowest score of all.
    """
    scores = [found.confidence for frames in own for frame in frames for found in frame]
    rules = _Rules(tolerance, thresholds, min(scores, default=0.0))
    return Parity(tuple(_stream(number, own, batched, rules) for number in range(len(own))), tolerance)


@dataclass(frozen=True)
class _Rules:
    tolerance: Tolerance
    thresholds: Mapping[str, float]
    lowest: float

    def borderline(self, found: KittiObject, others: Frame) -> bool:
        """Whether it is at its threshold, or a box overlaps it with the same score, so NMS could have kept either."""
        edges = (self.thresholds.get(found.label, 0.0), self.lowest)
        if any(abs(found.confidence - edge) <= self.tolerance.score for edge in edges):
            return True
        rivals = tuple(other for other in others if _alike(found, other, self.tolerance))
        return bool((iou(_boxes((found,)), _boxes(rivals)) >= _RIVALS).any())


_RIVALS = 0.4
"""Overlap from which on NMS with usual thresholds may remove one of two boxes of a class."""


@dataclass(frozen=True)
class _Tally:
    objects: int
    matched: int
    borderline: int
    differing: int

    @property
    def same(self) -> bool:
        total = self.matched + self.borderline + self.differing
        return total == 0 or (self.matched + self.borderline) / total >= _SAME


def _stream(
    number: int, own: Sequence[Sequence[Frame]], batched: Sequence[Sequence[Frame]], rules: _Rules
) -> StreamResult:
    mine = _tally(own[number], batched[number], rules)
    telling = number == 0 or not _tally(own[number], own[0], rules).same
    cause, shows = None, None
    if len(batched[number]) != len(own[number]):
        cause = Cause.MISSING
    elif mine.differing > ALLOWED * max(1, mine.objects):
        cause, shows = _cause(number, own, batched, rules)
    return StreamResult(
        stream=number,
        frames=len(own[number]),
        frames_in_batch=len(batched[number]),
        objects=mine.objects,
        matched=mine.matched,
        borderline=mine.borderline,
        differing=mine.differing,
        cause=cause,
        shows=shows,
        telling=telling,
    )


def _cause(
    number: int, own: Sequence[Sequence[Frame]], batched: Sequence[Sequence[Frame]], rules: _Rules
) -> tuple[Cause, int | None]:
    if not any(batched[number]):
        return Cause.EMPTY, None
    for other in (stream for stream in range(len(own)) if stream != number and any(own[stream])):
        if _tally(own[other], batched[number], rules).same:
            return (Cause.FROZEN if other == 0 else Cause.OTHER), other
    return Cause.MIXED, None


def _tally(first: Sequence[Frame], second: Sequence[Frame], rules: _Rules) -> _Tally:
    """Objects of two dumps matched frame by frame, highest score first; frames that one of them lacks are ignored."""
    objects = matched = borderline = differing = 0
    for one, other in zip(first, second, strict=False):
        alone, left = _unmatched(one, other, rules.tolerance)
        objects += len(one)
        matched += len(one) - len(alone)
        for lonely, others in ((alone, other), (left, one)):
            at_edge = sum(rules.borderline(found, others) for found in lonely)
            borderline += at_edge
            differing += len(lonely) - at_edge
    return _Tally(objects, matched, borderline, differing)


def _unmatched(one: Frame, other: Frame, tolerance: Tolerance) -> tuple[Frame, Frame]:
    """The objects of either frame that have no partner in the other."""
    overlap = iou(_boxes(one), _boxes(other))
    left = list(range(len(other)))
    alone = []
    for number in sorted(range(len(one)), key=lambda index: -one[index].confidence):
        partners = [index for index in left if _alike(one[number], other[index], tolerance)]
        best = max(partners, key=lambda index: float(overlap[number, index]), default=None)
        if best is not None and overlap[number, best] >= tolerance.iou:
            left.remove(best)
        else:
            alone.append(one[number])
    return tuple(alone), tuple(other[index] for index in left)


def _alike(one: KittiObject, other: KittiObject, tolerance: Tolerance) -> bool:
    return one.label == other.label and abs(one.confidence - other.confidence) <= tolerance.score


def _boxes(frame: Frame) -> Boxes:
    """Places and scores; labels are compared as text, so every class id is 0."""
    import numpy as np

    rows = [(0, found.left, found.top, found.width, found.height, found.confidence) for found in frame]
    return Boxes.from_table(np.array(rows, np.float32).reshape(-1, 6))


def _details(result: StreamResult) -> str:
    if result.cause is Cause.MISSING:
        return f"stream {result.stream} wrote {result.frames_in_batch} frames of {result.frames}"
    what = f"the boxes of stream {result.shows}" if result.shows is not None else str(result.cause)
    return f"stream {result.stream} shows {what} ({result.matched} of its {result.objects} found again)"
