"""Templates are found, and strict."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from dsbench.base import resources
from dsbench.base.errors import Code, DsbenchError


def test_folders() -> None:
    assert (resources.data_folder("templates") / "Makefile.j2").is_file()
    with pytest.raises(DsbenchError) as caught:
        resources.data_folder("no-such-folder")
    assert caught.value.code == Code.INSTALLATION_BROKEN


def test_an_undefined_name_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        resources.render("Makefile.j2", source_name="x.cpp")
