"""Whether a clip can show anything: black, frozen, one frame, turned. Said before results of the clip are believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.jobs.probe import Turn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEW_FRAMES = 10
_BLACK, _FLAT = 24.0, 3.0
"""Grey levels of 255: the brightest part of a black frame (limited-range black is 16 where a player does not expand
it), and the spread of a frame of one colour."""
_STILL, _STILL_ANYWHERE = 2.0, 24.0
"""Grey levels by which frames of one still picture differ after encoding: 999 of 1000 pixels, and every pixel."""
_SEEN = 0.5
"""A model that sees its objects gives the best of them such a score, in the mean of the frames."""
_MORE = 4.0
"""Times as many sure objects that a turned clip must have."""
_FEWEST, _CLEAR = 6, 0.6
"""Sure objects that it must have at least, and the mean of its best scores."""
_LEAST_FRAMES_DUMPED = 10


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a model finds in some frames: objects scoring at least 0.5, and the mean of the frames' best scores."""

    sure: int
    best: float


def sighting(frames: Sequence[Boxes]) -> Sighting:
    """Of clustered boxes, frame by frame."""
    best = [float(boxes.confidence.max()) if len(boxes) else 0.0 for boxes in frames]
    sure = sum(int((boxes.confidence >= _SEEN).sum()) for boxes in frames)
    return Sighting(sure, sum(best) / len(best) if best else 0.0)


def pictures(shown: Sequence[NDArray[np.uint8]], numbers: Sequence[int]) -> str:
    """What is wrong with the decoded frames, each (h, w, 3) RGB; ``numbers``: theirs in the clip. Empty if nothing."""
    import numpy as np

    which = f"frames {', '.join(map(str, numbers))}" if len(numbers) > 1 else f"frame {', '.join(map(str, numbers))}"
    grey = [picture.astype(np.float32).mean(axis=2) for picture in shown]
    black = [number for number, one in zip(numbers, grey, strict=True) if float(np.percentile(one, 99.9)) < _BLACK]
    if len(black) * 2 > len(grey):
        of = "" if len(black) == len(grey) else f"{len(black)} of {len(grey)} frames looked at are black: "
        return f"{of}the clip is black in {which}" if not of else f"{of}{', '.join(map(str, black))}"
    if grey and all(float(one.std()) < _FLAT for one in grey):
        return f"the clip shows one colour in {which}"
    if len(grey) > 1 and all(_same(grey[0], one) for one in grey[1:]):
        return f"the clip is frozen: {which} show the same picture"
    return ""


def _same(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    import numpy as np

    if one.shape != other.shape:
        return False
    apart = np.abs(one - other)
    return float(np.percentile(apart, 99.9)) <= _STILL and float(apart.max()) <= _STILL_ANYWHERE


def container(frames: int, rotation: int) -> tuple[str, ...]:
    """What the container shows: a handful of frames (0: not known), and a rotation that DeepStream ignores."""
    found = []
    if 0 < frames < FEW_FRAMES:
        found.append(f"the clip has {frames} frame{'s' * (frames != 1)}: rates over its frames say little")
    if rotation:
        found.append(
            f"the clip's metadata turn it by {rotation} degrees for players; DeepStream ignores them, so the "
            "model sees it turned: encode it upright (ffmpeg -i in.mp4 out.mp4)"
        )
    return tuple(found)


def worth_turning(plain: Sighting, frames: int) -> bool:
    """The model sees too little for an upright clip of its objects."""
    return frames > 0 and plain.best < _SEEN


def turned(plain: Sighting, by_turn: Mapping[Turn, Sighting]) -> str:
    """A sentence if the model sees clearly more in the frames turned by some angle; empty if not."""
    if not by_turn:
        return ""
    angle, best = max(by_turn.items(), key=lambda item: (item[1].sure, item[1].best))
    others = [seen for turn, seen in by_turn.items() if turn != angle]
    rivals = [plain, *others]
    if best.sure < _FEWEST or best.best < _CLEAR or any(best.sure < _MORE * seen.sure + 1 for seen in rivals):
        return ""
    how = "upside down" if angle == 180 else "on its side"
    return (
        f"the clip seems to be {how}: turned clockwise by {angle} degrees its frames show the model "
        f"{best.sure} objects with a score of 0.5 or more, as they are {plain.sure}"
    )


def short(frames: int, wanted: int) -> str:
    """A sentence about a dump that ended after a handful of frames because the clip did. ``wanted``: 0 for all."""
    if not 0 < frames < FEW_FRAMES or frames == wanted:
        return ""
    return container(frames, 0)[0]


def unmoved(frames: int, objects: int) -> str:
    """A sentence about a KITTI dump whose frames all have the very same text, scores included. ``objects``: in each."""
    if frames < _LEAST_FRAMES_DUMPED or not objects:
        return ""
    boxes = "box" if objects == 1 else f"{objects} boxes"
    return (
        f"the same {boxes} with the same scores in all {frames} frames: the clip is frozen, or the boxes do not come "
        "from the picture"
    )
