"""On which frames candidates differ most: those are shown to a person who has to choose."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from dsbench.base.boxes import Boxes, count_matches

_COMPARED = 60
"""Boxes of a candidate on a frame that are compared, the best. A wrong candidate may have thousands."""


def most_different(boxes: Sequence[Sequence[Boxes]], wanted: int) -> tuple[int, ...]:
    """The ``wanted`` frames on which the candidates' boxes agree least, in the order of the video.

    ``boxes[i][k]``: candidate i on frame k, in pixels of the surface. Frames that differ equally are taken by the
    number of boxes of the first candidate.
    """
    frames = range(min(map(len, boxes), default=0))
    best = [[_best(one) for one in candidate] for candidate in boxes]

    def rank(frame: int) -> tuple[float, int]:
        pairs = combinations([candidate[frame] for candidate in best], 2)
        return sum(difference(a, b) for a, b in pairs), len(best[0][frame])

    return tuple(sorted(sorted(frames, key=rank, reverse=True)[:wanted]))


def difference(a: Boxes, b: Boxes) -> float:
    """0 for equal boxes to 1 for boxes of which none agree: 1 - 2 matches / (len(a) + len(b))."""
    total = len(a) + len(b)
    return 1 - 2 * count_matches(a, b) / total if total else 0.0


def _best(boxes: Boxes) -> Boxes:
    return boxes.take((-boxes.confidence).argsort(kind="stable")[:_COMPARED])
