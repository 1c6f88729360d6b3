"""PyYAML's loader, reading two things as yaml-cpp 0.7 does: directives and tabs.

yaml-cpp passes over directives that it does not know (``%YAML:1.0``, as in several of NVIDIA's files) and wants no
``---`` after them. It takes a tab for a blank, but not in front of a key, nor as indentation behind a plain value.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.scanner import ScannerError

_SKIPPED = re.compile(r"%(?!TAG\b|YAML(?:\s|$))|%YAML[ \t]+1\.\d+[ \t]*(?:#|$)")
"""A directive that changes nothing: any but %TAG and a %YAML of another major version or without one."""


MAX_DEPTH = 500
"""Levels of lists and maps, as in yaml-cpp. PyYAML's scanner takes time with their square."""


class BoundedLoader(yaml.SafeLoader):
    """A ``SafeLoader`` that raises RecursionError at `MAX_DEPTH`."""

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:
        """``[`` and ``{``."""
        if self.flow_level >= MAX_DEPTH:
            raise RecursionError("nested too deep")
        super().fetch_flow_collection_start(TokenClass)

    def add_indent(self, column: int) -> bool:
        """A block in a block."""
        if len(self.indents) >= MAX_DEPTH:
            raise RecursionError("nested too deep")
        return bool(super().add_indent(column))


def plain_values(text: str) -> Any:
    """The text's document as plain Python values. Raises yaml.YAMLError, ValueError, RecursionError."""
    return yaml.load(text, BoundedLoader)


class Loader(BoundedLoader):
    """A loader of the whole text."""

    def __init__(self, text: str) -> None:
        super().__init__(_without_directives(text))

    def scan_to_next_token(self) -> None:
        """Eat blanks, tabs, comments and line breaks; after a tab in a block no key may begin on this line."""
        if self.index == 0 and self.peek() == "\ufeff":
            self.forward()
        while True:
            while self.peek() in (" ", "\t"):
                if self.peek() == "\t" and not self.flow_level:
                    self.allow_simple_key = False
                self.forward()
            if self.peek() == "#":
                while self.peek() not in "\0\r\n\x85\u2028\u2029":
                    self.forward()
            if not self.scan_line_break():  # type: ignore[no-untyped-call]
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_plain(self) -> yaml.ScalarToken:
        """A plain value. The next lines may continue it, so a tab in their indentation is an error."""
        token = super().scan_plain()
        mark = self.get_mark()
        continued = not self.flow_level and token.end_mark.line < mark.line and mark.column <= self.indent
        if continued and self.peek() == "\t":
            raise ScannerError(problem="illegal tab when looking for indentation", problem_mark=mark)
        return token


def _without_directives(text: str) -> str:
    """The text with the directives at its beginning made comments; line numbers stay."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if _SKIPPED.match(line):
            lines[number] = f"#{line[1:]}"
        elif line.strip() and not line.lstrip().startswith("#"):
            break
    return "\n".join(lines)
