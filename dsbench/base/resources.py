"""Templates and pipeline tests: next to the package in a checkout, in ``dsbench/_data`` in a wheel."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base.errors import Code, DsbenchError

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = Path(__file__).resolve().parents[1]


def data_folder(name: str) -> Path:
    """Folder ``name`` (``templates`` or ``tests_pipeline``) of this installation. Raises INSTALLATION_BROKEN."""
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise DsbenchError(
        Code.INSTALLATION_BROKEN,
        f"the folder {name} of dsbench is missing",
        where=str(_PACKAGE),
        fix="install dsbench again from its checkout or wheel: pip install --force-reinstall --no-deps CHECKOUT",
    )


def render(template: str, **context: object) -> str:
    """Render ``templates/<template>`` without escaping. An undefined name is an error."""
    return _environment().get_template(template).render(context)


@cache
def _environment() -> Environment:
    """The Jinja environment, shared: it caches compiled templates."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(data_folder("templates")),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # C++, make and ini text; HTML has its own environment in report/
    )
    environment.filters.update(number=_number, numbers=_numbers, text=key_file_text)
    return environment


def _number(value: float) -> str:
    """A number with all its digits, as the specification writes them: 0.00392156862745098, 1.0, 200."""
    return repr(value)


def _numbers(values: Iterable[float]) -> str:
    """A list of numbers, whole ones without a fraction: 127;127;127 or 123.675;116.28;103.53."""
    return ";".join(repr(int(value)) if value == int(value) else repr(value) for value in values)


def key_file_text(value: str) -> str:
    """``value`` for a GKeyFile: backslashes, control characters and a leading blank are escaped."""
    escapes = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    text = "".join(escapes.get(character, character) for character in value)
    return "\\s" + text[1:] if text.startswith(" ") else text
