"""The ground truth of a run: its path, whether it belongs to the video, its frames."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dsbench.base import reading
from dsbench.base.option import SETTINGS
from dsbench.base.options import GROUND_TRUTH, VIDEO
from dsbench.formats.ground_truth import reader
from dsbench.formats.ground_truth.truth import GroundTruth, TruthFrame, invalid
from dsbench.judge.accuracy import clip_frames
from dsbench.judge.accuracy.clip_frames import ClipSize, ClipTruth
from dsbench.model.facts import PreflightFacts

if TYPE_CHECKING:
    from dsbench.steps.model_run import ModelRun

T = TypeVar("T")
_COMPARED = 1 << 20


@dataclass(frozen=True)
class FoundTruth:
    """The ground truth and where it was named; None with the reason why there is none for this video."""

    truth: GroundTruth | None
    origin: str = ""
    none: str = ""


def find(model: ModelRun) -> FoundTruth:
    """Read the ground truth of this run. Raises GROUND_TRUTH_INVALID.

    That of dsbench.toml belongs to the video of dsbench.toml: if another video is played, there is none.
    """
    given = model.option(GROUND_TRUTH)
    if given.value is None:
        return FoundTruth(None, none="no ground truth is given (--ground-truth, or `ground-truth` in dsbench.toml)")
    base = model.layout.root if given.origin == SETTINGS else model.start
    truth = reader.read(Path(os.path.abspath(base / os.path.expanduser(given.value))))
    facts = model.get(PreflightFacts)
    own = facts.settings.options.get(VIDEO.name)
    if given.origin == SETTINGS and own and not truth.pictures:
        belongs = Path(os.path.abspath(model.layout.root / os.path.expanduser(str(own).removeprefix("file://"))))
        if not _same_file(belongs, facts.video.value.path):
            played = facts.video.value.path.name
            reason = f"the ground truth of dsbench.toml belongs to {belongs.name}, and this run plays {played}"
            return FoundTruth(None, given.origin, f"{reason}: give --ground-truth for it")
    return FoundTruth(truth, given.origin)


def on_clip(truth: GroundTruth, facts: PreflightFacts) -> ClipTruth:
    """The ground truth by frames of the run's video. Raises GROUND_TRUTH_INVALID."""
    clip = facts.video.value
    return clip_frames.place(truth, ClipSize(clip.width, clip.height, clip.frames))


def in_picture(truth: GroundTruth, frame: TruthFrame, size: tuple[int, int]) -> TruthFrame:
    """The frame in pixels of its picture. Raises GROUND_TRUTH_INVALID if the file states another size."""
    if frame.size not in (None, size):
        raise invalid(
            f"{frame.key} is listed with {frame.size}, the picture has {size}",
            truth.path,
            "export the annotations again from these pictures",
        )
    clip_frames.require_boxes_within([frame], ClipSize(*size, 1), truth.path)
    return frame.in_pixels(*size)


def spread(frames: tuple[T, ...], count: int) -> tuple[T, ...]:
    """At most ``count`` of them, spread over all: neighbours in name order are often alike."""
    if len(frames) <= count:
        return frames
    return tuple(frames[index * len(frames) // count] for index in range(count))


def _same_file(one: Path, other: Path) -> bool:
    """Whether both are the same file or copies of it: equal in size, beginning and end."""
    try:
        if os.path.samefile(one, other):
            return True
        size = one.stat().st_size
        return size == other.stat().st_size and _ends(one, size) == _ends(other, size)
    except OSError:
        return False


def _ends(path: Path, size: int) -> bytes:
    with reading.open_regular(path) as file:
        head = file.read(_COMPARED)
        file.seek(max(0, size - _COMPARED))
        return head + file.read(_COMPARED)
