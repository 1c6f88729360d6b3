"""The one matcher of failure texts: a table of rows, and the first of them that a log holds.

A failed program prints many lines that only pass the failure on. A table therefore lists causes first and
consequences last: of all rows that match a line, the first of the table is the cause.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from dsbench.base.text import without_escapes

_MAX_READ = 4096
_MAX_SHOWN = 300
_MAX_SEEN = 100_000
"""Different lines that are remembered, so that a line that repeats is matched once."""


class FailureKind(StrEnum):
    """What a failure says about the model, and about the engine that was being built."""

    OTHER = "other"
    MEMORY = "memory"
    """A smaller batch would not fail in this way."""
    DISK = "disk"
    """The machine's fault, as the next one: it says nothing about the engine."""
    MACHINE = "machine"
    """On a machine that is set up as it should be, the same model need not fail."""


@dataclass(frozen=True)
class Failure:
    """``cause``: one sentence; ``line``: the log's own line that says so; ``fix``: what to do; ``id``: the row's."""

    cause: str
    line: str
    fix: str
    kind: FailureKind = FailureKind.OTHER
    id: str = ""


@dataclass(frozen=True)
class Row:
    """A known failure text. ``{0}`` to ``{9}`` in ``cause`` and ``fix`` stand for the pattern's groups.

    ``pattern`` is searched in single lines, without line numbers and file names, which change between releases.
    """

    id: str
    pattern: str
    cause: str
    fix: str
    kind: FailureKind = FailureKind.OTHER
    consequence: bool = False
    """The text only passes on that something failed before."""

    @property
    def cause_pattern(self) -> str:
        """Finds the cause in the text of an error, whatever the groups were."""
        return r".*?".join(map(re.escape, re.split(r"\{\d\}", self.cause)))

    def with_fix(self, fix: str) -> Row:
        """The same text where another program prints it."""
        return replace(self, fix=fix)


@dataclass(frozen=True)
class Found:
    """A row of a table and its first line in a log."""

    row: Row
    failure: Failure
    number: int
    """Line number, from 1."""


class FailureCollector:
    """Every row of a table that a log holds. ``feed`` each line, then ``found``; constant memory."""

    def __init__(self, rows: tuple[Row, ...], counts: Callable[[Row, str], bool] = lambda row, line: True) -> None:
        self._rows = [(row, re.compile(row.pattern)) for row in rows]
        self._found: dict[int, Found] = {}
        self._counts = counts

    def feed(self, number: int, line: str) -> bool:
        """Match one line, without escapes, with the first row that it fits; whether there is one."""
        for rank, (row, pattern) in enumerate(self._rows):
            if (match := pattern.search(line)) and self._counts(row, line):
                if rank not in self._found:
                    self._found[rank] = Found(row, _failure(row, match, line), number)
                return True
        return False

    def found(self) -> tuple[Found, ...]:
        """What was found, in the table's order: causes first."""
        return tuple(self._found[rank] for rank in sorted(self._found))


def find(
    rows: tuple[Row, ...], lines: Iterable[str], *, counts: Callable[[Row, str], bool] = lambda row, line: True
) -> Failure | None:
    """The first row of the table that matches a line, at its first such line; None if no row does.

    ``counts`` says whether a match in this line is to be believed. Reads in constant memory.
    """
    patterns = [re.compile(row.pattern) for row in rows]
    best: tuple[int, Failure] | None = None
    seen: set[int] = set()
    for raw in lines:
        line = without_escapes(raw[:_MAX_READ])
        if (key := hash(line)) in seen:
            continue
        if len(seen) < _MAX_SEEN:
            seen.add(key)
        for rank, pattern in enumerate(patterns[: best[0] if best else None]):
            if (match := pattern.search(line)) and counts(rows[rank], line):
                best = rank, _failure(rows[rank], match, line)
                break
    return best[1] if best else None


def _failure(row: Row, match: re.Match[str], line: str) -> Failure:
    return Failure(_filled(row.cause, match), line.strip()[:_MAX_SHOWN], _filled(row.fix, match), row.kind, row.id)


def _filled(template: str, match: re.Match[str]) -> str:
    groups = [(text or "").strip() for text in (match[0], *match.groups())]
    return re.sub(r"\{(\d)\}", lambda key: groups[int(key[1])], template).strip()
