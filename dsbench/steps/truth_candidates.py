"""Candidate preprocessings against ground truth at 6a, where it is given: their mAP, and the keys that it decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base import spec
from dsbench.base.boxes import Boxes
from dsbench.base.errors import DsbenchError
from dsbench.families import registry
from dsbench.families.base import Head, Network, Preprocessing
from dsbench.formats.ground_truth.truth import GroundTruth, TruthFrame
from dsbench.judge.accuracy import class_names
from dsbench.judge.accuracy.average_precision import JudgedFrame
from dsbench.judge.accuracy.class_names import SharedClasses
from dsbench.judge.imports import frame_evidence, preprocessing, tensors, truth_ranking
from dsbench.judge.imports.candidate_boxes import SURFACE
from dsbench.judge.imports.levels import Fixed, Stated, StatedBy, fit, settle
from dsbench.judge.imports.preprocessing import Choice, Score
from dsbench.judge.imports.truth_ranking import TruthRanking
from dsbench.model.facts import PreflightFacts
from dsbench.runtimes.probes import Probed
from dsbench.steps import ground_truth, picture_clip

if TYPE_CHECKING:
    from dsbench.steps.model_run import ModelRun

FRAMES, PICTURES = 12, 8
"""Annotated frames of the second probe at most; pictures at most, which every candidate is run on."""
_LOW = 0.05
"""Boxes with a lower score take no part."""

ProbeAgain = Callable[[tuple[Preprocessing, ...], tuple[int, ...]], Probed]
"""Runs candidates on frames of the clip, given by number."""


@dataclass(frozen=True)
class VideoTruth:
    """Annotated frames, by their number in the clip, and the classes. ``labels``: names by class id of the head."""

    frames: tuple[tuple[int, TruthFrame], ...]
    names: SharedClasses
    labels: tuple[str, ...]
    pictures: tuple[Path, ...] = ()
    """The frames where they are pictures of their own rather than the video's; empty for the video."""


def find(model: ModelRun) -> VideoTruth | None:
    """The ground truth of video or pictures; None without any. What is wrong with it fails `accuracy`, not 6a."""
    facts = model.get(PreflightFacts)
    try:
        found = ground_truth.find(model).truth
        if found is None:
            return None
        names = class_names.match(facts.labels.names, found.names)
        if not names.shared:
            return None
        if found.pictures:
            return _of_pictures(found, names, facts.labels.names)
        placed = ground_truth.on_clip(found, facts)
    except DsbenchError:
        return None
    return VideoTruth(placed.frames, names, facts.labels.names)


def _of_pictures(found: GroundTruth, names: SharedClasses, labels: tuple[str, ...]) -> VideoTruth:
    """Some of the pictures with objects. Raises GROUND_TRUTH_INVALID."""
    chosen = ground_truth.spread(tuple(frame for frame in found.frames if frame.objects), PICTURES)
    files = tuple(frame.image for frame in chosen if frame.image is not None)
    frames = (
        (number, ground_truth.in_picture(found, frame, picture_clip.size_of(file)))
        for number, (frame, file) in enumerate(zip(chosen, files, strict=True))
    )
    return VideoTruth(tuple(frames), names, labels, files)


@dataclass(frozen=True)
class Weighing:
    """What 6a knows before ground truth is asked: candidates on probed frames, the head, and who states what."""

    candidates: tuple[Preprocessing, ...]
    probed: Probed
    head: Head
    network: Network
    scores: tuple[Score, ...]
    stated: Stated


@dataclass(frozen=True)
class Weighed:
    """The scores with their mAP, and what is stated with the keys that ground truth decides."""

    scores: tuple[Score, ...]
    stated: Stated


def weigh(given: Weighing, truth: VideoTruth, without: Choice, again: ProbeAgain) -> Weighed:
    """Rank the candidates by mAP.

    ``without``: the choice without it. Where that is a guess, or clearly worse than another candidate, colours and
    placements are run with the best scales on more annotated frames.
    """
    levels = {key.level for key in without.keys}
    probed = given.probed
    if truth.pictures:
        if levels <= {StatedBy.USER, StatedBy.EXPORTER, StatedBy.EITHER}:
            return Weighed(given.scores, given.stated)  # nothing to decide: running the pictures takes time
        probed = again(given.candidates, tuple(range(len(truth.pictures))))
    ranking = _ranking(given, truth, given.candidates, probed)
    scores = tuple(replace(score, map=ranking.map_of(score.preprocessing)) for score in given.scores)
    refuted = truth_ranking.refutes(ranking, without.preprocessing)
    weaker = levels & {StatedBy.CONVENTION, StatedBy.GRAPH}
    if StatedBy.UNKNOWN not in levels and not (refuted and weaker):
        return Weighed(scores, replace(given.stated, truth_against=refuted))
    grid = _grid(ranking, given.stated)
    numbers = [number for number, frame in truth.frames if frame.objects]
    at = tuple(numbers[index * len(numbers) // FRAMES] for index in range(FRAMES)) if len(numbers) > FRAMES else numbers
    if not at:
        return Weighed(scores, given.stated)
    ranking = _ranking(given, truth, grid, again(grid, tuple(at)))
    fixed = truth_ranking.decided(ranking)
    stronger = levels & {StatedBy.USER, StatedBy.EXPORTER}
    return Weighed(
        scores,
        replace(
            given.stated,
            truth=fixed,
            truth_source=truth_ranking.origin(ranking),
            truth_against=refuted if stronger else "",
        ),
    )


def _grid(ranking: TruthRanking, stated: Stated) -> tuple[Preprocessing, ...]:
    """Colours and placements with the best scales, or with all usual ones; what user and exporter state is kept."""
    rows = [one.preprocessing for one in ranking.best] if ranking.usable else preprocessing.table(1, stated.channels)
    found = []
    for row, color, (aspect, padding) in product(rows, (0, 1), ((0, 0), (1, 0), (1, 1))):
        offsets = row.offsets if color == row.model_color_format else row.offsets[::-1]
        value = Preprocessing(row.net_scale_factor, offsets, color, aspect, padding)
        found.append(settle(fit(value, stated.channels), stated, Fixed()))
    return tuple(dict.fromkeys(found))


def _ranking(given: Weighing, truth: VideoTruth, candidates: Sequence[Preprocessing], probed: Probed) -> TruthRanking:
    """The candidates by mAP on the annotated ones among the probed frames."""
    annotated = dict(truth.frames)
    at = [(place, number) for place, number in enumerate(probed.result.frames) if number in annotated]
    if not at:
        return TruthRanking((), 0, 0)
    objects = {number: _truth(annotated[number], truth.names) for _, number in at}
    family = registry.by_name(given.head.family)
    frames = []
    for index, value in enumerate(candidates):
        outputs = tensors.outputs_of(probed.tensors, probed.result, index)
        judged = []
        for place, number in at:
            decoded = frame_evidence.kept(family.decode(outputs[place], given.head, given.network, _LOW), _LOW)
            boxes = frame_evidence.to_surface(decoded, value, given.network, SURFACE)
            judged.append(_judged(number, objects[number], boxes, truth))
        frames.append(judged)
    return truth_ranking.rank(candidates, frames, truth.names.names)


def _truth(frame: TruthFrame, names: SharedClasses) -> Boxes:
    """The frame's objects of shared classes in pixels of the surface; crowd regions are left out."""
    import numpy as np

    width, height = frame.size or (spec.MUX_WIDTH, spec.MUX_HEIGHT)
    x, y = spec.MUX_WIDTH / width, spec.MUX_HEIGHT / height
    numbers = names.numbers(one.name for one in frame.objects)
    rows = [
        (numbers[one.name], one.left * x, one.top * y, (one.right - one.left) * x, (one.bottom - one.top) * y, 1.0)
        for one in frame.objects
        if not one.crowd and numbers.get(one.name, names.shared) < names.shared
    ]
    return Boxes.from_table(np.array(rows, np.float32).reshape(-1, 6))


def _judged(number: int, objects: Boxes, boxes: Boxes, truth: VideoTruth) -> JudgedFrame:
    """The candidate's boxes beside the objects, class ids of the shared classes; other classes are left out."""
    import numpy as np

    numbers = truth.names.numbers(truth.labels)
    ids = np.array([numbers.get(label, truth.names.shared) for label in truth.labels] or [0], np.int32)
    known = (boxes.class_id >= 0) & (boxes.class_id < len(truth.labels))
    kept = boxes.take(known)
    kept = replace(kept, class_id=ids[kept.class_id])
    kept = kept.take(kept.class_id < truth.names.shared)
    return JudgedFrame(number, str(number), objects, np.zeros(len(objects), np.bool_), kept)
