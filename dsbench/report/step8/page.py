"""The report as one HTML file, charts within it, and as PDF."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import last_line, printable
from dsbench.report.html_templates import template
from dsbench.report.step8.document import ChartImage, Paragraph, Sheet, Step8Document


def html(document: Step8Document, charts: Mapping[str, bytes]) -> str:
    """``benchmark_report.html``: every text escaped, no script, nothing fetched. ``charts``: PNG by file name."""
    images = {name: base64.b64encode(png).decode() for name, png in charts.items()}
    return template("step8.html.j2").render(document=document, images=images, kind=_kind, shown=printable)


def _kind(block: object) -> str:
    kinds = {Paragraph: "paragraph", Sheet: "table", ChartImage: "chart"}
    return kinds.get(type(block), "shell")


def pdf(page: str) -> bytes:
    """The HTML page as PDF: A4, margins of 15 mm. Raises REPORT_TOOL_MISSING without WeasyPrint or its Pango."""
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:  # OSError: Pango, a system library, is not installed
        raise DsbenchError(
            Code.REPORT_TOOL_MISSING,
            f"WeasyPrint, which writes the PDF, cannot be used: {last_line(str(error), 'no reason given')}",
            fix="pip install 'dsbench[report]'; on Debian also apt-get install libpangoft2-1.0-0",
        ) from error
    # charts lie in the page as data: nothing else is read
    content: bytes = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=("data",))).write_pdf()
    return content
