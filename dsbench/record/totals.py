"""Control totals of a record: of each list, how many values it has, how many are numbers, and the sum of these.

They are there for the values that follow from nothing else: scores, samples, times. A program that writes the record
again in another layout keeps them: the sum is exact, whatever the order of the values.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

KEY = "totals"
"""Key of the totals in the record; neither they nor the digests are part of what they cover."""
_LEFT_OUT = (KEY, "digests")

Total = list[int | float]
"""Values, numbers among them, their sum."""


def totals(document: Mapping[str, Any]) -> dict[str, Total]:
    """The total of each list by its place, such as ``raw.runs[].windows.fps[][]``. Lists of one place count as one."""
    found: dict[str, list[Any]] = defaultdict(list)
    for key, value in document.items():
        if key not in _LEFT_OUT:
            _collect(value, key, False, found)
    return {place: _total(values) for place, values in found.items()}


def _collect(value: Any, place: str, listed: bool, found: dict[str, list[Any]]) -> None:
    """Add the values that are in a list, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(item, f"{place}.{key}", listed, found)
    elif isinstance(value, list):
        for item in value:
            _collect(item, f"{place}[]", True, found)
    elif listed:
        found[place].append(value)


def _total(values: list[Any]) -> Total:
    numbers = [float(value) for value in values if type(value) in (int, float)]
    return [len(values), len(numbers), math.fsum(numbers)]
