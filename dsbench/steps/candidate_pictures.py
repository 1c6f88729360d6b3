"""Possible preprocessings side by side, each with its boxes on the same frames: a person sees which one is right."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base import pictures, places, spec
from dsbench.base.boxes import Boxes
from dsbench.base.errors import DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.pictures import SheetColumn
from dsbench.families.base import Preprocessing
from dsbench.judge.imports import candidate_frames, preprocessing
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import GridColumn, Picture, PictureGrid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

FRAMES = 3
CANDIDATES = 6
TITLE = "Possible preprocessings side by side: the right one has sure boxes on every object, and no others"
_MAX_BYTES = 700 << 10
"""Of all pictures in the report; base64 makes them a third larger."""
_QUALITIES = (80, 65, 50, 35, 20)
_SHEET_QUALITY = 85


@dataclass(frozen=True)
class SeenFrames:
    """Frames of the video, small, (h, w, 3) RGB, and their numbers."""

    pictures: Sequence[NDArray[np.uint8]]
    numbers: Sequence[int]


@dataclass(frozen=True)
class CandidateColumn:
    """One preprocessing: the chosen frames with its boxes, and what each shows."""

    preprocessing: Preprocessing
    images: tuple[Image, ...]
    captions: tuple[str, ...]


@dataclass(frozen=True)
class SideBySide:
    """A column for each possibility, the one that is taken first."""

    columns: tuple[CandidateColumn, ...]


def draw(
    possible: Sequence[Preprocessing], boxes: Sequence[Sequence[Boxes]], seen: SeenFrames, names: Sequence[str]
) -> SideBySide:
    """The possibilities on the frames on which they differ most.

    ``boxes[i][k]``: those of possibility i on frame k, in surface pixels; ``names``: of the classes.
    """
    frames = candidate_frames.most_different(boxes, FRAMES)
    columns = []
    for value, mine in zip(possible, boxes, strict=True):
        images = [
            pictures.with_boxes(seen.pictures[k], mine[k], names, seen.pictures[k].shape[1] / spec.MUX_WIDTH)
            for k in frames
        ]
        captions = [f"frame {seen.numbers[k]}: {_boxes(mine[k])}" for k in frames]
        columns.append(CandidateColumn(value, tuple(images), tuple(captions)))
    return SideBySide(tuple(columns))


def _boxes(boxes: Boxes) -> str:
    """Their number and the best score."""
    if not len(boxes):
        return "no boxes"
    return f"{len(boxes)} box{'es' if len(boxes) != 1 else ''}, best score {float(boxes.confidence.max()):.2f}"


def grid(side: SideBySide) -> PictureGrid:
    """The pictures for the report, at the highest quality that keeps it small."""
    for quality in _QUALITIES:
        files = [[pictures.jpeg(image, quality) for image in column.images] for column in side.columns]
        if sum(len(data) for mine in files for data in mine) <= _MAX_BYTES:
            break
    columns = []
    for number, (column, mine) in enumerate(zip(side.columns, files, strict=True), 1):
        shown = [
            Picture(caption, "image/jpeg", base64.b64encode(data).decode())
            for caption, data in zip(column.captions, mine, strict=True)
        ]
        detail = preprocessing.describe(column.preprocessing)
        columns.append(GridColumn(_title(number), detail, preprocessing.toml(column.preprocessing), tuple(shown)))
    return PictureGrid(TITLE, tuple(columns))


def sheet(side: SideBySide) -> bytes:
    """All of it as one JPEG file, for the terminal's user."""
    columns = [
        SheetColumn(
            (_title(number), *preprocessing.describe(column.preprocessing).split()), column.images, column.captions
        )
        for number, column in enumerate(side.columns, 1)
    ]
    return pictures.jpeg(pictures.sheet(columns), _SHEET_QUALITY)


def _title(number: int) -> str:
    return f"Possibility {number}" + (" (taken for this run)" if number == 1 else "")


def write(layout: ModelLayout, side: SideBySide | None) -> str:
    """Replace the sheet in samples/, or remove an older run's if there is nothing to show; "" or why it was not done.

    Nothing is written or removed through a link.
    """
    path = layout.candidates_picture
    try:
        if side is None:
            with suppress(OSError):
                places.remove(path)
            return ""
        replace_file(path, sheet(side))
    except DsbenchError as error:
        return error.what
    return ""
