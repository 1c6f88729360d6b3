"""docs/reliability.md: its tables are those of tests/reliability.py, and every test that they name is there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests import reliability

EVERY = [(one, name) for _, _, trials in reliability.TABLES for one in trials for name in one.tests]


def test_the_page_has_the_tables() -> None:
    page = reliability.PAGE.read_text(encoding="utf-8")
    assert reliability.made(page) == page, "run: python -m tests.reliability > page && mv page docs/reliability.md"


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("name", sorted({name for _, name in EVERY}))
def test_every_test_is_there(name: str) -> None:
    file, _, function = name.partition("::")
    assert function == "*" or function in functions(file), f"{name}: {sorted(functions(file))}"


def test_every_row_is_complete_and_there_once() -> None:
    assert len(reliability.BAD_INPUTS) == 75
    whats = [one.what for _, _, trials in reliability.TABLES for one in trials]
    assert len(whats) == len(set(whats))
    assert all(one.tests and one.answer for one, _ in EVERY)
