"""The uri of a type-3 source: a printf format, which deepstream-app fills with the number of each copy."""

from __future__ import annotations

import re

from dsbench.base import numbers

_MAX_PRINTED = 255
"""Characters of a number in a name: no file has a longer name."""
_PRINTF = re.compile(r"%([-+ #0]*[0-9]*(?:\.[0-9]+)?)(?:hh|h|ll|l|z|j|t)?([a-zA-Z%])")


class UriFormatError(ValueError):
    """A format that cannot be filled: what is wrong, and the fix."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.fix = f"the uri of a type-3 source is a printf format, and {what}", fix


def formatted(uri: str, copy: int) -> str:
    """The uri of one copy, from 0. Raises UriFormatError."""
    used = 0

    def directive(match: re.Match[str]) -> str:
        nonlocal used
        flags, conversion = match.groups()
        if conversion == "%":
            return "%"
        used += 1
        if any(numbers.whole(digits) > _MAX_PRINTED for digits in re.findall("[0-9]+", flags)):
            raise UriFormatError(f"{match.group(0)[:40]} prints without end", "write %d, or %04d for four digits")
        if conversion not in "diuxXo" or used > 1:
            raise UriFormatError(
                f"{match.group(0)} in it has no value to print",
                "write %% for a percent sign, use type=2, or rename the file",
            )
        return f"%{flags}{conversion}" % copy

    return _PRINTF.sub(directive, uri)
