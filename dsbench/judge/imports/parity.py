"""Does the KITTI dump have the boxes that the model gives? The dump against the reference, and what the config costs.

The reference is post-processed twice: under the usual rules (the exporter's or the family's threshold, NMS, topk), and
under those of the config that ran. A dump that agrees with the usual rules is right. One that agrees with the config's
rules alone is what the config asks for: the keys that cost boxes are named. Any other is not the model's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import TypeVar

from dsbench.base.boxes import Boxes
from dsbench.formats.nvinfer import CLASS_PREFIX
from dsbench.judge.imports import config_choices, matching
from dsbench.judge.imports.config_choices import RuleChoice
from dsbench.judge.imports.dump_boxes import ClassNames
from dsbench.judge.imports.match_tally import MatchTally
from dsbench.judge.imports.matching import Match
from dsbench.judge.imports.postprocess import PostRules
from dsbench.judge.imports.reference import Reference

AGREES = 0.97
"""F1 at IoU 0.5 from which on two runs have the same boxes."""
FEW = 3
"""Unpaired boxes that prove nothing by themselves."""
COSTS = 0.03
"""Loss of F1 from which on a key of the config is in doubt."""
EXACT_IOU, EXACT_SCORE = 0.95, 0.05
"""Median IoU of the pairs and largest median difference of scores of runs that agree."""


MANY_A_FRAME, TOO_MANY_A_FRAME = 100, 400
"""Boxes in a frame after clustering, in the median: what crowds have, and what nothing has."""
AGAIN = 0.3
"""F1 of neighbouring frames below which many boxes are noise."""
_EXPLAINED = 0.9
"""Fraction of the dump's boxes that an explanation must pair: where every score is near the threshold that it names,
all of them are borderline and count for nothing."""
_TRIED_FRAMES = 15
"""Frames on which rules of a parser's own are tried."""


class ParityOutcome(StrEnum):
    """What the comparison shows."""

    SAME = "the boxes are the model's"
    CHOSEN = "the config drops or adds boxes"
    MOVED = "the boxes are at the right objects, but differ"
    DIFFERENT = "the boxes are not the model's"
    NOTHING = "there is nothing to compare"


@dataclass(frozen=True, slots=True)
class KeyCost:
    """A key of the config and what it alone does to the reference's boxes."""

    choice: RuleChoice
    f1: float
    """F1 of the reference with this key as configured, against the reference under the usual rules."""
    lost: float
    """Fraction of the reference's boxes that it drops."""
    added: float
    """Boxes that it adds, as a fraction of the reference's."""
    median_iou: float = 1.0
    """Of the boxes with this key and without it."""
    score_drift: float = 0.0
    scores: tuple[float, float] | None = None
    """Median and highest score of the reference's boxes, for a threshold that drops some."""

    @property
    def matters(self) -> bool:
        moves = self.median_iou < EXACT_IOU or abs(self.score_drift) > EXACT_SCORE
        return 1 - self.f1 >= COSTS or moves

    @property
    def text(self) -> str:
        """``pre-cluster-threshold=0.9 drops 55 % of the reference's boxes (usual: 0.25)``."""
        effects = []
        if self.lost >= 0.005:
            effects.append(f"drops {self.lost * 100:.0f} % of the reference's boxes")
        if self.added >= 0.005:
            effects.append(f"adds {self.added * 100:.0f} %")
        if self.median_iou < EXACT_IOU:
            effects.append(f"moves boxes (median IoU {self.median_iou:.2f})")
        if abs(self.score_drift) > EXACT_SCORE:
            effects.append(f"changes scores by {self.score_drift:+.2f}")
        done = " and ".join(effects) or "changes no box"
        reach = ", their scores: median {:.2f}, highest {:.2f}".format(*self.scores) if self.scores else ""
        return f"{self.choice.text} {done} (usual: {self.choice.usual_text}){reach}"


@dataclass(frozen=True, slots=True)
class DumpParity:
    """The comparison. ``usual`` and ``configured``: the dump against the reference under either rules."""

    usual: Match
    configured: Match
    costs: tuple[KeyCost, ...]
    """Keys that differ from the usual values, the most expensive first."""
    approximate: bool
    """The config clusters with DeepStream's DBSCAN, which is not published."""

    @property
    def outcome(self) -> ParityOutcome:
        matter = tuple(cost.matters for cost in self.costs)
        return outcome(self.usual.tally, self.configured.tally, matter, approximate=self.approximate)

    @property
    def match(self) -> Match:
        """The comparison to show: against the usual rules, unless other boxes are nearer to the config's."""
        return shown(self.usual, self.configured, self.outcome)

    @property
    def agreeing(self) -> Match:
        """The comparison in which dump and reference agree, if they do in one."""
        return self.usual if agrees(self.usual) else self.configured

    @property
    def frames_with_reference(self) -> int:
        """Frames in which the reference has boxes."""
        return sum(len(frame.reference) > 0 for frame in self.usual.frames)


def outcome(
    usual: MatchTally, configured: MatchTally, costs_matter: Sequence[bool], *, approximate: bool
) -> ParityOutcome:
    """What the dump shows against either rules; ``costs_matter``: for each key that is not the usual one."""
    if not usual.reference and not usual.found:
        return ParityOutcome.CHOSEN if any(costs_matter) else ParityOutcome.NOTHING
    asked = bool(costs_matter) and agrees(configured)
    if agrees(usual) and exact(usual):
        return ParityOutcome.SAME
    if asked and exact(configured):
        return ParityOutcome.CHOSEN
    if asked or agrees(usual):
        return ParityOutcome.MOVED
    return ParityOutcome.CHOSEN if approximate else ParityOutcome.DIFFERENT


Compared = TypeVar("Compared", Match, MatchTally)


def flood(usual: Match) -> str:
    """A sentence about a model with so many boxes that they cannot be objects; empty for any other.

    ``usual``: under the usual rules. Between `MANY_A_FRAME` and `TOO_MANY_A_FRAME` boxes a frame, as crowds have, it
    depends on whether the next frame has them again.
    """
    frames = [frame.reference for frame in usual.frames]
    count = median(map(len, frames)) if frames else 0
    if count < MANY_A_FRAME:
        return ""
    if count < TOO_MANY_A_FRAME:
        places = range(0, len(frames) - 1, max(1, len(frames) // _TRIED_FRAMES))
        pairs = [(frames[place], frames[place + 1]) for place in places]
        again = matching.match(range(len(pairs)), [one for one, _ in pairs], [other for _, other in pairs])
        if not pairs or again.f1 >= AGAIN:
            return ""
    return (
        f"{count:.0f} boxes in a frame (median) after clustering, under the usual threshold: the network's scores do"
        " not separate objects from background"
    )


def shown(usual: Compared, configured: Compared, found: ParityOutcome) -> Compared:
    """The comparison to show: against the usual rules, unless other boxes are nearer to the config's."""
    nearer = found is ParityOutcome.DIFFERENT and configured.f1 > usual.f1
    return configured if nearer else usual


def agrees(match: Match | MatchTally) -> bool:
    """Whether both sides have the same boxes, up to a few."""
    unpaired = match.missed + match.extra
    if unpaired and not match.paired:
        return False
    return match.f1 >= AGREES or unpaired < FEW


def exact(match: Match | MatchTally) -> bool:
    """Whether paired boxes have the same place and score."""
    return match.median_iou >= EXACT_IOU and abs(match.score_drift) <= EXACT_SCORE


@dataclass(frozen=True, slots=True)
class ParityJob:
    """What the dump is compared with. ``margin``: distance from its threshold within which a score may fall on either
    side."""

    reference: Reference
    usual: PostRules
    configured: PostRules
    names: ClassNames
    margin: float
    preprocessing: tuple[RuleChoice, ...] = ()
    """The config's preprocessing where it is not the usual one: the reference's second candidate."""

    def objects(self, rules: PostRules, candidate: int = 0) -> tuple[Boxes, ...]:
        """The reference's objects of every frame, with class ids as a dump can show them."""
        return tuple(map(self.names.merged, self.reference.objects(rules, candidate)))


def compare(job: ParityJob, dump: Sequence[Boxes]) -> DumpParity:
    """``dump``: objects of the reference's frames, in pixels of the streammux surface."""
    frames, usual, configured = job.reference.frames, job.usual, job.configured
    expected = job.objects(usual)
    against_usual = matching.match(frames, expected, dump, _threshold(usual), job.margin)
    differing = (*job.preprocessing, *config_choices.choices(configured, usual))
    against_configured = against_usual
    if differing:
        asked = job.objects(configured, len(job.preprocessing))
        against_configured = matching.match(frames, asked, dump, _threshold(configured), job.margin)
    if not agrees(against_usual) and not agrees(against_configured) and not configured.approximate:
        own = _parsers_own(job, dump)
        if own is not None:
            differing, against_configured = own
    costs = (_cost(choice, job, expected) for choice in differing)
    ranked = tuple(sorted(costs, key=lambda cost: cost.f1))
    return DumpParity(against_usual, against_configured, ranked, configured.approximate)


def _parsers_own(job: ParityJob, dump: Sequence[Boxes]) -> tuple[tuple[RuleChoice, ...], Match] | None:
    """A threshold and an NMS that a parser may have of its own, if they explain the dump, and the comparison."""
    lowest = min((float(boxes.confidence.min()) for boxes in dump if len(boxes)), default=0.0)
    step = max(1, len(dump) // _TRIED_FRAMES)
    few = replace(job, reference=job.reference.only(job.reference.frames[::step]))

    def tried(of: ParityJob, rules: PostRules, boxes: Sequence[Boxes]) -> Match:
        return matching.match(of.reference.frames, of.objects(rules), boxes, _threshold(rules), of.margin)

    best = max(config_choices.of_parser(job.usual, lowest), key=lambda rules: tried(few, rules, dump[::step]).f1)
    match = tried(job, best, dump)
    explains = agrees(match) and exact(match) and match.paired >= _EXPLAINED * match.found
    return (config_choices.parsers_own(best, job.usual), match) if explains else None


def _cost(choice: RuleChoice, job: ParityJob, expected: Sequence[Boxes]) -> KeyCost:
    changed = matching.match(job.reference.frames, expected, job.objects(choice.alone, choice.candidate))
    total = max(changed.reference, 1)
    lost, added = changed.missed / total, changed.extra / total
    scores = _scores(choice, expected) if lost else None
    return KeyCost(choice, changed.f1, lost, added, changed.median_iou, changed.score_drift, scores)


def _scores(choice: RuleChoice, expected: Sequence[Boxes]) -> tuple[float, float] | None:
    """Median and highest score of the boxes that the threshold decides about; None for any other key."""
    if not choice.key.endswith("cluster-threshold"):
        return None
    number = choice.group.removeprefix(CLASS_PREFIX)
    values = sorted(
        float(score)
        for boxes in expected
        for score in (boxes.take(boxes.class_id == int(number)) if number.isdigit() else boxes).confidence
    )
    return (values[len(values) // 2], values[-1]) if values else None


def _threshold(rules: PostRules) -> matching.Threshold:
    return lambda class_id: rules.attrs_for(class_id).pre_cluster_threshold
