"""Rules about how an app config is written: name, groups, keys."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from dsbench.formats.app.keys import FOREIGN_GROUPS, FOREIGN_PREFIXES
from dsbench.formats.keyfile import Group
from dsbench.judge.lint.app_subject import APPLICATION, PRIMARY, AppSubject
from dsbench.judge.lint.finding import NOTE, WARNING
from dsbench.judge.lint.rule import Hit, LintRule, hit, repeated_keys

_SUFFIXES = (".txt", ".yml", ".yaml")
_UNKNOWN = re.compile(r"Unknown (?:key|param found in [\w-]+ ?:) ?'?([^' ]+)'?(?: for group \[?([\w-]+)\]?)?")
_NAMES = (
    *("application", "tiled-display", "source-list", "source-attr-all", "streammux", "osd", "primary-gie", "tests"),
    *("source", "sink", "secondary-gie", "dewarper", "message-converter", "message-consumer", *FOREIGN_GROUPS),
)
_FILE_KEYS = {
    "config-file-path": "config-file",
    "gie-kitti-output-dir": f"gie-kitti-output-dir in [{APPLICATION}]",
}
_URI_KEYS = ("uri", "config-file", "model-engine-file", "labelfile-path", "gie-kitti-output-dir", "output-file")


def _suffix(subject: AppSubject) -> Iterator[Hit]:
    if subject.file.path.suffix not in _SUFFIXES:
        yield hit(subject.file.path.name)


def _unknown_key(subject: AppSubject) -> Iterator[Hit]:
    seen: set[tuple[str, str]] = set()
    for text in subject.config.warnings:
        match = _UNKNOWN.search(text)
        if match is None:
            continue
        key, named = match[1], match[2]
        group = next((g for g in subject.file.keys.groups if g.name == named), None) or _holder(subject, key)
        name = group.name if group else named or ""
        if (name, key) in seen:
            continue
        seen.add((name, key))
        line = next((entry.line for entry in group.entries if entry.key == key), 0) if group else 0
        fix = f"write {_FILE_KEYS[key]}" if key in _FILE_KEYS else "remove it, or correct its spelling"
        yield hit(key, name, fix, line=line)


def _holder(subject: AppSubject, key: str) -> Group | None:
    return next((group for group in subject.file.keys.groups if group.get(key) is not None), None)


def _unknown_group(subject: AppSubject) -> Iterator[Hit]:
    for group in subject.file.keys.groups:
        base = group.name.rstrip("0123456789")
        if base in _NAMES or group.name.startswith((*FOREIGN_PREFIXES, "source", "sink", "secondary-gie")):
            continue
        near = difflib.get_close_matches(base.replace("_", "-").lower(), _NAMES, n=1, cutoff=0.75)
        line = min((entry.line for entry in group.entries), default=1)
        fix = f"name it [{near[0]}]" if near else "remove it, or correct its name"
        yield hit(group.name, fix, line=line, severity=WARNING if near else NOTE)


def _duplicate_key(subject: AppSubject) -> Iterator[Hit]:
    for group in subject.file.keys.groups:
        for one in repeated_keys(subject.file, group):
            yield hit(one.name, group.name, one.line, line=one.line, severity=NOTE if one.same else "")


def _inline_comment(subject: AppSubject) -> Iterator[Hit]:
    if subject.file.path.suffix != ".txt":
        return
    for group in subject.file.keys.groups:
        for key in _URI_KEYS:
            entry = group.entry(key)
            if entry and (" #" in entry.value or "\t#" in entry.value):
                yield hit(key, line=entry.line)


def _no_primary(subject: AppSubject) -> Iterator[Hit]:
    group = subject.file.keys.group(PRIMARY)
    if group is not None and group.get("enable") is None and subject.file.path.suffix == ".txt":
        yield hit(line=min((entry.line for entry in group.entries), default=1))


ROWS = (
    LintRule(
        "config-suffix",
        WARNING,
        "the file's name",
        _suffix,
        "deepstream-app does not read {0}: it takes .txt for ini, .yml and .yaml for YAML, and ignores other files",
        "rename the file",
    ),
    LintRule(
        "app-unknown-key",
        WARNING,
        "every key",
        _unknown_key,
        "{0} in [{1}] is a key that deepstream-app does not know: it is ignored with a warning",
        "{2}",
    ),
    LintRule(
        "app-unknown-group",
        WARNING,
        "every group",
        _unknown_group,
        "deepstream-app ignores the group [{0}] without a message",
        "{1}",
    ),
    LintRule(
        "app-duplicate-key",
        WARNING,
        "every key",
        _duplicate_key,
        "{0} is given more than once in [{1}]: the last one, line {2}, counts",
        "keep one of them",
    ),
    LintRule(
        "app-inline-comment",
        WARNING,
        "uri and paths",
        _inline_comment,
        "`#` begins a comment only at the start of a line: here it belongs to {0}",
        "move the comment to a line of its own",
    ),
    LintRule(
        "group-enable",
        WARNING,
        "[primary-gie] enable",
        _no_primary,
        "[primary-gie] has no enable=1: the whole group is skipped, nothing is detected",
        "add enable=1",
    ),
)
