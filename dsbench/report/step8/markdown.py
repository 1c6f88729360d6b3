"""The report as Markdown. Every text of a record stays text: no markup, no table cell that breaks out of its row."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dsbench.base.text import printable
from dsbench.report.step8.document import Block, ChartImage, Paragraph, ReportSection, Sheet, Shell, Step8Document

_SPECIAL = re.compile(r"([\\`*\[\]|~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+#>=])")

_MENTION = re.compile(r"(?<![A-Za-z0-9])@(?=[A-Za-z0-9])")


def render(document: Step8Document) -> str:
    """``benchmark_report.md``; charts by their path relative to reports/."""
    parts = [f"# {escaped(document.title)}", "  \n".join(escaped(line) for line in document.lines)]
    parts += [section_text(section, f"{number}. ") for number, section in enumerate(document.sections, 1)]
    return "\n\n".join(parts) + "\n"


def section_text(section: ReportSection, number: str = "") -> str:
    """A section under a heading of the second level."""
    return "\n\n".join((f"## {number}{escaped(section.title)}", *map(_block, section.blocks)))


def escaped(text: str) -> str:
    """``text`` in one line, with a backslash in front of what Markdown could read as markup; ``<`` and the ``@`` of a
    mention as entities."""
    return _MENTION.sub("&#64;", _SPECIAL.sub(r"\\\1", printable(text)).replace("<", "&lt;"))


def fenced(lines: tuple[str, ...]) -> str:
    """The lines as a code block, with a fence longer than any run of backticks in them."""
    body = "\n".join(printable(line) for line in lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", body)), default=0))
    return f"{fence}bash\n{body}\n{fence}"


def table(sheet: Sheet) -> str:
    """A table; its first row names the columns."""
    return "\n".join(_rows(sheet))


def _rows(sheet: Sheet) -> Iterator[str]:
    yield _row(sheet.columns)
    yield _row(("---",) * len(sheet.columns), raw=True)
    yield from (_row(row) for row in sheet.rows)


def _row(cells: tuple[str, ...], *, raw: bool = False) -> str:
    return f"| {' | '.join(cells if raw else map(escaped, cells))} |"


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            return escaped(block.text)
        case Sheet():
            return table(block)
        case Shell():
            return fenced(block.lines)
        case ChartImage():
            return f"![{escaped(block.title)}]({block.file})"
