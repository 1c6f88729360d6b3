"""Which mistake in a parser explains its boxes on real frames.

The head's rows are decoded rightly, then with each known mistake; the mistake whose boxes are the parser's is named. It
must explain 90 % of them and clearly more than the right decode; others that explain as much are named with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes, nms
from dsbench.families import registry
from dsbench.judge.imports import matching
from dsbench.judge.imports.diagnosis import earlier_frames, fits, geometry, readings, scoring, selection
from dsbench.judge.imports.diagnosis import evidence as evidence_of
from dsbench.judge.imports.diagnosis.evidence import BoxEvidence, ParserCalls
from dsbench.judge.imports.diagnosis.geometry import BOX_MISTAKES, BoxMistake
from dsbench.judge.imports.diagnosis.matching import SCORE, Compare, inside, pair
from dsbench.judge.imports.diagnosis.row_parts import clipped
from dsbench.judge.imports.diagnosis.scored import Scored
from dsbench.judge.imports.diagnosis.scoring import SCORE_MISTAKES, ScoreMistake
from dsbench.judge.imports.diagnosis.selection import LeftOut, Passing
from dsbench.judge.imports.diagnosis.verdict import DiagnosisState, MistakeFound, ParserDiagnosis
from dsbench.judge.imports.matching import Match

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WINS, SAME, TIE = 0.9, 0.97, 0.05
"""Fractions of the boxes: a mistake must explain the first; from the second on the boxes are right; mistakes within the
third of the best are named with it."""
PROMISING = 0.3
"""Fraction of a few boxes that a mistake must explain to be tried on all."""
COVERS = 0.1
"""Of two such mistakes the one that gives fewer boxes which the parser does not have, by this fraction."""
_SHORTLIST = 4
NEARLY_ALL, _LEAST_GAIN = 0.99, 10
"""Boxes that a mistake must explain, and by how many more, where most are right without it."""
_MORE = 0.03
"""By how much more of the boxes that a wrong grid gives must be there than of the right ones."""
_GRIDS = ("other-grid", "other-strides")
_SINGLE = (*_GRIDS, "multiples")
"""Mistakes with many variants, which are not tried together with another."""
_MOST = 1000
"""Boxes of a frame that take part in NMS, the best ones."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """A mistake, or two together, and the compared boxes that it explains."""

    explained: int
    box: BoxMistake = geometry.RIGHT
    score: ScoreMistake = scoring.RIGHT
    read: readings.ReadMistake | None = None

    @property
    def parameters(self) -> int:
        """Numbers that were fitted, and one for a second mistake."""
        return self.box.parameters + bool(self.box.id and self.score.id)

    @property
    def cause(self) -> MistakeFound:
        made = [one for one in (self.box, self.score, self.read) if one is not None and one.id]
        text, fix = "; also ".join(one.text for one in made), "; ".join(one.fix for one in made)
        single = self.box.harmless and len(made) == 1
        boxes_only = not self.score.id and self.read is None
        return MistakeFound("+".join(one.id for one in made), text, fix, self.explained, single, boxes_only)


def diagnose(calls: ParserCalls, names: Sequence[str] = (), *, explain: bool = True) -> ParserDiagnosis:
    """What explains the boxes of ``calls``; ``names``: the labels. ``explain``: try the mistakes if they differ."""
    family = registry.by_name(calls.head.family)
    reference = [family.decode(frame, calls.head, calls.network, calls.threshold) for frame in calls.frames]
    basic = ParserDiagnosis(
        DiagnosisState.UNKNOWN, sum(map(len, calls.tables)), sum(map(len, reference)), calls.threshold
    )
    if not basic.parser:
        return replace(
            basic,
            state=DiagnosisState.EMPTY if basic.reference else DiagnosisState.NOTHING,
            f1=float(not basic.reference),
        )
    match = _match(calls.tables, reference, calls.threshold)
    basic = replace(basic, f1=match.f1, f1_close=match.f1_close)
    evidence = evidence_of.gather(calls)
    if not evidence.total:
        return basic
    right = evidence.explained(geometry.RIGHT, scoring.RIGHT)
    basic = replace(basic, compared=evidence.total, right=right)
    if calls.silent:
        return _named(replace(basic, right=0), evidence, calls.wanted)
    if right >= SAME * evidence.total:
        return _selected(basic, evidence, calls.wanted, names)
    return _named(basic, evidence) if explain else basic


def _match(tables: Sequence[NDArray[np.float32]], reference: Sequence[Boxes], threshold: float) -> Match:
    """Both after threshold and NMS, as nvinfer applies them."""
    import numpy as np

    mine = []
    for table in tables:
        boxes = Boxes.from_table(table[np.isfinite(table).all(axis=1) & (table[:, 5] >= np.float32(threshold))])
        mine.append(boxes.take(nms(boxes, limit=_MOST)))
    wanted = [boxes.take(nms(boxes, limit=_MOST)) for boxes in reference]
    return matching.match(range(len(mine)), wanted, mine)


def _named(basic: ParserDiagnosis, evidence: BoxEvidence, silent_at: float | None = None) -> ParserDiagnosis:
    """The diagnosis of boxes that are not right: one mistake, else two together.

    ``silent_at``: a threshold at which the parser returns no box; mistakes that give some there are left out.
    """
    before = earlier_frames.of_parser(evidence)
    if before is not None and silent_at is None:
        cause = MistakeFound("earlier-frames", before.text, earlier_frames.FIX, basic.right + before.known)
        return replace(basic, state=DiagnosisState.NAMED, causes=(cause,))
    few = evidence.smaller()
    tried = [_Tried(few.explained(box, scoring.RIGHT), box) for box in _boxes(evidence, scoring.RIGHT)]
    tried += [_Tried(few.explained(geometry.RIGHT, score), score=score) for score in SCORE_MISTAKES]
    tried += [_Tried(few.read(read), read=read) for read in readings.READ_MISTAKES]
    tried = [_on_all(evidence, one) for one in tried if one.explained >= PROMISING * few.total]
    if silent_at is not None:
        tried = [one for one in tried if one.read is None and evidence.gives_none(one.box, one.score, silent_at)]
    elif not _wins(tried, basic):
        tried += _two(evidence)
    tried.sort(key=lambda one: (-one.explained, one.parameters))
    if not _wins(tried, basic):
        beyond = _beyond(evidence) if silent_at is None else None
        if beyond is not None:
            return replace(basic, state=DiagnosisState.NAMED, causes=(beyond,))
        likely = [one.cause for one in tried if one.explained > basic.right + TIE * evidence.total]
        return replace(basic, runners_up=tuple(likely[:3]), part=_part(basic, evidence))
    winners = _winners(tried, evidence, basic.right)
    later = [one.cause for one in tried if one not in winners and one.explained > 0]
    return replace(
        basic, state=DiagnosisState.NAMED, causes=tuple(one.cause for one in winners), runners_up=tuple(later[:3])
    )


_PARTS = (
    (Compare.BOX | Compare.CLASS, "boxes and classes are the model's, the scores are not"),
    (Compare.BOX | Compare.SCORE, "boxes and scores are the model's, the class ids are not"),
    (Compare.BOX, "the coordinates are the model's, the scores or the classes are not"),
)


def _part(basic: ParserDiagnosis, evidence: BoxEvidence) -> str:
    """Which columns of the parser's boxes are right where not all are; empty if it cannot be said."""
    if basic.right > basic.compared / 2:
        return ""
    several = any(frame.rows.every for frame in evidence.frames)
    for compare, text in _PARTS:
        if several and Compare.CLASS in compare:
            continue  # each row has a box of every class, with some score
        if evidence.explained(geometry.RIGHT, scoring.BEST, compare) >= SAME * evidence.total:
            return text
    pairs = evidence_of.paired(evidence, scoring.RIGHT)
    if pairs is not None and len(pairs[0]) >= WINS * sum(len(frame.found) for frame in evidence.frames):
        return "classes and scores are the model's, the coordinates are not"
    return ""


def _on_all(evidence: BoxEvidence, one: _Tried) -> _Tried:
    """The same mistake with all boxes that are compared."""
    explained = evidence.read(one.read) if one.read else evidence.explained(one.box, one.score)
    return replace(one, explained=explained)


def _wins(tried: Sequence[_Tried], basic: ParserDiagnosis) -> bool:
    best = max((one.explained for one in tried), default=0)
    gain = best - basic.right
    nearly_all = best >= NEARLY_ALL * basic.compared and gain >= max(_LEAST_GAIN, (1 - SAME) * basic.compared / 2)
    return nearly_all or (best >= WINS * basic.compared and gain >= (1 - WINS) * basic.compared)


def _beyond(evidence: BoxEvidence) -> MistakeFound | None:
    """A wrong grid that counts more rows than there are: what is read behind the tensor gives boxes of anything, but
    every box of the rows before it is there."""
    right = evidence.coverage(geometry.RIGHT, scoring.RIGHT)
    given = [
        box
        for box in BOX_MISTAKES
        if box.id in _GRIDS and evidence.coverage(box, scoring.RIGHT) >= max(NEARLY_ALL, right + _MORE)
    ]
    explained = [evidence.explained(box, scoring.RIGHT) for box in given]
    if explained and max(explained) >= COVERS * evidence.total:
        box = given[explained.index(max(explained))]
        text = f"{box.text}; the other boxes come from behind the end of the tensor"
        return MistakeFound(box.id, text, box.fix, max(explained))
    return None


def _winners(tried: Sequence[_Tried], evidence: BoxEvidence, right: int) -> list[_Tried]:
    """The mistakes that explain as much as the best one, with the fewest fitted numbers, and give no more boxes.

    ``right``: boxes that no mistake is needed for.
    """
    best = tried[0].explained
    tie = min(TIE * evidence.total, (best - right) / 3)
    near = [one for one in tried if one.explained >= best - tie]
    fewest = min(one.parameters for one in near)
    near = [one for one in near if one.parameters == fewest]
    if len(near) < 2:
        return near
    covered = [0.0 if one.read else evidence.coverage(one.box, one.score) for one in near]
    return [one for one, part in zip(near, covered, strict=True) if part >= max(covered) - COVERS]


def _boxes(evidence: BoxEvidence, score: ScoreMistake) -> tuple[BoxMistake, ...]:
    """The mistakes of boxes, and those whose numbers fit the boxes that are paired by ``score``."""
    pairs = evidence_of.paired(evidence, score)
    return (*BOX_MISTAKES, *(fits.fitted(*pairs, evidence.network) if pairs else ()))


def _two(evidence: BoxEvidence) -> list[_Tried]:
    """A mistake of boxes and one of scores together: the likeliest of each by themselves."""
    few, scored = evidence.smaller(), Compare.CLASS | Compare.SCORE
    found = []
    for score in sorted(SCORE_MISTAKES, key=lambda one: -few.explained(geometry.RIGHT, one, scored))[:_SHORTLIST]:
        boxes = [box for box in _boxes(evidence, score) if box.id not in _SINGLE]
        pairs = [_Tried(few.explained(box, score), box, score) for box in boxes]
        found += [one for one in pairs if one.explained >= PROMISING * few.total]
    best = sorted(found, key=lambda one: (-one.explained, one.parameters))[: 2 * _SHORTLIST]
    return [_on_all(evidence, one) for one in best]


def _equal_rows(scored: Scored, corners: NDArray[np.float64], hit: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``hit``, and the rows that equal one of those: the model itself repeats a row, above all the empty ones."""
    import numpy as np

    keys = np.column_stack((scored.ids, scored.score.round(4), corners.round(1)))
    group = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    return np.asarray(np.isin(group, group[hit]), np.bool_)


def _selected(basic: ParserDiagnosis, evidence: BoxEvidence, wanted: float, names: Sequence[str]) -> ParserDiagnosis:
    """The diagnosis of boxes that are right: which are left out, which are too many."""
    import numpy as np

    images, below, returned, distinct = [], 0, 0, 0
    for frame in evidence.frames:
        scored, corners = next(evidence.predictions(frame.rows, geometry.RIGHT, scoring.RIGHT, evidence.floor))
        high = frame.found.take(frame.found.score >= (1 - SCORE) * evidence.threshold)
        pairs = pair(high, scored, corners, evidence.network, Compare.ALL, clip=evidence.clip)
        hit = np.zeros(len(scored.row), np.bool_)
        hit[pairs[pairs >= 0]] = True
        hit = _equal_rows(scored, corners, hit)
        below += len(frame.found) - len(high)
        returned, distinct = returned + int((pairs >= 0).sum()), distinct + int(hit.sum())
        keep = (scored.score >= (1 + SCORE) * max(wanted, evidence.threshold)) & inside(corners, evidence.network)
        cut = clipped(corners[keep], evidence.network.width, evidence.network.height)
        cells = frame.rows.cells
        stride = cells.strides[scored.row[keep]] if cells is not None else np.zeros(int(keep.sum()))
        images.append(Passing(cut, scored.ids[keep], scored.score[keep], scored.row[keep], stride, hit[keep]))
    found = selection.explain(images, names)
    if returned > 1.5 * distinct:
        text = f"each box is returned {returned / distinct:.1f} times"
        found = (LeftOut("repeated", text, "push each box once", returned - distinct), *found)
    return replace(basic, state=DiagnosisState.SAME, selections=found, below=below)
