"""The report's page and the page of `dsbench diff` as HTML. Every text in them is escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dsbench.base import resources
from dsbench.report.page.document import carried
from dsbench.report.page.views import PageView

if TYPE_CHECKING:
    import jinja2


def page_html(page: PageView) -> str:
    """The page without the document around it."""
    return _template("page.html.j2").render(page=page)


def report_html(page: PageView, pytest_html: str) -> str:
    """pytest-html's document with the page in it."""
    return carried(pytest_html, page_html(page), _text("page.css"), _text("page.js"))


def diff_html(page: object) -> str:
    """The page of `dsbench diff`: every text in it is escaped, no script, pictures within it."""
    return _template("diff.html.j2").render(page=page)


def _text(name: str) -> str:
    return (resources.data_folder("templates") / "report" / name).read_text(encoding="utf-8")


@cache
def _template(name: str) -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.data_folder("templates") / "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
