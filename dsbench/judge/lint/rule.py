"""A lint rule is a row: id, severity, the keys it looks at, the check, its text and its fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from dsbench.formats import nvinfer
from dsbench.formats.keyfile import KeyFile
from dsbench.judge.lint.finding import Finding

S = TypeVar("S")
_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*$|([\w-]+):\s*(?:#.*)?$")
"""The line of a group: of an ini file, or of a YAML file."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule's fault is. ``values`` stand for {0}, {1}, ... in the rule's text and fix."""

    values: tuple[object, ...] = ()
    key: str = ""
    group: str = nvinfer.PROPERTY
    line: int = 0
    """Given where ``key`` does not say it."""
    severity: str = ""
    """Given where it is not the rule's."""
    file: ConfigText | None = None
    """Another file than the one checked."""


@dataclass(frozen=True, slots=True)
class LintRule(Generic[S]):
    """One row. Several rows may share an id where one fault shows in several ways.

    ``alone``: the severity where only the file is known and nothing else of the model, so that a choice of the user
    cannot be told from a mistake.
    """

    id: str
    severity: str
    keys: str
    check: Callable[[S], Iterable[Hit]]
    text: str
    fix: str
    alone: str = ""
    about: str = ""
    """What docs/lint.md says where ``text`` is only put together by the check."""


@dataclass(frozen=True, slots=True)
class ConfigText:
    """A config file: its path as given, its keys, its text."""

    path: Path
    keys: KeyFile
    text: str = ""

    def line(self, key: str, group: str) -> int:
        """The line of a key; 0 if it is not set."""
        found = self.keys.group(group)
        entry = found.entry(key) if found else None
        return entry.line if entry else 0

    def raw(self, key: str, group: str) -> str | None:
        """The raw text of a value, None if it is not set."""
        found = self.keys.group(group)
        return found.get(key) if found else None

    def at(self, line: int) -> str:
        """``file:line``, or the file alone for line 0."""
        return f"{self.path}:{line}" if line else str(self.path)


def written_values(text: str, group: str, key: str) -> list[str]:
    """Every value that a file gives a key of a group, in order, those that a later line replaces too."""
    pattern = re.compile(rf"\s*{re.escape(key)}\s*[=:]\s*(.*?)\s*$")
    found: list[str] = []
    inside = False
    for line in text.splitlines():
        if header := _HEADER.match(line):
            inside = (header[1] or header[2]) == group
        elif inside and (match := pattern.match(line)):
            found.append(match[1])
    return found


def hit(*values: object, key: str = "", group: str = nvinfer.PROPERTY, line: int = 0, severity: str = "") -> Hit:
    """A Hit with its values in a row."""
    return Hit(values, key, group, line, severity)


def apply(rules: Iterable[LintRule[S]], subject: S, file: ConfigText, *, alone: bool) -> Iterator[Finding]:
    """The findings of every row, in the rows' order."""
    for rule in rules:
        for found in rule.check(subject):
            place = found.file or file
            line = found.line or place.line(found.key, found.group)
            severity = found.severity or (alone and rule.alone) or rule.severity
            what, fix = rule.text.format(*found.values), rule.fix.format(*found.values)
            yield Finding(rule.id, severity, what, place.at(line), fix, line)
