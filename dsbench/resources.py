"""Where the templates are: in a checkout beside the package, in a wheel inside it (``dsbench/_data``)."""

from __future__ import annotations

from pathlib import Path

from dsbench.errors import Code, DsbenchError

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """Folder ``name`` (``templates`` or ``tests_pipeline``) of this installation; raises INSTALLATION_BROKEN."""
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise DsbenchError(
        Code.INSTALLATION_BROKEN,
        f"the folder {name} of dsbench is missing",
        where=str(_PACKAGE),
        fix="install dsbench again (pip install --force-reinstall dsbench)",
    )


def render(template: str, **context: object) -> str:
    """Text of ``templates/<template>`` with ``context`` put in; an undefined name is an error, nothing is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(data_folder("templates")),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # C++, make and ini text; HTML has its own environment in report/
    )
    return environment.get_template(template).render(context)
