"""The frames in which dump and reference differ most, side by side: boxes without a partner are marked."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base import pictures, spec
from dsbench.base.errors import DsbenchError
from dsbench.judge.imports.matching import FrameMatch
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import GridColumn, Picture, PictureGrid
from dsbench.steps.dump_comparison import DumpComparison

if TYPE_CHECKING:
    from PIL.Image import Image

    from dsbench.base.pictures import Rgb

FRAMES = 3
TITLE = "The frames that differ most: boxes without a partner of their class on the other side are red"
_QUALITY = 70


def grid(result: DumpComparison, facts: PreflightFacts) -> PictureGrid | None:
    """The worst frames with the boxes of reference and dump; None if nothing differs or the clip cannot be read."""
    judged = result.parity
    worst = judged.match.worst(FRAMES) if judged else ()
    worst = tuple(frame for frame in worst if frame.missed or frame.extra)
    if not worst:
        return None
    try:
        seen = seen_frames(facts.video.value.path, [frame.frame for frame in worst])
    except DsbenchError:
        return None
    shown = [frame for frame in worst if frame.frame in seen]
    names = [result.names.name(number) for number in range(len(result.names.lines))]
    reference = [_reference(frame, seen[frame.frame], names) for frame in shown]
    dump = [_dump(frame, seen[frame.frame], names) for frame in shown]
    columns = (
        GridColumn("What the model gives", "reference: ONNX Runtime FP32, the family's decode", "", tuple(reference)),
        GridColumn("What the app wrote", "the KITTI dump", "", tuple(dump)),
    )
    return PictureGrid(TITLE, columns) if shown else None


def seen_frames(video: Path, numbers: list[int]) -> dict[int, Rgb]:
    """Small pictures of frames in streammux space, by number."""
    from dsbench.embedded.probes.pictures import small  # they load numpy and av
    from dsbench.embedded.video.decode import open_source
    from dsbench.embedded.video.mux import MuxScaler

    mux, found = MuxScaler(spec.MUX_WIDTH, spec.MUX_HEIGHT), {}
    for frame in open_source(video):
        if frame.index in numbers:
            found[frame.index] = small(mux.scale(frame))
        if len(found) == len(numbers):
            break
    return found


def _reference(frame: FrameMatch, seen: Rgb, names: list[str]) -> Picture:
    image = pictures.with_marked(seen, frame.reference, names, _scale(seen), frame.missed)
    return _picture(f"frame {frame.frame}: {len(frame.reference)} boxes, {len(frame.missed)} not in the dump", image)


def _dump(frame: FrameMatch, seen: Rgb, names: list[str]) -> Picture:
    image = pictures.with_marked(seen, frame.found, names, _scale(seen), frame.extra)
    return _picture(f"frame {frame.frame}: {len(frame.found)} boxes, {len(frame.extra)} not in the reference", image)


def _scale(seen: Rgb) -> float:
    return float(seen.shape[1] / spec.MUX_WIDTH)


def _picture(caption: str, image: Image) -> Picture:
    return Picture(caption, "image/jpeg", base64.b64encode(pictures.jpeg(image, _QUALITY)).decode())
