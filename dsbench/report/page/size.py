"""Cuts the evidence of a model to what a page can carry: the files themselves are in the model directory. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dsbench.record.evidence import Evidence, Picture, PictureGrid, TextFile

LEFT_OUT = "left out to keep the page small"
_MIN_TEXT = 1000


@dataclass(frozen=True)
class Room:
    """Bytes of one model: base64 of pictures, of grids, characters of texts."""

    pictures: int
    grids: int
    texts: int


def fitted(every: Sequence[Evidence], room: Room) -> list[Evidence]:
    """The evidence of all steps with the first pictures and grids that fit, and texts cut in the middle."""
    count = sum(len(evidence.texts) for evidence in every)
    longest = max(_MIN_TEXT, room.texts // count) if count else 0
    found, pictures, grids = [], room.pictures, room.grids
    for evidence in every:
        kept, pictures = _pictures(evidence.pictures, pictures)
        shown, grids = _grids(evidence.grids, grids)
        texts = tuple(_cut(text, longest) for text in evidence.texts)
        found.append(replace(evidence, pictures=kept, grids=shown, texts=texts))
    return found


def _pictures(pictures: Sequence[Picture], left: int) -> tuple[tuple[Picture, ...], int]:
    """Those that fit, and the bytes that are left; nothing after one that does not fit."""
    kept: list[Picture] = []
    for picture in pictures:
        left -= len(picture.base64)
        if left < 0:
            break
        kept.append(picture)
    return tuple(kept), left


def _grids(grids: Sequence[PictureGrid], left: int) -> tuple[tuple[PictureGrid, ...], int]:
    """The grids; those that do not fit without their pictures."""
    found = []
    for grid in grids:
        left -= sum(len(picture.base64) for column in grid.columns for picture in column.pictures)
        if left < 0:
            bare = tuple(replace(column, pictures=()) for column in grid.columns)
            grid = PictureGrid(f"{grid.title} (pictures are {LEFT_OUT}: see samples/)", bare)
        found.append(grid)
    return tuple(found), left


def _cut(text: TextFile, longest: int) -> TextFile:
    if len(text.body) <= longest:
        return text
    half = longest // 2
    cut = f"\n[... {len(text.body) - 2 * half} characters {LEFT_OUT} ...]\n"
    return replace(text, body=text.body[:half] + cut + text.body[-half:])
