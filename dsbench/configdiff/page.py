"""The differences of two configs as lines for a terminal and as one self-contained HTML page."""

from __future__ import annotations

import base64
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base import pictures, spec
from dsbench.base.errors import DsbenchError
from dsbench.configdiff.dumps import GivenConfig
from dsbench.judge.config_diff import ConfigDiff, FrameDiff
from dsbench.record.evidence import Picture
from dsbench.report.html import diff_html
from dsbench.steps import boxed_frames

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMNS = ("class", "boxes of A", "boxes of B", "vanish", "appear", "move", "other class", "other score")
_VERBS = {
    "vanished": ("vanishes", "vanish"),
    "appeared": ("appears", "appear"),
    "moved": ("moves", "move"),
    "relabelled": ("changes class", "change class"),
    "rescored": ("changes score", "change score"),
}
FRAMES = 5
_QUALITY = 72


@dataclass(frozen=True)
class DiffPage:
    """What the page shows. ``config``: lines of the unified diff; ``pictures``: A and B of a frame."""

    a: str
    b: str
    played: str
    answer: str
    differs: bool
    notes: tuple[str, ...]
    config: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    pictures: tuple[tuple[Picture, Picture], ...]


def answer(found: ConfigDiff) -> str:
    """One sentence: the same boxes, or how many differ in which way."""
    if not found.differs:
        return f"The same boxes: {found.unchanged} in {len(found.frames)} frames."
    parts = [f"{count} {_VERBS[name][count != 1]}" for name, count in found.counts if count]
    parts += [f"A has {found.only_a} more frames"] if found.only_a else []
    parts += [f"B has {found.only_b} more frames"] if found.only_b else []
    return f"Of {found.a} boxes in A and {found.b} in B: {', '.join(parts)}; {found.unchanged} are the same."


def rows(found: ConfigDiff) -> tuple[tuple[str, ...], ...]:
    """The table by class, as texts."""
    return tuple(
        (
            one.label.strip() or "(no label)",
            *map(str, (one.a, one.b, one.vanished, one.appeared, one.moved, one.relabelled, one.rescored)),
        )
        for one in found.classes()
    )


def text_diff(a: GivenConfig, b: GivenConfig) -> Iterator[str]:
    """The unified diff of the two files' texts, without context."""
    first, second = (config.text.splitlines() for config in (a, b))
    yield from difflib.unified_diff(first, second, a.given, b.given, lineterm="", n=0)


def html(a: GivenConfig, b: GivenConfig, found: ConfigDiff, played: str, video: Path) -> str:
    """The page."""
    notes = tuple(config.note for config in (a, b) if config.note)
    page = DiffPage(
        a=a.given,
        b=b.given,
        played=played,
        answer=answer(found),
        differs=found.differs,
        notes=notes,
        config=tuple(text_diff(a, b)),
        columns=COLUMNS,
        rows=rows(found),
        pictures=_pictures(found, video),
    )
    return diff_html(page)


def _pictures(found: ConfigDiff, video: Path) -> tuple[tuple[Picture, Picture], ...]:
    """The frames that differ most; none if the clip cannot be read again."""
    worst = found.worst(FRAMES)
    if not worst:
        return ()
    try:
        seen = boxed_frames.seen_frames(video, [frame.frame for frame in worst])
    except DsbenchError:
        return ()
    made = []
    for frame in worst:
        if frame.frame in seen:
            image = seen[frame.frame]
            scale = float(image.shape[1] / spec.MUX_WIDTH)
            left = pictures.with_marked(image, frame.a, found.labels, scale, frame.marked_a)
            right = pictures.with_marked(image, frame.b, found.labels, scale, frame.marked_b)
            made.append((_picture(_caption_a(frame), left), _picture(_caption_b(frame), right)))
    return tuple(made)


def _caption_a(frame: FrameDiff) -> str:
    gone = f", {len(frame.vanished)} vanish" if frame.vanished else ""
    return f"A, frame {frame.frame}: {len(frame.a)} boxes{gone}"


def _caption_b(frame: FrameDiff) -> str:
    named = (("appear", frame.appeared), ("move", frame.moved), ("other class", frame.relabelled))
    parts = [f"{len(places)} {name}" for name, places in (*named, ("other score", frame.rescored)) if places]
    return ", ".join((f"B, frame {frame.frame}: {len(frame.b)} boxes", *parts))


def _picture(caption: str, image: Image) -> Picture:
    data = pictures.jpeg(image, _QUALITY)
    return Picture(caption, "image/jpeg", base64.b64encode(data).decode())


def table(cells: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of a table for a terminal, the first column to the left."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        numbers = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        yield "  ".join((row[0].ljust(widths[0]), *numbers)).rstrip()
