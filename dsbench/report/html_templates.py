"""The HTML templates of ``templates/report``: every text that is put into one is escaped and ``visible``."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dsbench.base import resources
from dsbench.base.text import visible

if TYPE_CHECKING:
    import jinja2


def _visible(value: object) -> object:
    """``value`` as it is put into a page; markup, such as a picture, stays markup."""
    import markupsafe

    if not isinstance(value, str):
        return value
    return markupsafe.Markup(visible(value)) if isinstance(value, markupsafe.Markup) else visible(value)


@cache
def template(name: str) -> jinja2.Template:
    """The template ``name``. An undefined variable is an error."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.data_folder("templates") / "report"),
        autoescape=True,
        finalize=_visible,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
