"""``# dsbench: ignore[RULE, RULE]``: findings that a config's author has seen and wants to keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dsbench.judge.lint.finding import WARNING, Finding
from dsbench.judge.lint.rule import ConfigText

UNUSED = "unused-ignore"
_IGNORE = re.compile(r"#\s*dsbench:\s*ignore\[([^\]]*)\]")
_GROUP = re.compile(r"\s*(?:\[.+\]|[\w-]+:)\s*(?:#.*)?$")


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment: the rules it names, its line, and the line it is about; 0 for the whole file."""

    rules: tuple[str, ...]
    line: int
    about: int


def read(text: str) -> tuple[Ignore, ...]:
    """Every comment of a file. On a line of its own it is about the next line that is no comment; above the first
    group it is about the whole file."""
    found: list[Ignore] = []
    waiting: list[Ignore] = []
    seen_group = False
    for number, line in enumerate(text.splitlines(), 1):
        match = _IGNORE.search(line)
        own_line = line.lstrip().startswith("#")
        rules = tuple(name.strip() for name in match[1].split(",") if name.strip()) if match else ()
        if not own_line and line.strip():
            found += [Ignore(ignore.rules, ignore.line, number) for ignore in waiting]
            waiting = []
            seen_group = seen_group or bool(_GROUP.match(line))
        if match and own_line and not seen_group:
            found.append(Ignore(rules, number, 0))
        elif match and own_line:
            waiting.append(Ignore(rules, number, number))
        elif match:
            found.append(Ignore(rules, number, number))
    return tuple(found + waiting)


def apply(findings: Iterable[Finding], file: ConfigText, known: Iterable[str]) -> Iterator[Finding]:
    """The findings that no comment covers; then a warning for each comment that covers nothing or names no rule.

    ``known``: the ids of all rules.
    """
    ignores = read(file.text)
    used: set[tuple[int, str]] = set()
    for finding in findings:
        here = finding.where.startswith(str(file.path))
        hits = [i for i in ignores if here and finding.rule in i.rules and i.about in (0, finding.line)]
        used.update((ignore.line, finding.rule) for ignore in hits)
        if not hits:
            yield finding
    ids = set(known)
    for ignore in ignores:
        for rule in ignore.rules:
            if (ignore.line, rule) not in used:
                why = "covers no finding" if rule in ids else "names no rule of dsbench lint"
                where = file.at(ignore.line)
                yield Finding(UNUSED, WARNING, f"ignore[{rule}] {why}", where, "remove it", ignore.line)
