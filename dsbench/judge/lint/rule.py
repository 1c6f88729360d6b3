"""A lint rule is a row: id, severity, the keys it looks at, the check, its text and its fix."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from dsbench.formats import nvinfer
from dsbench.formats.keyfile import Group, KeyFile
from dsbench.judge.lint.finding import Finding

S = TypeVar("S")
_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*$|([\w-]+):\s*(?:#.*)?$")
"""The line of a group: of an ini file, or of a YAML file."""
_PAIR = re.compile(r"\s*([^\s=:#][^=:]*?)\s*[=:]\s*(.*?)\s*$")
MOST = 100
"""Findings of one row for one file: whoever gave the wrong file need not read a line for each of its keys."""


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


def _written(text: str, group: str) -> Iterator[tuple[str, str]]:
    """Every key of a group with its value, as often as it is written."""
    inside = False
    for line in text.splitlines():
        if header := _HEADER.match(line):
            inside = (header[1] or header[2]) == group
        elif inside and (match := _PAIR.match(line)):
            yield match[1], match[2]


@dataclass(frozen=True, slots=True)
class RepeatedKey:
    """A key that a group has more than once. ``line``: of the last one, which counts; ``same``: all have one value."""

    name: str
    line: int
    same: bool


def repeated_keys(file: ConfigText, group: Group) -> Iterator[RepeatedKey]:
    """The keys that a group has more than once, in order."""
    counts = Counter(group.listed)
    repeated = [name for name, count in counts.items() if count > 1]
    if not repeated:
        return
    lines = {entry.key: entry.line for entry in group.entries}
    values: dict[str, set[str]] = {}
    for name, value in _written(file.text, group.name):
        values.setdefault(name, set()).add(value)
    for name in repeated:
        yield RepeatedKey(name, lines.get(name, 0), len(values.get(name, ())) == 1)


def hit(*values: object, key: str = "", group: str = nvinfer.PROPERTY, line: int = 0, severity: str = "") -> Hit:
    """A Hit with its values in a row."""
    return Hit(values, key, group, line, severity)


def apply(rules: Iterable[LintRule[S]], subject: S, file: ConfigText, *, alone: bool) -> Iterator[Finding]:
    """The findings of every row, in the rows' order, at most ``MOST`` of a row."""
    for rule in rules:
        severity = (alone and rule.alone) or rule.severity
        for number, found in enumerate(rule.check(subject)):
            if number == MOST:
                what = f"the file has more of these than {MOST}: the others are not listed"
                yield Finding(rule.id, severity, what, str(file.path), "correct the others as well")
                break
            place = found.file or file
            line = found.line or place.line(found.key, found.group)
            what, fix = rule.text.format(*found.values), rule.fix.format(*found.values)
            yield Finding(rule.id, found.severity or severity, what, place.at(line), fix, line)
