"""Control totals of a record: of each list, and of the single values of each section, how many values there are, how
many of them are numbers, and the sum of these.

They are there for the values that follow from nothing else: scores, samples, times. A program that writes the record
again in another layout keeps them: the sum is exact, whatever the order of the values.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from dsbench.record import digests

KEY = "totals"
"""Key of the totals in the record; neither they nor the digests are part of what they cover."""
_LEFT_OUT = (KEY, digests.KEY)

Total = list[int | float]
"""Values, numbers among them, their sum."""


def totals(document: Mapping[str, Any]) -> dict[str, Total]:
    """The total of each list by its place, such as ``raw.runs[].windows.fps[][]``; lists of one place count as one.
    Values outside lists count to their section: a key at the top level, or ``head``."""
    found: dict[str, list[Any]] = defaultdict(list)
    for key, value in document.items():
        if key not in _LEFT_OUT:
            _collect(value, key, key if isinstance(value, dict | list) else digests.HEAD, found)
    return {place: _total(values) for place, values in found.items()}


def _collect(value: Any, place: str, section: str, found: dict[str, list[Any]]) -> None:
    """Add the values at any depth. ``section``: where a value counts; "" in a list, where it counts to its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(item, f"{place}.{key}", section, found)
    elif isinstance(value, list):
        for item in value:
            _collect(item, f"{place}[]", "", found)
    else:
        found[section or place].append(value)


def _total(values: list[Any]) -> Total:
    numbers = [float(value) for value in values if type(value) in (int, float)]
    return [len(values), len(numbers), math.fsum(numbers)]
