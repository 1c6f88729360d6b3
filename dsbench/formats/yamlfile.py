"""YAML as DeepStream reads it: through yaml-cpp, one typed value at a time, uncaught when it throws.

``load`` gives a tree of nodes whose scalars are text; tags, and PyYAML's own ideas of numbers and dates, play no part.
The typed readers below are yaml-cpp's ``as<T>()`` and the C++ library's ``stoi``, ``stoul`` and ``stod``, both taken
from runs of the real ones (yaml-cpp 0.7):

* an integer may be octal (``010`` is 8) or hexadecimal; ``true`` is no integer, and DeepStream reads its switches as
  integers; an unsigned one takes no minus sign;
* nothing may stand before a number inside quotes; blanks after it are passed over;
* ``stoi`` stops at the first character that is no digit (``12abc`` is 12).

DeepStream catches none of the exceptions, so the process is aborted. Here that is a DsbenchError(CONFIG_ABORTED) whose
``what`` is the text that the C++ runtime prints (``terminate called after throwing an instance of ...``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from dsbench.base import numbers, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind
from dsbench.formats.keyfile import Entry, Group, KeyFile

if TYPE_CHECKING:
    import yaml

STRING = "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >"
_NULL = ("", "~", "null", "Null", "NULL")
_INTEGER = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)[ \t\n\r\v\f]*", re.ASCII)
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\n\r\v\f]*", re.ASCII)
_SPECIAL = {".inf": "inf", "+.inf": "inf", "-.inf": "-inf", ".nan": "nan"}
_STOI = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)", re.ASCII)
_STOD = re.compile(r"[ \t\n\v\f\r]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?inf|[+-]?nan)", re.I)
_INT32 = -(2**31), 2**31 - 1


class NodeKind(StrEnum):
    """What a node is."""

    NULL = "nothing"
    SCALAR = "a single value"
    SEQUENCE = "a list"
    MAP = "a map"


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a file. ``text`` is a scalar's; ``line`` and ``column`` count from 1; ``file`` is for errors."""

    kind: NodeKind
    text: str
    line: int
    column: int
    file: str
    raw: yaml.Node | None

    def entries(self) -> Iterator[tuple[str, Node]]:
        """Keys and values in the file's order, a key given twice twice. What is no map or list has none."""
        if self.kind is NodeKind.SEQUENCE:
            what = "invalid node; this may result from using a map iterator as a sequence iterator, or vice-versa"
            raise self.error("YAML::InvalidNode", what, "write `key: value` lines, not a list")
        for key, value in self._pairs():
            yield as_string(key), value

    def get(self, name: str) -> Node | None:
        """The value of the first key of that name."""
        if self.kind is NodeKind.SCALAR:
            place = f"line {self.line}, column {self.column}"
            what = f'yaml-cpp: error at {place}: operator[] call on a scalar (key: "{name}")'
            raise self.error("YAML::BadSubscript", what, "indent the keys of a group below its name, as `key: value`")
        return next((value for key, value in self._pairs() if key.kind is NodeKind.SCALAR and key.text == name), None)

    def _pairs(self) -> Iterator[tuple[Node, Node]]:
        import yaml

        if isinstance(self.raw, yaml.MappingNode):
            for key, value in self.raw.value:
                yield _node(key, self.file), _node(value, self.file)

    def error(self, kind: str, what: str, fix: str = "") -> DsbenchError:
        """The error for an exception of yaml-cpp at this node: it aborts DeepStream."""
        return aborted(kind, what, f"{self.file}:{self.line}", fix)

    def bad_conversion(self, kind: str, fix: str) -> NoReturn:
        """yaml-cpp's TypedBadConversion."""
        place = f"line {self.line}, column {self.column}"
        raise self.error(f"YAML::TypedBadConversion<{kind}>", f"yaml-cpp: error at {place}: bad conversion", fix)


def aborted(kind: str, what: str, where: str, fix: str = "") -> DsbenchError:
    """An uncaught C++ exception of type ``kind``."""
    text = f"terminate called after throwing an instance of '{kind}'\n  what():  {what}"
    return DsbenchError(Code.CONFIG_ABORTED, text, where=where, fix=fix)


def load(path: Path | str) -> Node:
    """The root of the file's first document. Raises DsbenchError(CONFIG_ABORTED) when yaml-cpp would throw."""
    import yaml

    from dsbench.formats.yaml_loader import Loader

    file = str(path)
    try:
        data = b"" if Path(path).is_dir() else reading.read_bytes(path, FileKind.YAML)
    except OSError as error:
        raise aborted("YAML::BadFile", f"bad file: {file}", file, error.strerror or "check the path") from error
    try:
        loader = Loader(data.decode("utf-8-sig", "replace"))
        raw = loader.get_node() if loader.check_node() else None
    except RecursionError:
        raise aborted("YAML::DeepRecursion", "yaml-cpp: too deep", file, "flatten the file") from None
    except yaml.YAMLError as error:
        raise _unreadable(error, file) from None
    return _node(raw, file)


def _unreadable(error: yaml.YAMLError, file: str) -> DsbenchError:
    mark = getattr(error, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    problem = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
    what = f"yaml-cpp: error at line {line}, column {column}: {problem}"
    fix = "indent with blanks (no tabs), write `key: value`, quote values that begin with a special character"
    return aborted("YAML::ParserException", what, f"{file}:{line}", fix)


def _node(raw: yaml.Node | None, file: str) -> Node:
    import yaml

    if raw is None:
        return Node(NodeKind.NULL, "", 1, 1, file, None)
    line, column = raw.start_mark.line + 1, raw.start_mark.column + 1
    if isinstance(raw, yaml.ScalarNode):
        # a null is plain text that spells one; in quotes or with a tag it is a string
        plain = raw.style is None and raw.tag == "tag:yaml.org,2002:null" and raw.value in _NULL
        return Node(NodeKind.NULL if plain else NodeKind.SCALAR, raw.value, line, column, file, raw)
    kind = NodeKind.MAP if isinstance(raw, yaml.MappingNode) else NodeKind.SEQUENCE
    return Node(kind, "", line, column, file, raw)


def as_keyfile(root: Node) -> KeyFile:
    """Groups and scalar values as an ini file would hold them: for line numbers and for remarks."""
    groups: dict[str, Group] = {}
    for name, value in root.entries() if root.kind is NodeKind.MAP else ():
        found = [(key, node) for key, node in value.entries()] if value.kind is NodeKind.MAP else []
        entries = {key: Entry(key, node.text, node.line) for key, node in found}
        groups.setdefault(name, Group(name, tuple(entries.values()), tuple(key for key, _ in found)))
    return KeyFile(tuple(groups.values()))


# --- yaml-cpp's as<T>()


def as_string(node: Node) -> str:
    """``as<std::string>()``: a scalar as it stands, nothing as ``null``."""
    if node.kind is NodeKind.NULL:
        return "null"
    if node.kind is not NodeKind.SCALAR:
        node.bad_conversion(STRING, f"{node.kind} stands where one value is expected; lists are written as a;b;c")
    return node.text


def as_int(node: Node) -> int:
    """``as<int>()``, which is also how switches are read."""
    return _integer(node, "int", *_INT32)


def as_unsigned(node: Node) -> int:
    """``as<unsigned int>()``."""
    return _integer(node, "unsigned int", 0, 2**32 - 1)


def as_uint64(node: Node) -> int:
    """``as<unsigned long>()``."""
    return _integer(node, "unsigned long", 0, 2**64 - 1)


def as_double(node: Node) -> float:
    """``as<double>()``."""
    if node.kind is NodeKind.SCALAR:
        if _DOUBLE.fullmatch(node.text):
            return float(node.text)
        if node.text.lower() in _SPECIAL:
            return float(_SPECIAL[node.text.lower()])
    node.bad_conversion("double", "write a decimal number with a point, for example 0.0039215697906911373")


def _integer(node: Node, kind: str, low: int, high: int) -> int:
    match = _INTEGER.fullmatch(node.text) if node.kind is NodeKind.SCALAR else None
    fix = "write a whole number (0 and 1 for off and on)"
    if match is None or (low == 0 and match.group(1) == "-"):
        node.bad_conversion(kind, fix)
    sign, digits = match.groups()
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits.startswith("0") else 10
    number = (numbers.whole(digits) if base == 10 else int(digits, base)) * (-1 if sign == "-" else 1)
    if not low <= number <= high:
        node.bad_conversion(kind, fix)
    return number


# --- the C++ library's conversions of text


def stoi(text: str, where: str) -> int:
    """``std::stoi``."""
    return _whole(text, where, "stoi", *_INT32)


def stoul(text: str, where: str) -> int:
    """``std::stoul`` into 32 bits: what does not fit is cut off."""
    return _whole(text, where, "stoul", -(2**64) + 1, 2**64 - 1) & 0xFFFFFFFF


def stod(text: str, where: str) -> float:
    """``std::stod``."""
    match = _STOD.match(text)
    if match is None:
        raise aborted("std::invalid_argument", "stod", where, f"{text!r} is no number")
    return float(match.group(1))


def _whole(text: str, where: str, function: str, low: int, high: int) -> int:
    match = _STOI.match(text)
    if match is None:
        raise aborted("std::invalid_argument", function, where, f"{text!r} is no whole number")
    number = numbers.whole(match.group(1))
    if not low <= number <= high:
        raise aborted("std::out_of_range", function, where, f"{text!r} is too large")
    return number
