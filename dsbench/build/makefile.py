"""6c: the parser's Makefile, the specification's text byte for byte behind the marker line; a user's own is kept."""

from __future__ import annotations

import re
from pathlib import Path

from dsbench.base import resources, spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import Written, write_generated

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.+-]+")


def render_makefile(source_name: str, library_name: str) -> str:
    """Text of the Makefile with literal tabs; file names that make would read as syntax are refused."""
    for name in (source_name, library_name):
        if not _PLAIN_NAME.fullmatch(name) or name.startswith("-"):
            raise DsbenchError(
                Code.PARSER_SOURCE,
                f"the file name {name!r} cannot be written into a Makefile",
                fix="rename it: ASCII letters, digits, '_', '.', '-' only",
            )
    return resources.render("Makefile.j2", source_name=source_name, library_name=library_name, spec=spec)


def write_makefile(makefile: Path, source_name: str, library_name: str) -> Written:
    """Write it into parser/ unless the user has one of their own."""
    return write_generated(makefile, render_makefile(source_name, library_name), "#")
