"""The mAP of each candidate preprocessing on annotated frames, and which keys it decides.

A candidate is clearly worse than the best if its mAP@0.5:0.95 is lower by MARGIN, and by at least half of it whichever
frame is left out. A key is decided if all candidates that are not clearly worse agree on it, and another value was
tried. The demo model on six frames: 0.674, in RGB 0.577, with the usual means 0.598.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.families.base import Preprocessing
from dsbench.judge.accuracy import average_precision
from dsbench.judge.accuracy.average_precision import JudgedFrame
from dsbench.judge.imports.levels import Fixed
from dsbench.judge.imports.preprocessing import describe

MARGIN = 0.05
MIN_FRAMES, MIN_OBJECTS, MIN_MAP = 4, 20, 0.15
"""With less ground truth, or a lower mAP of the best candidate, nothing is decided. Guesses on the safe side."""


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """One candidate's mAP@0.5:0.95, and its mAP without each of the frames."""

    preprocessing: Preprocessing
    map: float
    without: tuple[float, ...]

    def clearly_worse(self, best: RankedCandidate) -> bool:
        each = zip(best.without, self.without, strict=True)
        return best.map - self.map >= MARGIN and all(mine - its >= MARGIN / 2 for mine, its in each)


@dataclass(frozen=True, slots=True)
class TruthRanking:
    """Candidates by falling mAP on the same annotated frames."""

    candidates: tuple[RankedCandidate, ...]
    frames: int
    objects: int

    @property
    def usable(self) -> bool:
        """Whether there is ground truth enough, and a candidate that finds the objects."""
        enough = self.frames >= MIN_FRAMES and self.objects >= MIN_OBJECTS
        return enough and bool(self.candidates) and self.candidates[0].map >= MIN_MAP

    @property
    def best(self) -> tuple[RankedCandidate, ...]:
        """Those that are not clearly worse than the first."""
        return tuple(one for one in self.candidates if not one.clearly_worse(self.candidates[0]))

    def map_of(self, value: Preprocessing) -> float | None:
        """None for a candidate that was not tried."""
        return next((one.map for one in self.candidates if one.preprocessing == value), None)


def rank(
    candidates: Sequence[Preprocessing], frames: Sequence[Sequence[JudgedFrame]], names: Sequence[str]
) -> TruthRanking:
    """``frames[i][k]``: candidate i's boxes on frame k."""
    ranked = [
        RankedCandidate(value, *average_precision.leave_one_out(judged, names))
        for value, judged in zip(candidates, frames, strict=True)
    ]
    first = frames[0] if frames else ()
    objects = sum(int((~frame.crowd).sum()) for frame in first)
    return TruthRanking(tuple(sorted(ranked, key=lambda one: -one.map)), len(first), objects)


def decided(ranking: TruthRanking) -> Fixed:
    """The keys that the ranking decides; none if it is not usable."""
    if not ranking.usable:
        return Fixed()
    best = [one.preprocessing for one in ranking.best]
    tried = [one.preprocessing for one in ranking.candidates]
    scale = {value.net_scale_factor for value in best}
    offsets = {value.offsets for value in best}
    color = {value.model_color_format for value in best}
    aspect = {value.maintain_aspect_ratio for value in best}
    padding = {value.symmetric_padding for value in best if value.maintain_aspect_ratio}
    return Fixed(
        scale.pop() if len(scale) == 1 and len({value.net_scale_factor for value in tried}) > 1 else None,
        offsets.pop() if len(offsets) == 1 and len({value.offsets for value in tried}) > 1 else None,
        color.pop() if len(color) == 1 and len({value.model_color_format for value in tried}) > 1 else None,
        aspect.pop() if len(aspect) == 1 and len({value.maintain_aspect_ratio for value in tried}) > 1 else None,
        padding.pop()
        if len(padding) == 1 and len({v.symmetric_padding for v in tried if v.maintain_aspect_ratio}) > 1
        else None,
    )


def refutes(ranking: TruthRanking, value: Preprocessing) -> str:
    """One sentence if another candidate is clearly better; empty otherwise."""
    mine = next((one for one in ranking.candidates if one.preprocessing == value), None)
    if mine is None or not ranking.usable or not mine.clearly_worse(ranking.candidates[0]):
        return ""
    best = ranking.candidates[0]
    return (
        f"ground truth speaks against {describe(value)}: mAP {mine.map:.3f}, but {best.map:.3f} with"
        f" {describe(best.preprocessing)}, on {ranking.frames} frames with {ranking.objects} objects"
    )


def origin(ranking: TruthRanking) -> str:
    """The figures behind a decision in one phrase; empty without candidates."""
    if not ranking.candidates:
        return ""
    best = ranking.candidates[0]
    other = next((one for one in ranking.candidates if one.clearly_worse(best)), None)
    behind = "" if other is None else f", the next clearly other one {other.map:.3f}"
    return f"mAP {best.map:.3f}{behind}, on {ranking.frames} frames with {ranking.objects} objects"
