"""Colours in configs of nvinfer and of deepstream-app: both readers count their numbers and look no further."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dsbench.base.errors import DsbenchError
from dsbench.formats.keyfile import as_double_list
from dsbench.judge.lint.rule import ConfigText, Hit, hit

_COLOR = re.compile(r"(?:text|text-bg|clock|border|bg|bbox-border|bbox-bg)-color\d*")
KEYS = "border-color, bg-color"
APP_KEYS = "text-color, text-bg-color, clock-color, bbox-border-colorN, bbox-bg-colorN"
TEXT = "{0} in [{1}] has {2}: a colour is four numbers from 0 to 1"
FIX = "give red;green;blue;alpha, each from 0 to 1: 255 is 1"


def wrong(file: ConfigText) -> Iterator[Hit]:
    """The keys whose numbers are no colour: nan, inf, below 0, above 1."""
    for group in file.keys.groups:
        for entry in group.entries:
            if _COLOR.fullmatch(entry.key) and (parts := _wrong_parts(entry.value)):
                yield hit(entry.key, group.name, ", ".join(parts), line=entry.line)


def _wrong_parts(value: str) -> list[str]:
    try:
        return [f"{part:g}" for part in as_double_list(value) if not 0 <= part <= 1]
    except DsbenchError:  # the reader says so
        return []
