"""Boxes of frames before: a parser or an app that keeps state returns them late, or again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.judge.imports import postprocess
from dsbench.judge.imports.diagnosis import geometry, scoring
from dsbench.judge.imports.diagnosis.evidence import BoxEvidence
from dsbench.judge.imports.diagnosis.matching import Compare, pair
from dsbench.judge.imports.parity import ParityJob

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

FIX = "keep nothing between calls: no static or global containers, and clear every buffer at the begin of a call"
_AGO = 60
"""Frames before that are looked at."""
_LEAST, _PART = 10, 0.05
"""Boxes that are not of their own frame: at least so many, and this fraction of all."""
_EXPLAINED, _ONE_LAG = 0.8, 0.7
"""Fraction of those that must be of frames before, and of these that must be equally late."""
_SCORE, _PIXELS, _RELATIVE = 0.002, 1.0, 0.01
"""Differences of boxes that are the same: of scores, of corners in pixels and as a fraction of the box."""


@dataclass(frozen=True, slots=True)
class EarlierFrames:
    """Of ``boxes`` boxes, ``foreign`` are not of their own frame; ``known`` of them are of a frame before. ``late``: by
    how many frames, if it is the same number for nearly all; else 0."""

    boxes: int
    foreign: int
    known: int
    late: int

    @property
    def text(self) -> str:
        """What the boxes show, as a sentence."""
        which = f"{self.known} of {self.boxes} boxes"
        if self.late and self.foreign > 0.5 * self.boxes:
            frames = "the frame before" if self.late == 1 else f"the frame {self.late} frames before"
            return f"boxes are late: {which} are those of {frames}"
        return f"boxes of earlier frames are returned again: {which} are not of their frame, but of one before"


def of_parser(evidence: BoxEvidence) -> EarlierFrames | None:
    """What the calls of a parser show, which got the frames one after the other; None for nothing."""
    import numpy as np

    foreign = known = 0
    predictions = [
        next(evidence.predictions(frame.rows, geometry.RIGHT, scoring.RIGHT, evidence.floor))
        for frame in evidence.frames
    ]
    for place, frame in enumerate(evidence.frames):
        hits = [
            pair(frame.sample, *predictions[other], evidence.network, Compare.ALL, clip=evidence.clip) >= 0
            for other in range(place + 1)
        ]
        foreign += int((~hits[-1]).sum())
        known += int((~hits[-1] & np.any(hits[:-1], axis=0)).sum()) if place else 0
    found = EarlierFrames(evidence.total, foreign, known, 0)
    return found if _shows(found) else None


def of_dump(job: ParityJob, dump: Sequence[Boxes]) -> EarlierFrames | None:
    """What the frames of a dump show; None for nothing."""
    import numpy as np

    numbers, raw = job.reference.frames, _unclustered(job)
    foreign = known = 0
    lags: Counter[int] = Counter()
    for place, boxes in enumerate(dump):
        other = np.flatnonzero(~_equal(boxes, raw[place]))
        foreign += len(other)
        strange = boxes.take(other)
        seen = np.zeros(len(strange), np.bool_)
        for before in range(place - 1, -1, -1):
            lag = numbers[place] - numbers[before]
            if lag > _AGO or not len(strange):
                break
            hit = _equal(strange, raw[before])
            lags[lag] += int(hit.sum())
            seen |= hit
        known += int(seen.sum())
    found = EarlierFrames(sum(map(len, dump)), foreign, known, 0)
    if not _shows(found):
        return None
    lag, count = lags.most_common(1)[0]
    return replace(found, known=count, late=lag) if count >= _ONE_LAG * known else found


def _shows(found: EarlierFrames) -> bool:
    enough = found.foreign >= max(_LEAST, _PART * found.boxes)
    return enough and found.known >= _EXPLAINED * found.foreign


def _unclustered(job: ParityJob) -> list[Boxes]:
    """Every box of the reference that reaches the threshold, frame by frame, on the surface."""
    at = len(job.preprocessing) and 1
    rules = job.configured
    open_ = replace(
        rules,
        cluster_mode=postprocess.NONE,
        attrs_all=replace(rules.attrs_all, topk=-1),
        attrs=tuple((number, replace(attrs, topk=-1)) for number, attrs in rules.attrs),
    )
    place = job.reference.placements[at]
    return [job.names.merged(postprocess.apply(boxes, open_, place)) for boxes in job.reference.decoded[at]]


def _equal(boxes: Boxes, others: Boxes) -> Mask:
    """Which of ``boxes`` equal one of ``others`` in class, score and place."""
    import numpy as np

    if not len(boxes) or not len(others):
        return np.zeros(len(boxes), np.bool_)
    mine, theirs = boxes.table().astype(np.float64), others.table().astype(np.float64)
    size = np.maximum(mine[:, 3], mine[:, 4])[:, None, None]
    near = np.abs(mine[:, None, 1:5] - theirs[None, :, 1:5]) <= np.maximum(_PIXELS, _RELATIVE * size)
    score = np.abs(mine[:, None, 5] - theirs[None, :, 5]) <= _SCORE
    same = (mine[:, None, 0] == theirs[None, :, 0]) & score & near.all(axis=2)
    return np.asarray(same.any(axis=1), np.bool_)
