"""Edits of a user's files, line by line: comments, order and line ends stay. Pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any

_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*$")
_TABLE = re.compile(r"\s*\[\s*([\w-]+)\s*\]\s*(?:#.*)?$")
_COUNTED = re.compile(r"\s*[+-]?\d+([ \t]+#.*)$")
"""An integer with a comment behind it: nvinfer reads the integer."""


@dataclass(frozen=True, slots=True)
class KeyEdit:
    """One key of an nvinfer config. ``file``: path below the model directory; ``value`` None: the key is removed."""

    file: str
    group: str
    key: str
    value: str | None


@dataclass(frozen=True, slots=True)
class SettingRemoval:
    """A key of dsbench.toml that is removed: dsbench decides itself. ``table`` is empty above all tables."""

    file: str
    table: str
    key: str


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A file that is written anew."""

    file: str
    content: bytes


Edit = KeyEdit | SettingRemoval | FileEdit


def apply(edit: Edit, content: bytes) -> bytes | None:
    """The file after the edit; None if the edit changes nothing or cannot be made."""
    if isinstance(edit, FileEdit):
        changed: bytes | None = edit.content
    elif isinstance(edit, KeyEdit):
        text = content.decode("utf-8", "surrogateescape")
        changed = set_key(text, edit.group, edit.key, edit.value).encode("utf-8", "surrogateescape")
    else:
        changed = _without_setting(content, edit)
    return None if changed == content else changed


def set_key(text: str, group: str, key: str, value: str | None) -> str:
    """An ini text with the key set where it stands last, which is the value that counts, or removed everywhere.

    A key that is missing goes behind the last line of its group; a group that is missing to the end.
    """
    lines = text.splitlines(keepends=True)
    places, last, current = [], -1, ""
    entry = re.compile(rf"\s*{re.escape(key)}\s*=")
    for number, line in enumerate(lines):
        if header := _HEADER.match(line):
            current = header[1]
        if current == group and line.strip():
            last = number if not line.lstrip().startswith("#") or last < 0 else last
            places += [number] if entry.match(line) else []
    if value is None:
        return "".join(line for number, line in enumerate(lines) if number not in places)
    if places:
        lines[places[-1]] = _replaced(lines[places[-1]], value)
    elif last >= 0:
        end = _end(lines[last]) or _end(text) or "\n"
        lines[last] = lines[last].rstrip("\r\n") + end
        lines.insert(last + 1, f"{key}={value}{end}")
    else:
        end = _end(text) or "\n"
        start = "" if not text or _end(lines[-1]) else end
        lines.append(f"{start}{end if text else ''}[{group}]{end}{key}={value}{end}")
    return "".join(lines)


def _replaced(line: str, value: str) -> str:
    """The line with another value; a comment behind an integer stays."""
    name, old = line.rstrip("\r\n").split("=", 1)
    comment = _COUNTED.match(old)
    kept = comment[1] if comment and re.fullmatch(r"[+-]?\d+", value) else ""
    blank = old[: len(old) - len(old.lstrip(" \t"))]
    return f"{name}={blank}{value}{kept}{_end(line)}"


def _end(text: str) -> str:
    """The line end of the first line."""
    found = re.search(r"\r\n|\n|\r", text)
    return found[0] if found else ""


def _without_setting(content: bytes, edit: SettingRemoval) -> bytes | None:
    """dsbench.toml without a key; None unless exactly this key is gone."""
    try:
        text = content.decode()
        before = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    lines = text.splitlines(keepends=True)
    start = _setting_line(lines, edit)
    if start is None:
        return None
    wanted = _without(before, edit)
    for end in range(start + 1, len(lines) + 1):  # a value may go on over several lines
        left = "".join(lines[:start] + lines[end:])
        try:
            if tomllib.loads(left.removeprefix("\ufeff")) == wanted:
                return left.encode()
        except (ValueError, RecursionError):
            continue
    return None


def _setting_line(lines: list[str], edit: SettingRemoval) -> int | None:
    """The line on which the key stands."""
    entry = re.compile(rf"\s*\"?{re.escape(edit.key)}\"?\s*=")
    current = ""
    for number, line in enumerate(lines):
        if table := _TABLE.match(line):
            current = table[1]
        elif current == edit.table and entry.match(line):
            return number
    return None


def _without(settings: dict[str, Any], edit: SettingRemoval) -> dict[str, Any]:
    if not edit.table:
        return {key: value for key, value in settings.items() if key != edit.key}
    inner = {key: value for key, value in settings.get(edit.table, {}).items() if key != edit.key}
    return {**settings, edit.table: inner}
