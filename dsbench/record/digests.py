"""SHA-256 of a record and of its sections, over canonical JSON: any edit of a value shows, and in which section.

Canonical JSON has sorted keys, no blanks, ASCII only, and whole numbers without a decimal point. So a program that
writes the record again in another layout keeps the digests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

KEY = "digests"
"""Key of the digests in the record; it is not part of what they cover."""
HEAD = "head"
"""Section of all values at the top level that are neither lists nor objects."""
_SECTION_DIGITS = 16
_SPLIT = ("raw", "deepstream", "beyond")
"""Objects whose parts are sections of their own."""


def digests(document: Mapping[str, Any]) -> dict[str, Any]:
    """``sections``: the first 16 digits of each section's; ``record``: of the object of all sections' digests."""
    everything = {key: value for key, value in document.items() if key != KEY}
    sections = {name: _sha256(value) for name, value in _sections(everything)}
    return {"record": _sha256(sections), "sections": {name: one[:_SECTION_DIGITS] for name, one in sections.items()}}


def canonical(value: Any) -> str:
    """``value`` as canonical JSON. Raises ValueError for NaN and infinity."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def _sections(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield HEAD, {key: value for key, value in document.items() if not isinstance(value, dict | list)}
    for key, value in document.items():
        if key == "steps" and isinstance(value, list):
            for place, step in enumerate(value):
                yield f"steps[{place}]", step
        elif key in _SPLIT and isinstance(value, dict):
            yield from ((f"{key}.{name}", part) for name, part in value.items())
        elif isinstance(value, dict | list):
            yield key, value


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


def _plain(value: Any) -> Any:
    """Whole numbers as int."""
    if type(value) is float and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
