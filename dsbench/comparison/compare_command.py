"""``dsbench compare A B``: is run B slower or less accurate than run A? A and B are records or model directories."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from dsbench.base import jsonable
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import MAX_REGRESSION
from dsbench.base.text import console, console_json
from dsbench.judge import regression
from dsbench.judge.regression import RunComparison
from dsbench.record import baseline, comparable, store
from dsbench.record.schema import Record

_RECORD = Path("reports") / "benchmark_data.json"
_COLUMNS = ("measure", "A", "B", "change", "result")
_MAY_DIFFER = ("model",)
"""Key parts that may differ: the user names both runs."""


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison; returns 1 for a regression, 2 if the runs cannot be read, else 0."""
    try:
        return _compare(arguments)
    except DsbenchError as error:
        print(error.render(), file=sys.stderr)
        return 2


def _compare(arguments: argparse.Namespace) -> int:
    """Raises RECORD_INVALID, RECORD_VERSION, USAGE."""
    before, now = (_load(Path.cwd() / os.path.expanduser(given)) for given in (arguments.a, arguments.b))
    tolerance = regression.tolerance_of(_given(arguments.max_regression), now.runtime)
    runs = (comparable.of_record(before), comparable.of_record(now))
    found = regression.compare(*runs, tolerance=tolerance, ignored=_MAY_DIFFER)
    if arguments.json:
        entry = {"result": found.word, **jsonable.encode(found)}
        print(console_json(json.dumps(entry, indent=2, allow_nan=False)))
    else:
        for line in lines(before, now, found):
            print(console(line))
    return 1 if found.word == "regression" else 0


def lines(before: Record, now: Record, found: RunComparison) -> Iterator[str]:
    """The comparison for people: both runs, what differs, a row for each measure, the result."""
    for name, record in (("A", before), ("B", now)):
        yield f"{name}: {record.model_name} on {record.runtime_label}, {record.started}, {record.verdict}"
        if why := baseline.unusable(record):
            yield f"   note: {why}"
    yield from (f"differs: {one}" for one in found.differs)
    yield from (f"also differs: {one}" for one in found.notes)
    if found.rows:
        yield ""
        yield from _table(found)
        yield ""
    yield f"{found.word}: {found.sentence}"


def _table(found: RunComparison) -> Iterator[str]:
    rows = [_COLUMNS]
    for row in found.rows:
        kind = row.kind
        rows.append((kind.title, kind.text(row.before), kind.text(row.now), row.change_text, str(row.state)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    reasons = ["", *(row.reason for row in found.rows)]
    for row_cells, reason in zip(rows, reasons, strict=True):
        title, *numbers, state = row_cells
        middle = "  ".join(cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True))
        yield f"{title.ljust(widths[0])}  {middle}  {state}{f': {reason}' if reason else ''}"


def _given(text: str | None) -> float | None:
    try:
        return None if text is None else MAX_REGRESSION.kind.parse(text)
    except ValueError as error:
        what = f"--max-regression {text}: {error}"
        raise DsbenchError(Code.USAGE, what, fix="give a percentage, such as 5") from None


def _load(given: Path) -> Record:
    path = given / _RECORD if given.is_dir() else given
    if not path.exists():
        fix = f"give a record, or the directory of a model that was run ({_RECORD} is its record)"
        raise DsbenchError(Code.RECORD_INVALID, "there is no record", where=str(path), fix=fix)
    return store.load(path)
