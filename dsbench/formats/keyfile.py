"""GKeyFile: how DeepStream reads its ini files (GLib's rules, with GLib's own wording of what is wrong).

The rules were taken from GLib 2.74 by running it, since two of them surprise:

* An integer ends at the first blank: ``batch-size=4 # four`` is 4. A double or a boolean does not: there the
  comment is an error, and in a string (a path, a URI) it is part of the value. Nothing but a line that
  *begins* with ``#`` is a comment.
* A key given twice counts once with its last value, but GLib lists it twice; ``Group.listed`` keeps that,
  because DeepStream's warnings follow the list.

Errors of a whole file are ``Code.KEYFILE_INVALID``, of one value ``Code.CONFIG_VALUE_INVALID``; ``what`` is
GLib's message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from dsbench.base import numbers, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_UINT64_MAX = 2**64 - 1
_SPACE = " \t\n\f\r"  # g_ascii_isspace
_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")
_DOUBLE = re.compile(
    r"[ \t\n\v\f\r]*[+-]?(?:nan(?:\([0-9a-z_]*\))?|inf(?:inity)?"
    r"|0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One ``key=value`` line; ``value`` is raw text (escapes not resolved), ``line`` counts from 1."""

    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Group:
    """One ``[name]`` with its keys: duplicates merged, the last value wins, in the order of first appearance.

    ``listed`` is the order of ``g_key_file_get_keys``: a key written twice is in it twice.
    """

    name: str
    entries: tuple[Entry, ...]
    listed: tuple[str, ...] = ()

    def entry(self, key: str) -> Entry | None:
        """The line that holds ``key``, or None."""
        return next((entry for entry in self.entries if entry.key == key), None)

    def get(self, key: str) -> str | None:
        """The raw value of ``key``, or None when the key is absent."""
        entry = self.entry(key)
        return None if entry is None else entry.value

    def keys(self) -> tuple[str, ...]:
        """Every key once."""
        return tuple(entry.key for entry in self.entries)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A whole file: groups of equal name merged, in the order of first appearance."""

    groups: tuple[Group, ...]

    def group(self, name: str) -> Group | None:
        """The group of that name, or None."""
        return next((group for group in self.groups if group.name == name), None)


class _Builder:
    """Collects groups and keys in GLib's order while a file is read."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Entry]] = {}
        self.listed: dict[str, list[str]] = {}
        self.current = ""

    def open(self, name: str) -> None:
        self.current = name
        self.entries.setdefault(name, {})
        self.listed.setdefault(name, [])

    def add(self, entry: Entry) -> None:
        self.entries[self.current][entry.key] = entry
        self.listed[self.current].append(entry.key)

    def build(self) -> KeyFile:
        return KeyFile(
            tuple(
                Group(name, tuple(entries.values()), tuple(self.listed[name])) for name, entries in self.entries.items()
            )
        )


def load(path: Path | str) -> KeyFile:
    """Read a key file from disk.

    Bytes that are no UTF-8 survive as lone surrogates until a string value is read (``as_string`` then fails
    like GLib). Raises DsbenchError(KEYFILE_INVALID) with GLib's text: unreadable, not a regular file, or not
    a key file.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise DsbenchError(
                Code.KEYFILE_INVALID, "Not a regular file", where=str(path), fix="give the path of a file"
            )
        data = reading.read_bytes(path, FileKind.CONFIG)
    except OSError as error:
        what = error.strerror or str(error)
        raise DsbenchError(
            Code.KEYFILE_INVALID, what, where=str(path), fix="check the path and its permissions"
        ) from error
    return parse(data.decode("utf-8", "surrogateescape"), where=str(path))


def parse(text: str, *, where: str = "") -> KeyFile:
    """Read a key file from text; ``where`` names the file in errors. Raises DsbenchError(KEYFILE_INVALID)."""
    builder = _Builder()
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if line.endswith("\r") and number < len(lines):
            line = line[:-1]
        try:
            _read_line(builder, line.partition("\0")[0], number)  # GLib's lines are C strings
        except _LineError as error:
            place = f"{where}:{number}" if where else f"line {number}"
            raise DsbenchError(Code.KEYFILE_INVALID, error.what, where=place, fix=error.fix) from None
    return builder.build()


_PLAIN_FIX = "write groups as [name] and keys as key=value; a comment begins with # at the start of its line"


class _LineError(Exception):
    def __init__(self, what: str, fix: str = _PLAIN_FIX) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


def _read_line(builder: _Builder, raw: str, number: int) -> None:
    line = raw.lstrip(_SPACE)
    if not line or line.startswith("#"):
        return
    if _is_group_line(line):
        name = line.rstrip(" \t")[1:-1]
        if not name or any(char in "[]" or _is_control(char) for char in name):
            raise _LineError(f"Invalid group name: {name}")
        builder.open(name)
        return
    key, equals, value = line.partition("=")
    if not equals or not key:
        raise _LineError(
            f"Key file contains line “{raw}” which is not a key-value pair, group, or comment", _fix_for(raw)
        )
    if not builder.entries:
        raise _LineError("Key file does not start with a group", "begin the file with a group, for example [property]")
    _add_pair(builder, key.rstrip(_SPACE), value.lstrip(_SPACE), number)


def _add_pair(builder: _Builder, key: str, value: str, number: int) -> None:
    name, bracket, locale = key.partition("[")
    if bracket:
        # a translation, `key[de]=`: valid, and invisible without G_KEY_FILE_KEEP_TRANSLATIONS
        if not name or name.endswith(" ") or not re.fullmatch(r"[\w.@-]*\]", locale):
            raise _LineError(f"Invalid key name: {key}")
        if locale != "]":
            return
    elif not key or "]" in key or key.startswith(" "):
        raise _LineError(f"Invalid key name: {key}")
    if key == "Encoding" and builder.current == next(iter(builder.entries)) and value.upper() != "UTF-8":
        raise _LineError(f"Key file contains unsupported encoding “{value}”")
    builder.add(Entry(key, value, number))


def _is_group_line(line: str) -> bool:
    return line.startswith("[") and "]" in line and not line[line.index("]") + 1 :].strip(" \t")


def _is_control(char: str) -> bool:
    return ord(char) < 32 or ord(char) == 127


def _fix_for(raw: str) -> str:
    if raw.startswith("\ufeff"):
        return "the file begins with a byte order mark: save it as UTF-8 without BOM"
    if raw.rstrip().endswith(":") or re.match(r"\s*[\w-]+:\s", raw):
        return "this looks like YAML: name the file .yml, or write [group] and key=value"
    return _PLAIN_FIX


# --- typed values: raw text in, DsbenchError(CONFIG_VALUE_INVALID) with GLib's wording out
# -------------------------------


def _invalid(what: str) -> DsbenchError:
    return DsbenchError(Code.CONFIG_VALUE_INVALID, what)


def as_int(value: str) -> int:
    """A 32-bit integer: decimal, blanks before it allowed, anything after a blank ignored (strtol, then
    isspace).
    """
    match = _INTEGER.match(value)
    rest = value[match.end() :] if match else value
    if match is None:
        # strtol that converts nothing leaves its end at the start, so blank-led text passes GLib's check as 0
        if value and value[0] in _SPACE:
            return 0
        raise _invalid(f"Value “{value}” cannot be interpreted as a number.")
    if rest and rest[0] not in _SPACE:
        raise _invalid(f"Value “{value}” cannot be interpreted as a number.")
    number = numbers.whole(match.group(1))
    if not _INT_MIN <= number <= _INT_MAX:
        raise _invalid(f"Integer value “{value}” out of range")
    return number


def as_uint64(value: str) -> int:
    """A 64-bit unsigned integer; a minus sign wraps as strtoull does. Nothing may follow the digits."""
    match = _INTEGER.match(value)
    if match is None or match.end() != len(value):
        raise _invalid(f"Value “{value}” cannot be interpreted as a number.")
    number = numbers.whole(match.group(1))
    return _UINT64_MAX if abs(number) > _UINT64_MAX else number % (_UINT64_MAX + 1)


def as_double(value: str) -> float:
    """A double in the C locale (``g_ascii_strtod``): decimal, hexadecimal, nan and inf; no fraction, comma or
    trailing blank.
    """
    match = _DOUBLE.fullmatch(value)
    if match is None:
        raise _invalid(f"Value “{value}” cannot be interpreted as a float number.")
    text = value.strip(_SPACE).lower()
    if "nan" in text:
        return float("-nan" if text.startswith("-") else "nan")
    if "0x" in text:
        try:
            return float.fromhex(text)
        except OverflowError:
            return float("-inf" if text.startswith("-") else "inf")
    return float(text)


def as_bool(value: str) -> bool:
    """Exactly ``true``, ``false``, ``1`` or ``0``; blanks after it are allowed, a comment is not."""
    text = value.rstrip(_SPACE)
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise _invalid(f"Value “{value}” cannot be interpreted as a boolean.")


def as_string(value: str) -> str:
    r"""A string: the escapes ``\s \n \t \r \\`` resolved; blanks and ``#`` at the end belong to it."""
    return _unescape(value, in_list=False)[0]


def as_list(value: str) -> tuple[str, ...]:
    r"""Strings separated by ``;`` (``\;`` is a semicolon, one trailing ``;`` is allowed); an empty value is
    an empty list.
    """
    return _unescape(value, in_list=True)


def as_int_list(value: str) -> tuple[int, ...]:
    """Integers separated by ``;``."""
    return tuple(as_int(item) for item in as_list(value))


def as_double_list(value: str) -> tuple[float, ...]:
    """Doubles separated by ``;``."""
    return tuple(as_double(item) for item in as_list(value))


def _unescape(value: str, *, in_list: bool) -> tuple[str, ...]:
    if any("\udc80" <= char <= "\udcff" for char in value):
        shown = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        raise _invalid(f"Value “{shown}” is not UTF-8")
    items: list[str] = []
    current: list[str] = []
    chars = iter(value)
    for char in chars:
        if char == ";" and in_list:
            items.append("".join(current))
            current = []
        elif char == "\\":
            current.append(_escape(next(chars, ""), in_list))
        else:
            current.append(char)
    if current or not in_list:
        items.append("".join(current))
    return tuple(items)


def _escape(char: str, in_list: bool) -> str:
    if not char:
        raise _invalid("Key file contains escape character at end of line")
    if char == ";" and in_list:
        return ";"
    if char not in _ESCAPES:
        raise _invalid(f"Key file contains invalid escape sequence “\\{char}”")
    return _ESCAPES[char]


class ValueKind(StrEnum):
    """How DeepStream asks GLib for a value."""

    INT = "integer"
    UINT64 = "unsigned integer"
    DOUBLE = "number"
    BOOL = "boolean"
    STRING = "string"
    PATH = "path"
    STRING_LIST = "list of strings"
    INT_LIST = "list of integers"
    DOUBLE_LIST = "list of numbers"


_READERS: dict[ValueKind, Callable[[str], Any]] = {
    ValueKind.INT: as_int,
    ValueKind.UINT64: as_uint64,
    ValueKind.DOUBLE: as_double,
    ValueKind.BOOL: as_bool,
    ValueKind.STRING: as_string,
    ValueKind.PATH: as_string,
    ValueKind.STRING_LIST: as_list,
    ValueKind.INT_LIST: as_int_list,
    ValueKind.DOUBLE_LIST: as_double_list,
}
_EXPECTED = {
    ValueKind.INT: "a whole number, for example 4",
    ValueKind.UINT64: "a whole number, for example 4",
    ValueKind.DOUBLE: "a decimal number with a point and nothing after it, for example 0.0039215697906911373",
    ValueKind.BOOL: "1, 0, true or false",
    ValueKind.INT_LIST: "whole numbers separated by semicolons, for example 3;640;640",
    ValueKind.DOUBLE_LIST: "decimal numbers separated by semicolons, for example 123.675;116.28;103.53",
}


def read(group: Group, key: str, kind: ValueKind, *, where: str = "") -> Any:
    """The typed value of a key that is present in ``group``.

    Raises DsbenchError(CONFIG_VALUE_INVALID) with the message of ``g_key_file_get_<kind>`` (GLib words a
    single value, a boolean and an item of a list differently); ``where`` names the file.
    """
    entry = group.entry(key)
    if entry is None:
        raise KeyError(key)
    try:
        return _READERS[kind](entry.value)
    except DsbenchError as error:
        what = _message(group.name, entry, kind, error.what)
        place = f"{where}:{entry.line} [{group.name}] {key}" if where else f"[{group.name}] {key}"
        expected = _EXPECTED.get(kind, "text in UTF-8 with \\ written as \\\\")
        fix = f"{key}={entry.value} is not {expected}" if kind in _EXPECTED else f"write {expected}"
        raise DsbenchError(Code.CONFIG_VALUE_INVALID, what, where=place, fix=fix) from None


def _message(group: str, entry: Entry, kind: ValueKind, reason: str) -> str:
    key, value = entry.key, entry.value
    if kind in (ValueKind.INT, ValueKind.DOUBLE):
        return f"Key file contains key “{key}” in group “{group}” which has a value that cannot be interpreted."
    if kind is ValueKind.UINT64:
        return f"Key “{key}” in group “{group}” has value “{value}” where uint64 was expected"
    if kind in (ValueKind.INT_LIST, ValueKind.DOUBLE_LIST) and reason.startswith(("Value", "Integer")):
        return reason
    if reason.endswith("is not UTF-8"):
        shown = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return f"Key file contains key “{key}” with value “{shown}” which is not UTF-8"
    return f"Key file contains key “{key}” which has a value that cannot be interpreted."
