"""Numbers in texts from outside."""

from __future__ import annotations

import math

import pytest

from dsbench.base import numbers

WHOLE = {"12": 12, "+3": 3, "-4 ": -4, "007": 7, "9" * 5000: numbers.HUGE, "-" + "9" * 5000: -numbers.HUGE}
NOT_WHOLE = ("", "1_000", "0x10", "1.5", "29,97", "\u0663", "\uff11", "1 2", "nan")
NOT_DECIMAL = ("", "1_0.5", "1e400", "nan", "inf", "-inf", "29,97", "0x1p3", "\u0663.5", "1.5f")


@pytest.mark.parametrize("text", WHOLE)
def test_whole(text: str) -> None:
    assert numbers.whole(text) == WHOLE[text]


@pytest.mark.parametrize("text", NOT_WHOLE)
def test_not_whole(text: str) -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        numbers.whole(text)


@pytest.mark.parametrize("text", NOT_DECIMAL)
def test_not_decimal(text: str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        numbers.decimal(text)


def test_values_of_json() -> None:
    assert numbers.decimal(" -1.5e3 ") == -1500
    assert [numbers.finite(value) for value in (1, 2.5, 10**400, math.nan, True, "1", None)] == [1, 1, 0, 0, 0, 0, 0]
