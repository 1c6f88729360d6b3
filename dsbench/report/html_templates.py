"""The HTML templates of ``templates/report``: every text that is put into one is escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dsbench.base import resources

if TYPE_CHECKING:
    import jinja2


@cache
def template(name: str) -> jinja2.Template:
    """The template ``name``. An undefined variable is an error."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.data_folder("templates") / "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
