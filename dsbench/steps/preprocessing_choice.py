"""6a: how a network whose head is known is to be fed, from what is stated and from frames of the clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from dsbench.base.cpus import usable_cpus
from dsbench.families import registry
from dsbench.families.base import Head, Network, Preprocessing
from dsbench.jobs.probe import ProbeJob
from dsbench.judge.imports import frame_evidence, preprocessing, tensors
from dsbench.judge.imports.candidate_boxes import CandidateBoxes
from dsbench.judge.imports.levels import Stated, StatedBy
from dsbench.judge.imports.preprocessing import Choice
from dsbench.model.facts import ModelFacts
from dsbench.runtimes import probes
from dsbench.runtimes.probes import Probed
from dsbench.steps import picture_clip, tensorrt_import, truth_candidates
from dsbench.steps.truth_candidates import VideoTruth, Weighing

_EVIDENCE_BUDGET_S = 3.0
"""Time for the frames in three views, where only they show the range of pixels ..."""
_GUESS_BUDGET_S = 1.0
"""... and where they make nothing but a guess."""


@dataclass(frozen=True, slots=True)
class ProbedCandidates:
    """What the model gave for each candidate preprocessing; ``scratch``: folder for further runs."""

    facts: ModelFacts
    candidates: Sequence[Preprocessing]
    probed: Probed
    scratch: Path


def probe_job(facts: ModelFacts, candidates: Sequence[Preprocessing]) -> ProbeJob:
    """The job that runs the model with each of ``candidates``."""
    settings = facts.settings
    return ProbeJob(
        onnx=str(facts.onnx.path),
        video=str(facts.video.value.path) if facts.video else None,
        height=facts.height,
        width=facts.width,
        channels=facts.onnx.channels,
        nhwc=facts.onnx.layout == "NHWC",
        candidates=tensors.to_candidates(candidates),
        fp16=facts.video is not None and tensorrt_import.builds_fp16(facts),
        scaling_filter=6 if settings.scaling_filter is None else settings.scaling_filter,
        threads=usable_cpus(),
    )


def choose(given: ProbedCandidates, head: Head, stated: Stated, truth: VideoTruth | None) -> Choice:
    """The choice for a recognised head: its convention joins what is ``stated``, its decode gives the evidence.

    Where that leaves a guess, the usual scales are run once more on the mirrored and the zoomed frames.
    """
    facts, candidates, probed = given.facts, given.candidates, given.probed
    stated = _with_convention(stated, head)
    network, gain = Network(facts.width, facts.height), probed.result.input_gain
    decoded = CandidateBoxes(candidates, probed.result, probed.tensors, head, network)
    boxes = [decoded.of(index) for index in range(len(candidates))] if facts.video else []
    scores = preprocessing.score(candidates, boxes, decoded.floor) if facts.video else ()
    evidence = frame_evidence.of_gain(gain, facts.onnx.beginning)
    choice = preprocessing.decide(scores, stated, evidence)
    if truth is not None and probed.result.frames:
        weighing = Weighing(tuple(candidates), probed, head, network, scores, stated)
        at = partial(_probe_at, facts, given.scratch, truth.pictures)
        weighed = truth_candidates.weigh(weighing, truth, choice, at)
        scores, stated = weighed.scores, weighed.stated
        choice = preprocessing.decide(scores, stated, evidence)
    if not facts.video or not probed.result.frames:
        return choice
    if gain is not None and choice.keys[0].level is not StatedBy.UNKNOWN:
        return choice
    rows = preprocessing.usual(stated, evidence)
    again = _probe_views(given, rows, _EVIDENCE_BUDGET_S if gain is None else _GUESS_BUDGET_S)
    found = CandidateBoxes(rows, again.result, again.tensors, head, network).findings()
    if gain is None:
        evidence = frame_evidence.of_findings(found)
    return preprocessing.decide(scores, stated, evidence, found)


def _with_convention(stated: Stated, head: Head) -> Stated:
    convention = registry.convention(head)
    return replace(
        stated,
        convention=convention.preprocessing,
        convention_origin=convention.origin,
        firm=convention.firm,
        aspect=convention.aspect,
    )


def _probe_views(given: ProbedCandidates, rows: Sequence[Preprocessing], budget_s: float) -> Probed:
    """Run ``rows`` on three views of each frame: as it is, mirrored, zoomed."""
    folder = given.scratch / "views"
    folder.mkdir(exist_ok=True)
    job = replace(probe_job(given.facts, rows), views=True, fp16=False, time_budget_s=budget_s)
    return probes.probe_model(job, folder)


def _probe_at(
    facts: ModelFacts,
    scratch: Path,
    pictures: tuple[Path, ...],
    rows: tuple[Preprocessing, ...],
    at: tuple[int, ...],
) -> Probed:
    """Run ``rows`` on the frames ``at`` of the video, or of a clip of the ``pictures``."""
    folder = scratch / "annotated"
    folder.mkdir(exist_ok=True)
    job = replace(probe_job(facts, rows), at=at, frames=len(at), fp16=False)
    if pictures:
        clip = folder / "pictures.mkv"
        if not clip.is_file():
            picture_clip.write(pictures, clip)
        job = replace(job, video=str(clip))
    return probes.probe_model(job, folder)
