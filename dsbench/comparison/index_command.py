"""``dsbench index DIRS``: one page that compares the runs of many records."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import counted, printable
from dsbench.comparison import index_page, rows
from dsbench.comparison.index_page import IndexPage, PageRow
from dsbench.comparison.rows import IndexRow, Unread
from dsbench.report import html

_OWN, _REPORT = "benchmark_data.json", "benchmark_report.html"
"""A model directory's own record, and Step 8's report beside it."""


def run(arguments: argparse.Namespace) -> int:
    """Write the page; returns 0. Raises USAGE if there is no record, NOT_WRITABLE."""
    start = Path.cwd()
    target = start / os.path.expanduser(arguments.output)
    unread: list[Unread] = []
    made = page((start / os.path.expanduser(one) for one in arguments.given), unread, target.parent)
    if not made.rows:
        why = f": {unread[0].reason} ({unread[0].path})" if unread else ""
        fix = "give model directories that were run, or records"
        raise DsbenchError(Code.USAGE, f"no record was found{why}", fix=fix)
    html.write_index(made, target)
    print(printable(f"{target}: {counted(len(made.rows), 'record')}"))
    for one in unread[: index_page.MAX_UNREAD]:
        print(printable(f"left out: {one.path}: {one.reason}"))
    return 0


def page(given: Iterator[Path], unread: list[Unread], folder: Path) -> IndexPage:
    """The page of the records below ``given``; ``folder``: its own, which links are relative to. What is no record is
    added to ``unread``."""
    return index_page.page(
        list(_rows(given, unread, folder)), (f"{one.path}: {one.reason}" for one in unread), "dsbench index"
    )


def _rows(given: Iterator[Path], unread: list[Unread], folder: Path) -> Iterator[PageRow]:
    for path in rows.find(given):
        one = rows.read(path)
        if isinstance(one, IndexRow):
            report = path.with_name(_REPORT)
            shown = report if path.name == _OWN and report.is_file() else path
            yield index_page.of_record(one, index_page.address(os.path.relpath(shown, folder)))
        else:
            unread.append(one)
