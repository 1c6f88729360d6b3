"""The page of many runs: its rows, and what a cell shows. `dsbench index` and `dsbench fleet merge` write it."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from dsbench.base import pictures, reading
from dsbench.base.text import counted, visible
from dsbench.comparison.rows import IndexRow

_THUMBNAIL, _QUALITY = (160, 90), 60
_ROWS = 200
MAX_UNREAD = 50
"""Files left out that are named."""
COLORS = ("failed", "invalid", "amber", "passed")
"""States of a row, the worst first. Invalid: the job could not be run."""
WORDS = {"failed": "failed", "invalid": "INVALID", "amber": "in doubt or incomplete", "passed": "passed"}


@dataclass(frozen=True, slots=True)
class PageRow:
    """A run, in values: ten thousand are in memory. A number that is not known is None."""

    color: str
    name: str
    verdict: str
    link: str = ""
    """Address of the run's report, relative to the page; empty without one."""
    home: str = ""
    """The directory that may have a picture of step 6f; empty without one."""
    import_answer: str = ""
    import_color: str = ""
    streams: str = ""
    streams_color: str = ""
    total_fps: float | None = None
    efficiency: float | None = None
    f1: float | None = None
    map50: float | None = None
    map: float | None = None
    comparison: str = ""
    where: str = ""
    """Runtime, machine, host."""
    started: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows; ``color``: one of ``COLORS`` or empty."""

    text: str
    color: str = ""


@dataclass(frozen=True)
class IndexColumn:
    """A column. ``kind``: an answer is sorted by its color, the worst first; a number by its value, the largest
    first; a text by its letters. ``id`` stands in the page's address."""

    id: str
    title: str
    kind: Literal["answer", "number", "text"]


COLUMNS = (
    IndexColumn("model", "model", "text"),
    IndexColumn("verdict", "verdict", "answer"),
    IndexColumn("import", "is the import right?", "answer"),
    IndexColumn("streams", "real-time streams", "number"),
    IndexColumn("fps", "FPS, run 1", "number"),
    IndexColumn("efficiency", "efficiency, %", "number"),
    IndexColumn("f1", "F1", "number"),
    IndexColumn("map50", "mAP@0.5", "number"),
    IndexColumn("map", "mAP@0.5:0.95", "number"),
    IndexColumn("baseline", "baseline", "text"),
    IndexColumn("machine", "runtime, machine", "text"),
    IndexColumn("started", "started", "text"),
)


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row that the page has as HTML."""

    color: str
    name: str
    link: str
    cells: tuple[Cell, ...]
    """Of ``COLUMNS`` after the first."""
    thumbnail: str
    """Base64 of a JPEG; empty without one."""


@dataclass(frozen=True)
class Chip:
    """A button that filters the rows of one color."""

    color: str
    word: str
    count: int


@dataclass(frozen=True)
class IndexPage:
    """The page. Texts are plain text."""

    command: str
    title: str
    rows: Sequence[PageRow]
    """Every row, the worst first."""
    chips: tuple[Chip, ...]
    unread: tuple[str, ...]
    columns: tuple[IndexColumn, ...] = COLUMNS
    colors: tuple[str, ...] = COLORS
    size: int = _ROWS
    """Rows that are shown at a time."""

    @property
    def counts(self) -> str:
        """``3 failed, 97 passed``."""
        return ", ".join(f"{chip.count} {chip.word}" for chip in self.chips)

    @property
    def shown(self) -> Iterator[ShownRow]:
        """The rows of the first page, with their pictures."""
        for row in self.rows[: self.size]:
            yield ShownRow(row.color, shown_name(row), row.link, tuple(cells(row)), _thumbnail(row.home))

    @property
    def data(self) -> Iterator[str]:
        """All rows as a JSON array, in pieces, safe within a ``script`` element."""
        for place, row in enumerate(self.rows):
            yield f"{',' if place else '['}{_json(row)}"
        yield "]" if self.rows else "[]"


def page(rows: Iterable[PageRow], unread: Iterable[str], command: str) -> IndexPage:
    """The page of these runs; failed ones come first, then by name. ``unread``: what was left out and why."""
    ordered = sorted(rows, key=lambda one: (COLORS.index(one.color), one.name, one.started, one.link))
    colors = [one.color for one in ordered]
    chips = tuple(Chip(color, WORDS[color], colors.count(color)) for color in COLORS if color in colors)
    models = len({one.name for one in ordered})
    left_out = tuple(unread)
    more = (f"and {len(left_out) - MAX_UNREAD} more",) if len(left_out) > MAX_UNREAD else ()
    title = f"{counted(len(ordered), 'run')} of {counted(models, 'model')}"
    return IndexPage(command, title, ordered, chips, (*left_out[:MAX_UNREAD], *more))


def of_record(one: IndexRow, link: str, host: str = "") -> PageRow:
    """The row of a record; ``host``: the name of its machine."""
    answers = one.answers
    return PageRow(
        color=answers.color,
        name=one.model,
        verdict=f"{one.verdict}{f': {one.failed}' if one.failed else ''}",
        link=link,
        home=str(one.home),
        import_answer=_import(answers.import_answer, answers.import_color),
        import_color=answers.import_color,
        streams="not known" if answers.streams is None else str(answers.streams),
        streams_color=answers.streams_color,
        total_fps=one.total_fps,
        efficiency=one.efficiency,
        f1=one.f1,
        map50=one.map50,
        map=one.map,
        comparison=one.comparison,
        where=", ".join(filter(None, (one.runtime, one.machine, host))),
        started=one.started,
    )


def address(path: str) -> str:
    """The address of a file by its path relative to the page."""
    return quote(os.fsencode(path))


def shown_name(row: PageRow) -> str:
    """The model's name; never blank, because it is the text of a link."""
    return row.name if row.name.strip() else "(no name)"


def cells(row: PageRow) -> Iterator[Cell]:
    """Of ``COLUMNS`` after the model's name."""
    yield Cell(row.verdict, row.color)
    yield Cell(row.import_answer, row.import_color)
    yield Cell(row.streams, row.streams_color)
    yield from (Cell(_figure(value, 1)) for value in (row.total_fps, row.efficiency))
    yield from (Cell(_figure(value, 3)) for value in (row.f1, row.map50, row.map))
    yield Cell(row.comparison, "failed" if row.comparison == "regression" else "")
    yield Cell(row.where)
    yield Cell(row.started[:16].replace("T", " "))


def _import(answer: str, color: str) -> str:
    """The answer; what a "Yes" rests on has columns of its own."""
    return answer.partition(":")[0] if color == "passed" else answer


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _json(row: PageRow) -> str:
    """``[color, link, name, cell, ...]``; a color is a place in ``COLORS``, a cell a text or ``[text, color]``."""
    data: list[object] = [COLORS.index(row.color), row.link, visible(shown_name(row))]
    for cell in cells(row):
        text = visible(cell.text)
        data.append([text, COLORS.index(cell.color)] if cell.color else text)
    encoded = json.dumps(data, separators=(",", ":"))
    return encoded.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _thumbnail(home: str) -> str:
    """The first picture of 6f, small; empty if there is none."""
    for path in sorted(Path(home).glob("samples/frame_*.jpg"))[:1] if home else ():
        from PIL import Image

        try:
            with reading.open_regular(path) as file, Image.open(file, formats=("JPEG",)) as image:
                image.draft("RGB", _THUMBNAIL)
                image.thumbnail(_THUMBNAIL)
                return base64.b64encode(pictures.jpeg(image.convert("RGB"), _QUALITY)).decode()
        except (OSError, ValueError, Image.DecompressionBombError):
            return ""
    return ""
