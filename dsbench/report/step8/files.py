"""Step 8's files in ``reports/``: written atomically; those of another run or another program move to ``previous/``."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import places, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.reading import FileKind
from dsbench.base.text import ascii_name
from dsbench.record.schema import Record
from dsbench.report.step8 import charts, markdown, page, sections

MARKDOWN, HTML = "benchmark_report.md", "benchmark_report.html"
_PDF = "benchmark_report_{name}.pdf"
_CHARTS, _PREVIOUS = "charts", "previous"
_MARK = "<!-- written by dsbench -->"


@dataclass(frozen=True)
class WrittenReport:
    """The files. ``pdf`` is None without the tool for it, and ``pdf_missing`` says why."""

    markdown: Path
    html: Path
    pdf: Path | None
    charts: tuple[Path, ...]
    pdf_missing: DsbenchError | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.markdown, self.html, *((self.pdf,) if self.pdf else ()), *self.charts)


def pdf_name(model_name: str) -> str:
    """``benchmark_report_<MODEL_NAME>.pdf``; a name that is no safe file name is replaced, with a hash."""
    return _PDF.format(name=ascii_name(model_name))


def write(record: Record, reports: Path, drawn: tuple[tuple[str, bytes], ...]) -> WrittenReport:
    """Write the report of ``record``; ``drawn``: its charts as (file name, PNG).

    Raises BENCHMARK_UNFINISHED, NOT_WRITABLE.
    """
    document = sections.document(record)
    set_aside(reports, record.model_name, only_foreign=True)
    images = tuple(reports / _CHARTS / name for name, _ in drawn)
    for path, (_, png) in zip(images, drawn, strict=True):
        replace_file(path, png)
    text, html = reports / MARKDOWN, reports / HTML
    replace_file(text, f"{markdown.render(document)}\n{_MARK}\n".encode("utf-8", "replace"))
    shown = page.html(document, dict(drawn))
    replace_file(html, shown.encode("utf-8", "replace"))
    try:
        content = page.pdf(shown)
    except DsbenchError as error:
        places.remove(reports / pdf_name(record.model_name))
        return WrittenReport(text, html, None, images, error)
    pdf = reports / pdf_name(record.model_name)
    replace_file(pdf, content)
    return WrittenReport(text, html, pdf, images)


def set_aside(reports: Path, model_name: str, *, only_foreign: bool = False) -> tuple[Path, ...]:
    """Move an older report to ``previous/``: it does not belong to the record. Returns the new paths.

    ``only_foreign``: leave a report that dsbench wrote, because it is about to be replaced. Raises NOT_WRITABLE.
    """
    if only_foreign and _is_ours(reports / MARKDOWN):
        return ()
    names = (MARKDOWN, HTML, pdf_name(model_name), *(f"{_CHARTS}/{name}" for name in charts.FILES))
    present = [reports / name for name in names if (reports / name).is_file()]
    moved = []
    for path in present:
        target = reports / _PREVIOUS / path.relative_to(reports)
        try:
            places.move(path, target)
        except OSError as error:
            raise DsbenchError(
                Code.NOT_WRITABLE,
                f"the older {path.name} cannot be moved to {target.parent}: {error.strerror}",
                where=str(path),
                fix="make reports/ of the model directory writable",
            ) from error
        moved.append(target)
    return tuple(moved)


def _is_ours(path: Path) -> bool:
    with suppress(OSError):
        return reading.read_bytes(path, FileKind.REPORT).rstrip().endswith(_MARK.encode())
    return False
