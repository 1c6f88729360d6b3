"""What does not follow, and how that was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from dsbench.base import jsonable


class FoundBy(StrEnum):
    """How a mismatch was found, the most telling first."""

    RECOMPUTED = "recomputed from the raw data"
    CONTRADICTION = "contradicts another value"
    FILES = "the files of the model directory say otherwise"
    DIGEST = "the section's digest does not match"


@dataclass(frozen=True)
class RecordMismatch:
    """A value of the record that does not follow. ``path``: its place, such as ``deepstream.run1.total_fps``."""

    path: str
    stated: str
    expected: str
    """Empty: no other value is known; ``stated`` then says what is wrong."""
    found_by: FoundBy
    why: str = ""

    @property
    def text(self) -> str:
        """For a terminal."""
        said = self.stated
        if self.expected:
            said = f"{self.stated or 'nothing'} is stated, {self.expected} is expected"
        return f"{self.path or 'the record'}: {said} ({self.why or self.found_by})"


class RawCheck(NamedTuple):
    """One comparison: the value at ``path`` must be ``expected``; ``why`` in words."""

    path: str
    stated: object
    expected: object
    why: str


def holds(path: str, true: bool, why: str) -> RawCheck:
    """A condition on the values at ``path``."""
    return RawCheck(path, true, True, why)


_CLOSE, _LAST_DIGIT = 1e-9, 1.01e-4
"""Relative and absolute difference of two numbers that are the same: another machine adds in another order, and a
figure is rounded to four digits behind the point."""
_MISSING = object()


def differences(stated: Any, expected: Any, path: str = "") -> Iterator[RecordMismatch]:
    """Where two values in JSON's types differ, one for each place. What an older dsbench did not write is left out."""
    if isinstance(stated, dict | list) and stated == expected:
        return
    if isinstance(stated, dict) and isinstance(expected, dict):
        for key in (*expected, *(key for key in stated if key not in expected)):
            below = f"{path}.{key}" if path else key
            yield from differences(stated.get(key, _MISSING), expected.get(key, _MISSING), below)
    elif isinstance(stated, list) and isinstance(expected, list) and len(stated) == len(expected):
        for place, pair in enumerate(zip(stated, expected, strict=True)):
            yield from differences(*pair, f"{path}[{place}]")
    elif not _same(stated, expected) and not (stated is _MISSING and not expected):
        yield RecordMismatch(path, shown(stated), shown(expected), FoundBy.RECOMPUTED)


def _same(stated: Any, expected: Any) -> bool:
    kinds = {type(stated), type(expected)}
    if float in kinds and kinds <= {int, float}:
        return bool(abs(stated - expected) <= max(_CLOSE * abs(expected), _LAST_DIGIT if stated != 0 else 0.0))
    return type(stated) is type(expected) and bool(stated == expected)


def shown(value: Any) -> str:
    """A value for people, shortened."""
    if value is _MISSING:
        return "nothing"
    text = value if isinstance(value, str) else jsonable.dumps(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
