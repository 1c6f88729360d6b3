"""JSON text for people: short values and rows of tables on one line, everything else indented."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 110
"""Characters of an object or a list that is written on one line."""
_ONE_LINE = json.JSONEncoder(allow_nan=False, separators=(", ", ": "))
_ROW = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def text(value: Any) -> str:
    """``value`` as JSON, ASCII only, with a newline at the end. Raises ValueError for NaN and infinity."""
    return f"{_text(value, 0)}\n"


def _text(value: Any, depth: int) -> str:
    if not isinstance(value, dict | list) or not value:
        return _ONE_LINE.encode(value)
    inner, outer = " " * (depth + 1), " " * depth
    if isinstance(value, dict):
        parts = [f"{_ONE_LINE.encode(key)}: {_text(item, depth + 1)}" for key, item in value.items()]
        opening, closing = "{", "}"
    elif not any(isinstance(item, dict | list) for item in value):
        return _ROW.encode(value)  # a row of a table
    else:
        parts = [_text(item, depth + 1) for item in value]
        opening, closing = "[", "]"
    if depth and sum(map(len, parts)) + 2 * len(parts) <= _WIDTH and not any("\n" in part for part in parts):
        return f"{opening}{', '.join(parts)}{closing}"
    lines = f",\n{inner}".join(parts)
    return f"{opening}\n{inner}{lines}\n{outer}{closing}"
