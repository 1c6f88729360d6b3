"""``dsbench index DIRS``: one page that compares the runs of many records."""

from __future__ import annotations

import argparse
import base64
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from dsbench.base import pictures
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.text import counted, printable
from dsbench.comparison import rows
from dsbench.comparison.rows import IndexRow, Unread
from dsbench.report import html

_THUMBNAIL, _QUALITY = (160, 90), 60
_THUMBNAIL_BYTES = 3_000_000
"""Base64 of all thumbnails together: the first models get one."""
_MAX_UNREAD, _ROWS = 50, 200
_OWN, _REPORT = "benchmark_data.json", "benchmark_report.html"
"""A model directory's own record, and Step 8's report beside it."""
_SHADES = {"passed": 2, "amber": 1, "failed": 0}


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the table: what is shown, and what it is sorted by (empty: always last)."""

    text: str
    sort: str
    color: str = ""


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of the page."""

    color: str
    cells: tuple[Cell, ...]
    link: str
    """Address of Step 8's report, else of the record, relative to the page."""
    name: str
    thumbnail: str = ""
    """Base64 of a JPEG; empty without one."""


@dataclass(frozen=True)
class IndexColumn:
    """A column; ``numeric``: sorted as numbers, the largest first."""

    title: str
    numeric: bool = False


@dataclass(frozen=True)
class IndexPage:
    """The page. All texts are plain text."""

    title: str
    counts: str
    columns: tuple[IndexColumn, ...]
    rows: tuple[ShownRow, ...]
    unread: tuple[str, ...]
    size: int = _ROWS
    """Rows that are shown at a time."""


COLUMNS = (
    IndexColumn("verdict", numeric=True),
    IndexColumn("is the import right?", numeric=True),
    IndexColumn("real-time streams", numeric=True),
    IndexColumn("FPS, run 1", numeric=True),
    IndexColumn("efficiency, %", numeric=True),
    IndexColumn("F1", numeric=True),
    IndexColumn("mAP@0.5", numeric=True),
    IndexColumn("mAP@0.5:0.95", numeric=True),
    IndexColumn("baseline"),
    IndexColumn("runtime, machine"),
    IndexColumn("started"),
)
"""After the model's name."""


def run(arguments: argparse.Namespace) -> int:
    """Write the page; returns 0. Raises USAGE if there is no record, NOT_WRITABLE."""
    start = Path.cwd()
    target = start / os.path.expanduser(arguments.output)
    found = [rows.read(path) for path in rows.find(start / os.path.expanduser(one) for one in arguments.given)]
    read = [one for one in found if isinstance(one, IndexRow)]
    unread = [one for one in found if isinstance(one, Unread)]
    if not read:
        why = f": {unread[0].reason} ({unread[0].path})" if unread else ""
        fix = "give model directories that were run, or records"
        raise DsbenchError(Code.USAGE, f"no record was found{why}", fix=fix)
    replace_file(target, html.index_html(page(read, unread, target.parent)))
    print(printable(f"{target}: {counted(len(read), 'record')}"))
    for one in unread[:_MAX_UNREAD]:
        print(printable(f"left out: {one.path}: {one.reason}"))
    return 0


def page(read: Iterable[IndexRow], unread: Iterable[Unread], folder: Path) -> IndexPage:
    """The page; ``folder``: its own, which links are relative to. Failed runs come first, then by name."""
    ordered = sorted(read, key=lambda one: (_SHADES[one.answers.color], one.model, one.started))
    shown, room = [], _THUMBNAIL_BYTES
    for one in ordered:
        thumbnail = _thumbnail(one.home) if room > 0 else ""
        room -= len(thumbnail)
        shown.append(_shown(one, thumbnail, folder))
    colors = [one.answers.color for one in ordered]
    words = (("failed", "failed"), ("amber", "in doubt or incomplete"), ("passed", "passed"))
    counts = ", ".join(f"{colors.count(color)} {word}" for color, word in words if color in colors)
    models = len({one.model for one in ordered})
    title = f"{counted(len(shown), 'run')} of {counted(models, 'model')}"
    left_out = tuple(f"{one.path}: {one.reason}" for one in unread)
    more = (f"and {len(left_out) - _MAX_UNREAD} more",) if len(left_out) > _MAX_UNREAD else ()
    return IndexPage(title, counts, COLUMNS, tuple(shown), (*left_out[:_MAX_UNREAD], *more))


def _shown(one: IndexRow, thumbnail: str, folder: Path) -> ShownRow:
    answers, where = one.answers, f"{one.runtime}{f', {one.machine}' if one.machine else ''}"
    verdict = f"{one.verdict}{f': {one.failed}' if one.failed else ''}"
    streams = "not known" if answers.streams is None else str(answers.streams)
    cells = (
        Cell(verdict, str(_SHADES[answers.color]), answers.color),
        Cell(
            _import(answers.import_answer, answers.import_color),
            str(_SHADES[answers.import_color]),
            answers.import_color,
        ),
        Cell(streams, _sort(answers.streams), answers.streams_color),
        *(_figure(value, digits) for value, digits in ((one.total_fps, 1), (one.efficiency, 1))),
        *(_figure(value, 3) for value in (one.f1, one.map50, one.map)),
        Cell(one.comparison, one.comparison, "failed" if one.comparison == "regression" else ""),
        Cell(where, where),
        Cell(one.started[:16].replace("T", " "), one.started),
    )
    report = one.path.with_name(_REPORT)
    shown = report if one.path.name == _OWN and report.is_file() else one.path
    link = quote(os.path.relpath(shown, folder).encode("utf-8", "surrogateescape"))
    return ShownRow(answers.color, cells, link, one.model if one.model.strip() else "(no name)", thumbnail)


def _import(answer: str, color: str) -> str:
    """The answer; what a "Yes" rests on has columns of its own."""
    return answer.partition(":")[0] if color == "passed" else answer


def _figure(value: float | None, digits: int) -> Cell:
    return Cell("" if value is None else f"{value:.{digits}f}", _sort(value))


def _sort(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _thumbnail(home: Path) -> str:
    """The first picture of 6f, small; empty if there is none."""
    for path in sorted(home.glob("samples/frame_*.jpg"))[:1]:
        from PIL import Image

        try:
            with Image.open(path) as image:
                image.thumbnail(_THUMBNAIL)
                return base64.b64encode(pictures.jpeg(image.convert("RGB"), _QUALITY)).decode()
        except (OSError, ValueError, Image.DecompressionBombError):
            return ""
    return ""
