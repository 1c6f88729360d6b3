"""Which frame of the clip each annotated frame is, and whether its boxes fit there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import spec
from dsbench.formats.ground_truth.truth import GroundTruth, TruthFrame, invalid

MAX_EMPTY_CORNER = 0.6
"""All boxes within this fraction of both sides: probably labels of a smaller picture. A guess."""


@dataclass(frozen=True, slots=True)
class ClipSize:
    """The clip's size in pixels and its number of frames; 0: not known."""

    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """Annotated frames by their number in the clip, in order, in pixels of the clip. ``warnings`` are doubts."""

    frames: tuple[tuple[int, TruthFrame], ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def first(self, frames: int) -> ClipTruth:
        """Only those among the first ``frames`` frames of the clip; all with 0."""
        kept = tuple(item for item in self.frames if not frames or item[0] < frames)
        return ClipTruth(kept, self.notes, self.warnings)


def place(truth: GroundTruth, clip: ClipSize) -> ClipTruth:
    """The ground truth of a video. Raises GROUND_TRUTH_INVALID."""
    _require_size(truth, clip)
    numbers = _numbers(truth)
    first, why, doubt = _first_number(numbers, clip.frames)
    placed = sorted(((number - first, frame) for number, frame in zip(numbers, truth.frames, strict=True)), key=_key)
    _require_distinct(truth, placed)
    beyond = [(number, frame) for number, frame in placed if clip.frames and number >= clip.frames]
    if beyond:
        raise invalid(
            f"{len(beyond)} of {len(placed)} annotated frames are beyond the clip, which has {clip.frames} frames; the"
            f" first is {beyond[0][1].key}",
            truth.path,
            "give the ground truth of this clip, or the clip of this ground truth (--video)",
        )
    require_boxes_within(truth.frames, clip, truth.path)
    frames = tuple((number, frame.in_pixels(clip.width, clip.height)) for number, frame in placed)
    warnings = (*doubt, *_smaller_picture(truth, [frame for _, frame in frames], clip))
    return ClipTruth(frames, (*why, *truth.notes), warnings)


def _key(item: tuple[int, TruthFrame]) -> int:
    return item[0]


def _require_size(truth: GroundTruth, clip: ClipSize) -> None:
    other = [frame for frame in truth.frames if frame.size not in (None, (clip.width, clip.height))]
    if other and other[0].size:
        width, height = other[0].size
        raise invalid(
            f"{len(other)} of {len(truth.frames)} images are of another size than the clip, the first is {other[0].key}"
            f" with {width}x{height} instead of {clip.width}x{clip.height}",
            truth.path,
            "give the clip that was annotated (--video), or scale the annotations to its size",
        )


def _numbers(truth: GroundTruth) -> list[int]:
    """The number in each frame's name. Raises GROUND_TRUTH_INVALID if a name has none."""
    without = [frame for frame in truth.frames if frame.number is None]
    if without:
        raise invalid(
            f"the names of {len(without)} of {len(truth.frames)} frames do not end in a frame number, the first is"
            f" {without[0].key}",
            truth.path,
            "name the files by frame, from 0: 000000.txt, 000001.txt; or put the pictures beside them",
        )
    return [frame.number or 0 for frame in truth.frames]


def _first_number(numbers: Sequence[int], frames: int) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """The number of the clip's first frame, 0 or 1; why, and what speaks against it.

    Counted from 1 if 0 is missing and either the last number is the number of frames, or none is missing from 1 on.
    """
    lowest, highest = min(numbers), max(numbers)
    if lowest == 0:
        return 0, (), ()
    if highest == frames or (lowest == 1 and highest == len(set(numbers))):
        return 1, ("frames are counted from 1: there is no frame 0",), ()
    if lowest == 1:
        doubt = "frame numbers are taken as counted from 0 although there is no frame 0: if your tool counts from 1"
        return 0, (), (f"{doubt}, every box lies a frame late: rename the files from 0",)
    return 0, (), ()


def _require_distinct(truth: GroundTruth, placed: Sequence[tuple[int, TruthFrame]]) -> None:
    twice = [number for number, count in Counter(number for number, _ in placed).items() if count > 1]
    if twice:
        same = [frame.key for number, frame in placed if number == twice[0]]
        raise invalid(
            f"{len(twice)} frames are annotated more than once: {same[0]} and {same[1]}",
            truth.path,
            "give the ground truth of one stream, one file per frame",
        )


def require_boxes_within(frames: Sequence[TruthFrame], clip: ClipSize, path: Path) -> None:
    """Raise GROUND_TRUTH_INVALID if a box has its centre outside the frame: it belongs to a larger picture."""
    outside = [
        (frame, one)
        for frame in frames
        if not frame.normalised
        for one in frame.objects
        if not (0 <= one.left + one.right <= 2 * clip.width and 0 <= one.top + one.bottom <= 2 * clip.height)
    ]
    if outside:
        frame, one = outside[0]
        raise invalid(
            f"{len(outside)} boxes lie outside the frame of {clip.width}x{clip.height}, the first in {frame.key}:"
            f" {one.name} from {one.left:g}, {one.top:g} to {one.right:g}, {one.bottom:g}",
            path,
            "give the clip that was annotated (--video), or scale the annotations to its size; a dump of deepstream-app"
            f" is in pixels of {spec.MUX_WIDTH}x{spec.MUX_HEIGHT}",
        )


def _smaller_picture(truth: GroundTruth, frames: Sequence[TruthFrame], clip: ClipSize) -> tuple[str, ...]:
    corners = [(one.right, one.bottom) for frame in frames for one in frame.objects]
    if not corners or any(frame.size for frame in truth.frames) or truth.frames[0].normalised:
        return ()
    right, bottom = max(corner[0] for corner in corners), max(corner[1] for corner in corners)
    if max(right / clip.width, bottom / clip.height) > MAX_EMPTY_CORNER or len(corners) < 20:
        return ()
    return (
        f"every annotated box lies within the upper left {right:g}x{bottom:g} of {clip.width}x{clip.height} pixels:"
        " check whether a smaller picture was annotated",
    )
