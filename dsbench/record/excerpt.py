"""Some keys of a record's file, without parsing the rest: an index reads thousands of records.

``layout.text`` begins every key of the record on a line of its own, after one blank. A value is parsed where it begins,
so raw data and telemetry, most of the file, are passed over. A file that is laid out otherwise is parsed whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from dsbench.record import codec

_KEY = re.compile(r'\n "(\w+)": ')
_DECODER = json.JSONDecoder()


def of_text(text: str, keys: Collection[str], *, where: str = "") -> dict[str, Any]:
    """The values of ``keys`` that the file has, and perhaps more. Raises RECORD_INVALID, RECORD_VERSION."""
    found = _where_they_begin(text, {*keys, *codec.VERSION_KEYS})
    return codec.parse(text, where=where) if found is None else codec.with_version(found, where=where)


def _where_they_begin(text: str, keys: Collection[str]) -> dict[str, Any] | None:
    """None if the file is not laid out as ``layout.text`` does."""
    if not (text.startswith('{\n "') and text.endswith("\n}\n")):
        return None
    found = {}
    for key in _KEY.finditer(text):
        if key[1] in keys:
            try:
                found[key[1]], end = _DECODER.raw_decode(text, key.end())
            except (ValueError, RecursionError):
                return None
            if not text.startswith((",\n", "\n}"), end):
                return None
    return found
