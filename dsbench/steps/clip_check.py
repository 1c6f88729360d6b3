"""6a and 6g: what the clip itself can prove, before the detection rate is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dsbench.base import reading, spec
from dsbench.base.boxes import Boxes
from dsbench.base.errors import DsbenchError
from dsbench.base.reading import FileKind
from dsbench.families import registry
from dsbench.formats import kitti
from dsbench.jobs.probe import ProbeJob, Turn
from dsbench.judge.imports import clip, frame_evidence, tensors
from dsbench.judge.imports.candidate_boxes import CandidateBoxes
from dsbench.judge.imports.clip import ClipDoubt, ClipSeen
from dsbench.model.facts import ModelFacts
from dsbench.runtimes import probes
from dsbench.runtimes.probes import Probed

_TURNS: tuple[Turn, ...] = (0, 90, 180, 270)
_FRAMES = 6
_SPAN = 120
"""Frames of the clip among which they are chosen."""
_BUDGET_S = 3.0


@dataclass(frozen=True)
class ClipReport:
    """What is wrong with the clip: warnings, and doubts that make the step INCONCLUSIVE."""

    warnings: tuple[str, ...] = ()
    doubts: tuple[ClipDoubt, ...] = ()


def look(
    facts: ModelFacts, probed: Probed, found: CandidateBoxes | None, chosen: int, job: ProbeJob, scratch: Path
) -> ClipReport:
    """What is wrong with the clip; nothing without a video.

    ``found``: 6a's boxes, None if they cannot be believed. ``job``: 6a's, which is run again with turned frames if the
    model sees little.
    """
    if facts.video is None or not probed.result.frames:
        return ClipReport()
    video, sample = facts.video.value, probed.result.clip
    said = clip.container(video.frames, video.rotation, video.cut)
    shown = tensors.clip_pictures(probed.tensors, probed.result)
    seen = ClipSeen(shown, sample.frames, sample.decoded, sample.different)
    nothing = clip.shows_nothing(seen)
    if nothing is not None:
        return ClipReport((), (nothing,))
    said = (*said, *clip.remarks(seen))
    if found is None:
        return ClipReport(said)
    plain = _clustered(found, chosen)
    if not clip.worth_turning(clip.sighting(plain)):
        return ClipReport(said)
    turned = _turned(found, chosen, job, scratch)
    return ClipReport(said, () if turned is None else (turned,))


def _turned(found: CandidateBoxes, chosen: int, job: ProbeJob, scratch: Path) -> ClipDoubt | None:
    """A doubt if the model sees more in turned frames; None if not, and if they cannot be run."""
    candidate = (found.candidates[chosen],)
    only = replace(
        job,
        candidates=tensors.to_candidates(candidate),
        turns=_TURNS,
        frames=_FRAMES,
        span=_SPAN,
        fp16=False,
        time_budget_s=_BUDGET_S,
    )
    folder = scratch / "turns"
    folder.mkdir(exist_ok=True)
    try:
        again = probes.probe_model(only, folder)
    except DsbenchError:
        return None
    frames = _clustered(replace(found, candidates=candidate, result=again.result, tensors=again.tensors), 0)
    seen = {turn: clip.sighting(frames[place :: len(_TURNS)]) for place, turn in enumerate(_TURNS)}
    return clip.turned(seen.pop(0), seen)


def _clustered(found: CandidateBoxes, candidate: int) -> list[Boxes]:
    """Boxes in network pixels, clustered as the family's convention says."""
    frames = found.of(candidate)
    if registry.convention(found.head).cluster_mode == spec.CLUSTER_MODE:
        return [frame_evidence.kept(boxes, found.floor) for boxes in frames]
    return [boxes.take(boxes.confidence >= found.floor) for boxes in frames]


def dump_warnings(kitti_dir: Path, wanted: int, known: int) -> tuple[str, ...]:
    """What the KITTI dump shows of the clip. ``wanted``: frames asked for, 0 for all; ``known``: frames that 6a knew
    of, 0 where the container does not say."""
    files = kitti.list_frames(kitti_dir)
    few = "" if known else clip.short(len(files), wanted)
    return tuple(filter(None, (few, _unmoved(files))))


def _unmoved(files: Sequence[kitti.FrameFile]) -> str:
    first = ""
    for position, file in enumerate(files):
        text = reading.read_text(file.path, FileKind.KITTI_FRAME, errors="replace")
        first = first if position else text
        if text != first:
            return ""
    return clip.unmoved(len(files), len(first.splitlines()))
