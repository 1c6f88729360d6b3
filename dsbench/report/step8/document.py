"""The report as data: sections of paragraphs, tables, commands and charts. Markdown and HTML are written from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class Paragraph:
    """One paragraph of plain text."""

    text: str


@dataclass(frozen=True)
class Sheet:
    """A table. Its first column names the rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Shell:
    """Lines to copy into a shell."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class ChartImage:
    """A chart of ``reports/charts``. ``title``: what it shows, for readers who do not see it."""

    file: str
    title: str


Block = Paragraph | Sheet | Shell | ChartImage


@dataclass(frozen=True)
class ReportSection:
    """One of the twelve sections."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Step8Document:
    """The whole report."""

    title: str
    lines: tuple[str, ...]
    """Below the title: runtime, verdict, date."""
    sections: tuple[ReportSection, ...]


def sheet(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Sheet:
    """A table; an empty cell is ``not recorded``."""
    return Sheet(tuple(columns), tuple(tuple(cell or NOT_RECORDED for cell in row) for row in rows))


def number(value: float | None, unit: str = "") -> str:
    """The value with all its digits and its unit; ``not recorded`` for None."""
    if value is None:
        return NOT_RECORDED
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return f"{text} {unit}" if unit else text
