"""Frames with the boxes of two sides for the report's gallery: those in which the sides differ most."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dsbench.base import pictures, spec
from dsbench.base.boxes import Boxes
from dsbench.base.errors import DsbenchError
from dsbench.judge.imports.matching import FrameMatch, Match
from dsbench.record.evidence import BoxedFrame, MarkedBox

if TYPE_CHECKING:
    from dsbench.base.pictures import Rgb

FRAMES, AGREEING = 9, 3
"""Frames that are shown if some differ, and if none does."""
WIDTH = 800
"""Pixels of a picture."""
MAX_BOXES = 80
"""Boxes of one side of a frame: those without a partner first, then the best."""
_QUALITY = 70


def worst(match: Match, video: Path, name: Callable[[int], str], count: int) -> tuple[BoxedFrame, ...]:
    """The frames that differ most, the worst first; if none differs those with the most boxes.

    Empty without boxes, or if the clip cannot be read. Boxes are in pixels of the streammux surface; ``name``: of a
    class.
    """
    chosen = _chosen(match, count)
    try:
        seen = seen_frames(video, [frame.frame for frame in chosen]) if chosen else {}
    except DsbenchError:
        return ()
    return tuple(_boxed(frame, seen[frame.frame], name) for frame in chosen if frame.frame in seen)


def worst_of(match: Match, seen: Mapping[int, Rgb], name: Callable[[int], str], count: int) -> tuple[BoxedFrame, ...]:
    """As ``worst``, with pictures that are at hand: frames of the surface of any size, by number."""
    return tuple(_boxed(frame, seen[frame.frame], name) for frame in _chosen(match, count) if frame.frame in seen)


def _chosen(match: Match, count: int) -> list[FrameMatch]:
    """The frames that differ most, the worst first; if none differs those with the most boxes; [] without boxes."""
    if not (match.reference or match.found):
        return []
    if match.missed or match.extra:
        return sorted(match.worst(count), key=lambda frame: -len(frame.missed) - len(frame.extra))
    return _fullest(match, AGREEING)


def _fullest(match: Match, count: int) -> list[FrameMatch]:
    """The frames with the most boxes, no close neighbours."""
    span = (match.frames[-1].frame - match.frames[0].frame) // (2 * count)
    found: list[FrameMatch] = []
    for frame in sorted(match.frames, key=lambda frame: (-len(frame.reference), frame.frame)):
        if len(found) < count and all(abs(frame.frame - other.frame) > span for other in found):
            found.append(frame)
    return found


def seen_frames(video: Path, numbers: Sequence[int]) -> dict[int, Rgb]:
    """Small pictures of frames in streammux space, by number."""
    from dsbench.embedded.probes.pictures import small  # they load numpy and av
    from dsbench.embedded.video.decode import open_source
    from dsbench.embedded.video.mux import MuxScaler

    mux, found = MuxScaler(spec.MUX_WIDTH, spec.MUX_HEIGHT), {}
    for frame in open_source(video):
        if frame.index in numbers:
            found[frame.index] = small(mux.scale(frame), WIDTH)
        if len(found) == len(numbers):
            break
    return found


def _boxed(frame: FrameMatch, seen: Rgb, name: Callable[[int], str]) -> BoxedFrame:
    from PIL import Image

    height, width = seen.shape[:2]
    scale = width / spec.MUX_WIDTH
    picture = base64.b64encode(pictures.jpeg(Image.fromarray(seen), _QUALITY)).decode()
    boxes = (
        *_marked("reference", frame.reference, frame.missed, scale, name),
        *_marked("dump", frame.found, frame.extra, scale, name),
    )
    return BoxedFrame(f"frame {frame.frame}: {_counts(frame)}", "image/jpeg", picture, width, height, boxes)


def _counts(frame: FrameMatch) -> str:
    """How the two sides of a frame compare, in words."""
    if not frame.missed and not frame.extra:
        count = len(frame.reference)
        return "no boxes" if not count else "the box agrees" if count == 1 else f"all {count} boxes agree"
    return f"{len(frame.missed)} of {len(frame.reference)} missed, {len(frame.extra)} extra"


def _marked(
    side: Literal["reference", "dump"], boxes: Boxes, alone: Sequence[int], scale: float, name: Callable[[int], str]
) -> Iterator[MarkedBox]:
    """The boxes of one side; ``alone``: places without a partner; ``scale``: pixels of the picture per pixel."""
    rows, unpaired = boxes.table().tolist(), set(alone)
    order = sorted(range(len(rows)), key=lambda place: (place not in unpaired, -rows[place][5]))
    for place in order[:MAX_BOXES]:
        number, *sides, score = rows[place]
        left, top, width, height = (round(value * scale, 1) for value in sides)
        label = name(int(number))
        yield MarkedBox(side, place not in unpaired, label, round(score, 3), left, top, width, height)
