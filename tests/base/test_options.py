"""Precedence: command line, environment, dsbench.toml, pytest ini, specification."""

from __future__ import annotations

import pytest

from dsbench.base import options
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import Given, Value


@pytest.mark.parametrize(
    ("given", "settings", "expected"),
    [
        (Given("x", "1", "2", "4"), 3, Value(1, "command line")),
        (Given("x", None, "2", "4"), 3, Value(2, "environment")),
        (Given("x", None, None, "4"), 3, Value(3, "dsbench.toml")),
        (Given("x", None, None, "4"), None, Value(4, "pytest ini")),
        (Given("x"), None, Value(5, "specification")),
    ],
)
def test_the_highest_level_wins(given: Given, settings: int | None, expected: Value[int]) -> None:
    assert given.resolve(int, settings, 5) == expected


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (options.whole(0), "-1"),
        (options.whole(0), "1.5"),
        (options.share, "90"),
        (options.share, "nan"),
        (options.percent, "101"),
        (options.percent, "-1"),
        (options.percent, "x"),
        (options.above_zero, "0"),
        (options.above_zero, "inf"),
        (options.above_zero, "x"),
        (options.choice("a", "b"), "c"),
        (options.text, "  "),
    ],
)
def test_a_value_that_cannot_be_read_names_option_and_level(parse: object, text: str) -> None:
    with pytest.raises(DsbenchError) as caught:
        Given("--x", None, None, text).check(parse)  # type: ignore[arg-type]
    assert caught.value.code == Code.USAGE
    assert "--x" in caught.value.what
    assert "pytest ini" in caught.value.what
