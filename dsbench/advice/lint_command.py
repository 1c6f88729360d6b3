"""``dsbench lint FILE...``: nvinfer and deepstream-app configs alone, for editors and pre-commit."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import jsonable, reading
from dsbench.base.reading import FileKind
from dsbench.base.text import counted, printable
from dsbench.judge.lint import ERROR, NOTE, WARNING, Finding, catalogue, kind, lint_alone, lint_app
from dsbench.judge.lint.kind import ConfigKind


@dataclass(frozen=True)
class LintRow:
    """One finding as it is printed and as JSON."""

    file: str
    line: int
    """From 1; 0 if the finding is in no single line."""
    severity: str
    rule: str
    text: str
    fix: str
    docs: str
    """Page and anchor that explain the rule."""


@dataclass(frozen=True)
class LintAnswer:
    """What was found in which files."""

    files: tuple[str, ...]
    skipped: tuple[str, ...]
    """Files that are neither an nvinfer nor a deepstream-app config."""
    findings: tuple[LintRow, ...]

    @property
    def failed(self) -> bool:
        return any(row.severity in (ERROR, WARNING) for row in self.findings)


def run(arguments: argparse.Namespace) -> int:
    """0: no error and no warning; 1: at least one."""
    answer = check(arguments.files, notes=not arguments.no_notes)
    if arguments.json:
        print(jsonable.dumps(answer, indent=2))
    else:
        for line in render(answer):
            print(line)
    return int(answer.failed)


def check(files: Iterable[str], *, notes: bool = True) -> LintAnswer:
    """The findings of every file, in the order of their lines; without notes if ``notes`` is False."""
    given = tuple(dict.fromkeys(files))
    rows: list[LintRow] = []
    skipped: list[str] = []
    for name in given:
        path = Path(name)
        found = _findings(path)
        if found is None:
            skipped.append(name)
        rows += sorted((_row(path, finding) for finding in found or ()), key=lambda row: (row.file, row.line))
    kept = tuple(row for row in dict.fromkeys(rows) if notes or row.severity != NOTE)
    return LintAnswer(given, tuple(skipped), kept)


def render(answer: LintAnswer) -> Iterator[str]:
    """``file:line: severity: rule: text`` with the fix below it, then a line that counts."""
    for row in answer.findings:
        place = f"{row.file}:{row.line}" if row.line else row.file
        yield printable(f"{place}: {row.severity}: {row.rule}: {row.text}")
        if row.fix:
            yield printable(f"    fix: {row.fix}")
    for name in answer.skipped:
        yield printable(f"{name}: skipped: neither an nvinfer config nor one of deepstream-app")
    counts = Counter(row.severity for row in answer.findings)
    parts = [counted(counts[name], name) for name in (ERROR, WARNING, NOTE) if counts[name]]
    checked = len(answer.files) - len(answer.skipped)
    yield f"{counted(checked, 'file')} checked: {', '.join(parts) or 'nothing found'}"


def _findings(path: Path) -> tuple[Finding, ...] | None:
    """None: the file is another program's."""
    try:
        reading.read_bytes(path, FileKind.CONFIG)
    except OSError as error:
        what = f"the file cannot be read: {error.strerror or error}"
        return (Finding(catalogue.UNREADABLE, ERROR, what, str(path), "check the path and its permissions"),)
    found = kind.recognise(path)
    if found in (ConfigKind.OTHER, ConfigKind.UNREADABLE):
        return None
    return lint_app(path) if found is ConfigKind.APP else lint_alone(path)


def _row(path: Path, finding: Finding) -> LintRow:
    file = str(path)
    if finding.rule != catalogue.UNREADABLE:
        file = finding.where.removesuffix(f":{finding.line}")
    text = " ".join(finding.what.split())
    return LintRow(
        file, finding.line, finding.severity, finding.rule, text, finding.fix, catalogue.anchor(finding.rule)
    )
