"""``dsbench selftest``: does dsbench find known faults, and does it name them?"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import jsonable
from dsbench.base.cpus import usable_cpus
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.text import printable
from dsbench.selftest import healthy, matrix, page
from dsbench.selftest.verdict import MatrixRow

_MOST_JOBS = 8
"""Faults at a time: each takes up to half a gigabyte."""


@dataclass(frozen=True)
class SelftestAnswer:
    """What is printed as JSON."""

    failed: bool
    seconds: float
    rows: tuple[MatrixRow, ...]


def run(arguments: argparse.Namespace) -> int:
    """0: every fault that costs boxes is found and none has another's name, but for the known gaps, and no control
    raises an alarm; else 1."""
    chosen = _chosen(arguments.family or healthy.FAMILIES, arguments.fault or ())
    if arguments.list:
        for line in page.listed(chosen):
            print(line)
        return 0
    started = time.monotonic()
    jobs = arguments.jobs or min(_MOST_JOBS, usable_cpus())
    rows = matrix.run_matrix(chosen, min(jobs, len(chosen)), _Counter(len(chosen)))
    answer = SelftestAnswer(any(row.failed for row in rows), round(time.monotonic() - started, 1), rows)
    _show(answer, arguments)
    return int(answer.failed)


def _chosen(families: Sequence[str], ids: Sequence[str]) -> tuple[tuple[str, int], ...]:
    unknown = [family for family in families if family not in healthy.FAMILIES]
    if unknown:
        raise DsbenchError(
            Code.USAGE, f"no family {unknown[0]!r}", where="--family", fix=f"families: {', '.join(healthy.FAMILIES)}"
        )
    for id in ids:
        if not matrix.choose(healthy.FAMILIES, [id]):
            raise DsbenchError(
                Code.USAGE, f"no fault {id!r}", where="--fault", fix="`dsbench selftest --list` prints every id"
            )
    return matrix.choose(families, ids)


def _show(answer: SelftestAnswer, arguments: argparse.Namespace) -> None:
    if arguments.docs:
        replace_file(Path(arguments.docs), page.page(answer.rows, answer.seconds).encode())
    if arguments.json:
        print(jsonable.dumps(answer, indent=2))
        return
    for line in page.table(answer.rows):
        print(printable(line))
    for line in page.totals(answer.rows, answer.seconds):
        print(line)


class _Counter:
    """Shows on a terminal how many faults are done."""

    def __init__(self, total: int) -> None:
        self.total, self.count = total, 0

    def __call__(self, row: MatrixRow) -> None:
        self.count += 1
        if sys.stderr.isatty():
            terminal = sys.__stderr__  # sys.stderr writes no carriage return
            print(f"\r{self.count}/{self.total} {row.family} {row.fault:40.40}", end="", file=terminal, flush=True)
            if self.count == self.total:
                print("\r" + " " * 70 + "\r", end="", file=terminal)
