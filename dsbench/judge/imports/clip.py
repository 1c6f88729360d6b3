"""Whether a clip can prove anything: black, frozen, one frame, turned. Said before results of the clip are believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.base.text import counted
from dsbench.jobs.probe import Turn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEW_FRAMES = 10
_BLACK, _FLAT = 24.0, 3.0
"""Grey levels of 255: the brightest part of a black frame (limited-range black is 16 where a player does not expand
it), and the spread of a frame of one colour."""
_BLOCK = 8
"""Pixels: side of the blocks whose means are compared. Coding noise is smaller in them than in pixels."""
_STILL, _REPEATED = (2.0, 14.0), (4.5, 32.0)
"""Grey levels by which frames of one still picture differ after encoding: any block's mean, and any pixel. The first
for every clip: measured up to 1.6 and 10 with H.264, VP9 and MPEG-4 at a usual quality, and at least 3.0 and 36 in the
quietest second of a camera's clip. The second where most frames equal another one: a low bit rate."""
_FEW_DIFFERENT = 3
"""Frames that a clip must have at least, all different."""
_REPEATING = 0.5
"""At most this fraction of the decoded frames differ in a clip that repeats frames; of a camera 0.97 to 1 do."""
_SEEN = 0.5
"""Score of a sure object. A model that sees its objects gives the best of them such a score, in the mean of the
frames."""
_SURELY = 0.93
"""The same mean of a clip that is upright without a doubt."""
_FEWEST = 6
"""Sure objects that a turned clip must have at least."""
_MORE, _CLEAR = 4.0, 0.6
"""Where the model sees little in the clip as it is: times as many sure objects, and the mean of the best scores."""
_MORE_SURE, _SURE, _HIGHER = 1.5, 0.8, 0.03
"""Where it sees its objects either way: the same, and by how much the best score is higher in all frames but one.
Turned demo and bottle clips have 1.6 times as many and more; of the upright clips of eight models none comes near."""
_LEAST_FRAMES_DUMPED = 10


SHOWS_NOTHING = "clip-shows-nothing"
"""Code of a clip that proves nothing about an import."""
CLIP_TURNED = "clip-turned"
"""Code of a clip that seems to be turned."""


@dataclass(frozen=True, slots=True)
class ClipDoubt:
    """Why results of a clip are not to be believed. ``code``: of `SHOWS_NOTHING`, `CLIP_TURNED`."""

    code: str
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a model finds in some frames: objects scoring at least 0.5, and each frame's best score."""

    sure: int
    scores: tuple[float, ...] = ()

    @property
    def best(self) -> float:
        """Mean of the best scores."""
        return sum(self.scores) / len(self.scores) if self.scores else 0.0

    def higher(self, other: Sighting) -> bool:
        """Whether the best score is higher than the other's in all frames but one."""
        pairs = zip(self.scores, other.scores, strict=True)
        return sum(mine < theirs + _HIGHER for mine, theirs in pairs) <= (len(self.scores) > 2)


def sighting(frames: Sequence[Boxes]) -> Sighting:
    """Of clustered boxes, frame by frame."""
    best = tuple(float(boxes.confidence.max()) if len(boxes) else 0.0 for boxes in frames)
    sure = sum(int((boxes.confidence >= _SEEN).sum()) for boxes in frames)
    return Sighting(sure, best)


_OTHER_CLIP = "choose a clip that shows what the model detects, with --video, or let it begin later"


@dataclass(frozen=True, slots=True)
class ClipSeen:
    """The clip's beginning: ``shown`` (h, w, 3) RGB each and their ``numbers``; frames that were ``decoded``, and how
    many of them are ``different``."""

    shown: Sequence[NDArray[np.uint8]]
    numbers: Sequence[int]
    decoded: int
    different: int


def shows_nothing(seen: ClipSeen) -> ClipDoubt | None:
    """The doubt about a clip without a picture, without movement, or of a frame or two; None for any other."""
    grey = _grey(seen.shown)
    if _is_uniform(grey):
        what = f"{_uniform(grey, seen.numbers)}: it proves nothing about the import"
    elif 0 < seen.different < _FEW_DIFFERENT:
        what = f"{_few(seen.decoded, seen.different)}: that proves little about the import"
    elif _still(grey, _REPEATED if seen.different <= _REPEATING * seen.decoded else _STILL):
        what = f"the clip is frozen: {_named(seen.numbers)} show the same picture, which proves little about the import"
    else:
        return None
    return ClipDoubt(SHOWS_NOTHING, what, _OTHER_CLIP)


def remarks(seen: ClipSeen) -> tuple[str, ...]:
    """What else is conspicuous about a clip that shows something: parts of it are black."""
    grey = _grey(seen.shown)
    black = [number for number, one in zip(seen.numbers, grey, strict=True) if _is_black(one)]
    if len(black) * 2 > len(grey):
        numbers = ", ".join(map(str, black))
        return (f"{len(black)} of {len(grey)} frames looked at are black: {numbers}",)
    return ()


def _grey(shown: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
    import numpy as np

    return [picture.astype(np.float32).mean(axis=2) for picture in shown]


def _named(numbers: Sequence[int]) -> str:
    return f"frame{'s' * (len(numbers) != 1)} {', '.join(map(str, numbers))}"


def _few(decoded: int, different: int) -> str:
    if decoded == different:
        return f"the clip has {counted(decoded, 'frame')} only"
    of = "one picture" if different == 1 else f"{different} different pictures"
    return f"the clip is frozen, its {decoded} frames show {of}"


def _is_black(grey: NDArray[np.float32]) -> bool:
    import numpy as np

    return float(np.percentile(grey, 99.9)) < _BLACK


def _is_uniform(grey: Sequence[NDArray[np.float32]]) -> bool:
    return bool(grey) and (all(map(_is_black, grey)) or all(float(one.std()) < _FLAT for one in grey))


def _uniform(grey: Sequence[NDArray[np.float32]], numbers: Sequence[int]) -> str:
    shows = "is black" if all(map(_is_black, grey)) else "shows one colour"
    return f"the clip {shows} in {_named(numbers)}"


def _still(grey: Sequence[NDArray[np.float32]], most: tuple[float, float]) -> bool:
    return len(grey) > 1 and all(_same(grey[0], one, most) for one in grey[1:])


def _same(one: NDArray[np.float32], other: NDArray[np.float32], most: tuple[float, float]) -> bool:
    """Whether two pictures (h, w) differ by coding noise only. ``most``: difference of any block's mean, any pixel."""
    import numpy as np

    if one.shape != other.shape:
        return False
    apart = one - other
    height, width = (size // _BLOCK * _BLOCK for size in apart.shape)
    means = apart[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK).mean(axis=(1, 3))
    block = float(np.abs(means).max()) if means.size else 0.0
    return block <= most[0] and float(np.abs(apart).max()) <= most[1]


def container(frames: int, rotation: int, cut: str = "") -> tuple[str, ...]:
    """What the container shows: a handful of frames (0: not known), a rotation that DeepStream ignores, a file that was
    cut off (``cut``: how it shows)."""
    found = [f"the clip was cut off: {cut}: copy the whole file"] if cut else []
    if 0 < frames < FEW_FRAMES:
        found.append(f"the clip has {counted(frames, 'frame')}: rates over its frames say little")
    if rotation:
        found.append(
            f"the clip's metadata turn it by {rotation} degrees for players; DeepStream ignores them, so the "
            "model sees it turned: encode it upright (ffmpeg -i in.mp4 out.mp4)"
        )
    return tuple(found)


def worth_turning(plain: Sighting) -> bool:
    """The model sees less than it would in a clip that is upright without a doubt."""
    return bool(plain.scores) and plain.best < _SURELY


_UPRIGHT = {90: "-vf transpose=1", 180: "-vf hflip,vflip", 270: "-vf transpose=2"}
"""What ffmpeg needs to turn a picture clockwise."""


def turned(plain: Sighting, by_turn: Mapping[Turn, Sighting]) -> ClipDoubt | None:
    """A doubt if the model sees clearly more in the frames turned by some angle; None if not."""
    if not by_turn:
        return None
    angle, best = max(by_turn.items(), key=lambda item: (item[1].sure, item[1].best))
    rivals = [plain, *(seen for turn, seen in by_turn.items() if turn != angle)]
    if best.sure < _FEWEST or not (_blind_as_it_is(best, plain, rivals) or _better(best, rivals)):
        return None
    how = "upside down" if angle == 180 else "on its side"
    what = (
        f"the clip seems to be {how}: turned clockwise by {angle} degrees its frames show the model {best.sure} objects"
        f" with a score of 0.5 or more (best scores {best.best:.2f} on average), as they are {plain.sure}"
        f" ({plain.best:.2f})"
    )
    fix = f"turn it upright (ffmpeg -i in.mp4 {_UPRIGHT[angle]} out.mp4), or choose another with --video"
    return ClipDoubt(CLIP_TURNED, what, fix)


def _blind_as_it_is(best: Sighting, plain: Sighting, rivals: Sequence[Sighting]) -> bool:
    """The model sees next to nothing in the clip as it is."""
    if plain.best >= _SEEN or best.best < _CLEAR:
        return False
    return all(best.sure >= _MORE * seen.sure + 1 for seen in rivals)


def _better(best: Sighting, rivals: Sequence[Sighting]) -> bool:
    """The model sees its objects either way, but one way clearly better in every respect."""
    return best.best >= _SURE and all(best.sure >= _MORE_SURE * seen.sure and best.higher(seen) for seen in rivals)


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
