"""The report's page and the page of `dsbench diff` as HTML. Every text in them is escaped."""

from __future__ import annotations

from pathlib import Path

from dsbench.base import files, resources
from dsbench.base.text import visible
from dsbench.report.html_templates import template
from dsbench.report.page.document import carried
from dsbench.report.page.views import PageView

_PIECES = 1000
"""Pieces of a template that are encoded at a time."""


def page_html(page: PageView) -> str:
    """The page without the document around it."""
    return template("page.html.j2").render(page=page)


def report_html(page: PageView, pytest_html: str) -> str:
    """pytest-html's document with the page in it."""
    return carried(visible(pytest_html), page_html(page), _text("page.css"), _text("page.js"))


def diff_html(page: object) -> str:
    """The page of `dsbench diff`: every text in it is escaped, no script, pictures within it."""
    return template("diff.html.j2").render(page=page)


def write_index(page: object, target: Path) -> None:
    """Write the page of `dsbench index`: every text in it is escaped, nothing is loaded. It is made piece by piece,
    because thousands of rows are a million pieces. Raises NOT_WRITABLE."""
    pieces = template("index.html.j2").stream(page=page, style=_text("page.css"), script=_text("index.js"))
    pieces.enable_buffering(_PIECES)
    with files.replacing(target) as stream:
        pieces.dump(stream, encoding="utf-8", errors="replace")


def _text(name: str) -> str:
    return (resources.data_folder("templates") / "report" / name).read_text(encoding="utf-8")
