"""Rules about how an nvinfer config is written: unknown, doubled and misplaced keys, comments, text values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from dsbench.formats import nvinfer
from dsbench.formats.keyfile import Entry, Group, ValueKind
from dsbench.formats.nvinfer.keys import CLASS_KEYS, PROPERTY_KEYS, SPECIAL_KEYS, class_key, property_key
from dsbench.judge.lint.context import NvinferSubject
from dsbench.judge.lint.finding import ERROR, NOTE, WARNING
from dsbench.judge.lint.rule import Hit, LintRule, hit, repeated_keys

_TEXT_KINDS = (ValueKind.PATH, ValueKind.STRING)
_TELLING = {
    "gie-kitti-output-dir": "write it into [application] of the app config: nvinfer does not read it",
    "parse-func": "use parse-bbox-func-name with custom-lib-path",
    "model-cache": "use model-engine-file",
    "input-tensor-meta": "in this file the key is input-tensor-from-meta",
    "config-file": "this key belongs into [primary-gie] of the app config",
    "config-file-path": "this key belongs into the app config",
}
_REPLACED = {"threshold": "pre-cluster-threshold", "enable-dbscan": "cluster-mode", "input-dims": "infer-dims"}
_YAML = (".yml", ".yaml")
_GROUP = re.compile(r"\s*\[([^\[\]]+)\]\s*$")


def _groups(subject: NvinferSubject) -> Iterator[Group]:
    """[property], and for detectors the class groups: nvinfer does not read them for other networks."""
    for group in subject.file.keys.groups:
        of_classes = subject.detector and group.name.startswith(nvinfer.CLASS_PREFIX)
        if group.name == nvinfer.PROPERTY or of_classes:
            yield group


def _ini(subject: NvinferSubject) -> bool:
    return subject.file.path.suffix not in _YAML


def _unknown(subject: NvinferSubject) -> Iterator[tuple[Group, Entry]]:
    """Keys that nvinfer knows in no group."""
    for group in _groups(subject):
        for entry in group.entries:
            known = property_key(entry.key) or class_key(entry.key) or entry.key in SPECIAL_KEYS
            if not known and entry.key != "model-type":
                yield group, entry


def _unknown_key(subject: NvinferSubject) -> Iterator[Hit]:
    for group, entry in _unknown(subject):
        table = PROPERTY_KEYS if group.name == nvinfer.PROPERTY else CLASS_KEYS
        near = difflib.get_close_matches(
            entry.key.replace("_", "-").lower(), [key.name for key in table], n=1, cutoff=0.8
        )
        fix = f"write {near[0]}" if near and near[0] != entry.key else "remove it, or correct its spelling"
        yield hit(entry.key, group.name, _TELLING.get(entry.key, fix), line=entry.line)


def _model_type(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.given("model-type"):
        yield hit(key="model-type")


def _misplaced(subject: NvinferSubject) -> Iterator[Hit]:
    for group in _groups(subject):
        for entry in group.entries:
            name = entry.key
            if group.name == nvinfer.PROPERTY and not property_key(name) and class_key(name):
                yield hit(name, group.name, f"{nvinfer.CLASS_PREFIX}all", line=entry.line)
            elif group.name != nvinfer.PROPERTY and property_key(name) and not class_key(name):
                yield hit(name, group.name, nvinfer.PROPERTY, line=entry.line)


def _deprecated(subject: NvinferSubject) -> Iterator[Hit]:
    for group in _groups(subject):
        for entry in group.entries:
            new = _REPLACED.get(entry.key)
            class_only = entry.key == "threshold"
            if new and class_only == (group.name != nvinfer.PROPERTY):
                yield hit(entry.key, new, line=entry.line, severity="" if _ini(subject) else WARNING)


def _unknown_group(subject: NvinferSubject) -> Iterator[Hit]:
    for group in subject.file.keys.groups:
        if group.name == nvinfer.PROPERTY or group.name.startswith(nvinfer.CLASS_PREFIX):
            continue
        line = min((entry.line for entry in group.entries), default=1)
        near = difflib.get_close_matches(group.name, (nvinfer.PROPERTY, "class-attrs-all"), n=1, cutoff=0.6)
        inside = any(property_key(entry.key) or class_key(entry.key) for entry in group.entries)
        fix = f"name it [{near[0]}]" if near else "name it [property] or [class-attrs-<class id>], or remove it"
        if property_key(group.name) or class_key(group.name):
            near, fix = [group.name], "indent it below property or class-attrs-all: it is a key, not a group"
        yield hit(group.name, fix, line=line, severity=WARNING if near or inside else NOTE)


def _duplicate_group(subject: NvinferSubject) -> Iterator[Hit]:
    seen: dict[str, int] = {}
    for number, line in enumerate(subject.file.text.splitlines() if _ini(subject) else (), 1):
        if match := _GROUP.match(line):
            if match[1] in seen:
                yield hit(match[1], seen[match[1]], line=number)
            seen.setdefault(match[1], number)


def _duplicate_key(subject: NvinferSubject) -> Iterator[Hit]:
    for group in _groups(subject):
        for one in repeated_keys(subject.file, group):
            yield hit(one.name, one.line, line=one.line, severity=NOTE if one.same else "")


def _inline_comment(subject: NvinferSubject) -> Iterator[Hit]:
    for group in _groups(subject) if _ini(subject) else ():
        for entry in group.entries:
            key = property_key(entry.key) or class_key(entry.key)
            if key is None or "#" not in entry.value:
                continue
            if key.kind not in _TEXT_KINDS:
                yield hit(entry.key, "the value is read up to the blank", line=entry.line, severity=NOTE)
            elif " #" in entry.value or "\t#" in entry.value:
                yield hit(entry.key, f"here it belongs to the {key.kind}", line=entry.line)


def _blanks(subject: NvinferSubject) -> Iterator[Hit]:
    for entry in _text_entries(subject):
        if entry.value != entry.value.rstrip() and " #" not in entry.value:
            yield hit(entry.key, line=entry.line)


def _literal_path(subject: NvinferSubject) -> Iterator[Hit]:
    for entry in _text_entries(subject):
        key = property_key(entry.key)
        if key and key.kind is ValueKind.PATH and entry.value.startswith(("~", "$", "file://", '"', "'")):
            yield hit(entry.key, entry.value, line=entry.line)


def _empty_path(subject: NvinferSubject) -> Iterator[Hit]:
    for entry in _text_entries(subject):
        key = property_key(entry.key)
        if key and key.kind is ValueKind.PATH and not entry.value:
            yield hit(entry.key, line=entry.line)


def _text_entries(subject: NvinferSubject) -> Iterator[Entry]:
    group = subject.file.keys.group(nvinfer.PROPERTY)
    for entry in group.entries if group and _ini(subject) else ():
        key = property_key(entry.key)
        if key and key.kind in _TEXT_KINDS:
            yield entry


ROWS = (
    LintRule(
        "model-type",
        ERROR,
        "model-type",
        _model_type,
        "model-type is no key of nvinfer: it is ignored with a warning, and the network type stays 0",
        "remove it: network-type=0 (Detector) is what calls parse-bbox-func-name",
    ),
    LintRule(
        "unknown-key",
        WARNING,
        "every key",
        _unknown_key,
        "{0} in [{1}] is a legacy or unknown key: nvinfer ignores it with a warning",
        "{2}",
    ),
    LintRule("misplaced-key", WARNING, "every key", _misplaced, "{0} has no effect in [{1}]", "move it to [{2}]"),
    LintRule(
        "deprecated-key",
        WARNING,
        "threshold, enable-dbscan, input-dims",
        _deprecated,
        "{0} is deprecated; in a YAML config it is unknown and ignored",
        "use {1}",
        alone=NOTE,
    ),
    LintRule(
        "unknown-group",
        WARNING,
        "every group",
        _unknown_group,
        "nvinfer ignores the group [{0}] without a message",
        "{1}",
    ),
    LintRule(
        "duplicate-group",
        WARNING,
        "every group",
        _duplicate_group,
        "[{0}] is there twice (first in line {1}): both are read as one, of a key in both the last value counts",
        "join the two groups",
    ),
    LintRule(
        "duplicate-key",
        WARNING,
        "every key",
        _duplicate_key,
        "{0} is given more than once: the last one, line {1}, counts",
        "keep one of them",
    ),
    LintRule(
        "inline-comment",
        WARNING,
        "every key",
        _inline_comment,
        "`#` begins a comment only at the start of a line; in {0} {1}",
        "move the comment to a line of its own",
    ),
    LintRule(
        "trailing-blanks",
        WARNING,
        "paths and names",
        _blanks,
        "the blanks after the value belong to {0}",
        "remove the blanks at the end of the line",
    ),
    LintRule(
        "literal-path",
        WARNING,
        "paths",
        _literal_path,
        "{0}={1} is taken literally (no ~, no variables, no URL, no quotes)",
        "write an absolute path, or one relative to the config's own directory",
    ),
    LintRule(
        "empty-path",
        WARNING,
        "paths",
        _empty_path,
        "{0} is empty, which means the config's own directory",
        "give the path of a file, or remove the key",
    ),
)
