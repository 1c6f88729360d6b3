"""The error codes: each is raised somewhere, each is explained, and the documentation is made from the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dsbench
from dsbench.base import error_catalogue
from dsbench.base.errors import Code

PACKAGE = Path(dsbench.__file__).resolve().parent
ENTRIES = tuple(entry for topic in error_catalogue.CATALOGUE for entry in topic.entries)


def test_every_code_is_raised_somewhere() -> None:
    used: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name != "base" or path.name not in ("errors.py", "error_catalogue.py"):
            used.update(re.findall(r"\bCode\.([A-Z_]+)\b", path.read_text(encoding="utf-8")))
    assert set(Code.__members__) == used


def test_the_catalogue_has_each_code_once_and_in_the_order_of_the_codes() -> None:
    assert [entry.code for entry in ENTRIES] == list(Code)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.code))
def test_an_entry_is_one_row_of_short_sentences(entry: error_catalogue.CodeEntry) -> None:
    for text in (entry.meaning, entry.cause, entry.fix):
        assert text.endswith(".")
        assert len(text) <= 130
        assert "|" not in text
        assert "\n" not in text


def test_the_page_is_made_from_the_catalogue() -> None:
    page = PACKAGE.parent / "docs" / "errors.md"
    assert page.read_text(encoding="utf-8") == error_catalogue.page(), (
        "write it again: python -m dsbench.base.error_catalogue > docs/errors.md"
    )
