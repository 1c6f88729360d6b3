"""Numbers in texts from outside. Python's own readers also take 1_000 and other scripts' digits, and stop at 4300."""

from __future__ import annotations

import math
import re

_WHOLE = re.compile(r"\s*([+-]?)0*([0-9]+)\s*", re.ASCII)
_DECIMAL = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*", re.ASCII)
_DIGITS = 40
HUGE = 10**_DIGITS
"""Stands for every larger whole number: all of them are out of range everywhere."""


def whole(text: str) -> int:
    """A whole number, at most `HUGE` and at least its negative. Raises ValueError."""
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise ValueError("not a whole number")
    number = HUGE if len(match[2]) > _DIGITS else int(match[2])
    return -number if match[1] == "-" else number


def decimal(text: str) -> float:
    """A finite decimal number. Raises ValueError, also for one that a float cannot hold."""
    number = float(text) if _DECIMAL.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def finite(value: object) -> bool:
    """Whether a value of JSON or TOML is a number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
