"""Dataclasses as JSON: the codec for everything that is written to a file or sent to another process.

``encode`` and ``decode`` convert between a value and JSON's own types; ``dumps``, ``loads``, ``dump`` and ``load`` do
the same with text and with files. Supported are dataclasses, tuples, mappings with string keys, enums, ``Literal``,
unions, paths and JSON's own types. A NamedTuple is a row of a table: it is written as a list.

JSON has no NaN and no infinity: both are written as null. A null where a float belongs is read as NaN.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache, partial
from pathlib import Path, PurePath
from typing import Any, Literal, TypeVar, Union

from dsbench.base.reading import FileKind, parse_json, read_text
from dsbench.base.text import console_json

T = TypeVar("T")
Reader = Callable[[Any], Any]

_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
}


def dumps(value: object, *, indent: int | None = None) -> str:
    """``value`` as JSON text, ASCII only; on one line without ``indent``."""
    return console_json(json.dumps(encode(value), indent=indent, allow_nan=False))


def loads(kind: type[T], text: str | bytes) -> T:
    """The ``kind`` that ``text`` holds. Raises ValueError, or RecursionError where it is nested too deep."""
    return decode(kind, parse_json(text))


def dump(value: object, path: Path) -> None:
    """Write ``value`` to a file. Raises OSError."""
    path.write_text(dumps(value), encoding="utf-8")


def load(kind: type[T], path: Path) -> T:
    """Read a ``kind`` from a file. Raises OSError, ValueError or RecursionError."""
    return loads(kind, read_text(path, FileKind.MESSAGE))


def encode(value: Any) -> Any:
    """``value`` in JSON's types; fields and keys keep their order. Raises TypeError for an unsupported type."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def decode(kind: type[T], data: Any) -> T:
    """Inverse of ``encode``. A missing field gets its default, an unknown key is ignored.

    Raises ValueError with the place, such as ``Record.options[2].name: expected a string, found null``.
    """
    try:
        annotation: Any = kind
        value: T = _reader(annotation)(data)
    except _Misfit as misfit:
        raise misfit.at(kind.__name__) from None
    return value


class _Misfit(ValueError):
    """A value that does not fit; ``place`` is completed while the exception passes the outer levels."""

    def __init__(self, what: str, place: str = "") -> None:
        super().__init__(f"{place}: {what}")
        self.what, self.place = what, place

    def at(self, place: str) -> _Misfit:
        return _Misfit(self.what, place + self.place)


@cache
def _reader(kind: Any) -> Reader:
    """The function that converts JSON's types to a value of this annotation; cached for rows of numbers."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is float:
        return _float
    if kind in (str, int, bool):
        return partial(_expect, kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return partial(_dataclass, kind)
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return partial(_row, kind, [_reader(hint) for hint in typing.get_type_hints(kind).values()])
    if origin in (types.UnionType, Union):
        return partial(_union, arguments, [_reader(arm) for arm in arguments if arm is not types.NoneType])
    if origin is tuple and arguments[1:] == (...,):
        return partial(_items, _reader(arguments[0]))
    if origin is tuple:
        return partial(_fixed, [_reader(item) for item in arguments])
    if origin is Mapping:
        return partial(_mapping, _reader(arguments[1]))
    if origin is Literal:
        return partial(_one_of, arguments)
    if kind is Any:
        return _unchanged
    if issubclass(kind, Enum):
        return partial(_enum, kind)
    if issubclass(kind, PurePath):
        return partial(_path, kind)
    raise TypeError(f"no JSON for {kind}")


def _unchanged(data: Any) -> Any:
    return data


def _float(data: Any) -> float:
    if data is None:
        return math.nan
    if type(data) not in (int, float):
        raise _misfit(float, data)
    try:
        return float(data)
    except OverflowError:
        raise _Misfit("the number is too large") from None


def _enum(kind: type[Enum], data: Any) -> Any:
    return kind(_one_of([member.value for member in kind], data))


def _path(kind: type[PurePath], data: Any) -> PurePath:
    return kind(_expect(str, data))


def _dataclass(kind: type, data: Any) -> Any:
    data = _expect(dict, data)
    found = {}
    for name, read, required in _fields(kind):
        if name in data:
            found[name] = _part(read, data[name], f".{name}")
        elif required:
            raise _Misfit("missing", f".{name}")
    return kind(**found)


def _mapping(read: Reader, data: Any) -> dict[str, Any]:
    return {key: _part(read, item, f".{key}") for key, item in _expect(dict, data).items()}


def _part(read: Reader, data: Any, place: str) -> Any:
    try:
        return read(data)
    except _Misfit as misfit:
        raise misfit.at(place) from None


def _items(read: Reader, data: Any) -> tuple[Any, ...]:
    return _fixed([read] * len(_expect(list, data)), data)


def _fixed(readers: Sequence[Reader], data: Any) -> tuple[Any, ...]:
    if len(_expect(list, data)) != len(readers):
        raise _Misfit(f"expected {len(readers)} items, found {len(data)}")
    found: list[Any] = []
    try:
        for read, item in zip(readers, data, strict=True):
            found.append(read(item))
    except _Misfit as misfit:
        raise misfit.at(f"[{len(found)}]") from None
    return tuple(found)


def _row(kind: Callable[..., Any], readers: Sequence[Reader], data: Any) -> Any:
    return kind(*_fixed(readers, data))


def _union(arms: Sequence[Any], readers: Sequence[Reader], data: Any) -> Any:
    """``data`` itself if its type is an arm, else the result of the first arm that accepts it."""
    if type(data) in arms:
        return data
    for read in readers[:-1]:
        try:
            return read(data)
        except _Misfit:
            continue
    return readers[-1](data)


def _one_of(values: Iterable[Any], data: Any) -> Any:
    """The element of ``values`` that equals ``data`` and has the same type: true is not 1."""
    values = list(values)
    for value in values:
        if type(value) is type(data) and value == data:
            return value
    raise _Misfit(f"expected one of {', '.join(map(repr, values))}, found {_shown(data)}")


def _expect(kind: type, data: Any) -> Any:
    """``data``, if it is exactly of this type."""
    if type(data) is not kind:
        raise _misfit(kind, data)
    return data


def _misfit(kind: type, data: Any) -> _Misfit:
    return _Misfit(f"expected {_NAMES[kind]}, found {_shown(data)}")


def _shown(data: Any) -> str:
    return "null" if data is None else _NAMES.get(type(data), type(data).__name__)


@cache
def _fields(kind: type) -> tuple[tuple[str, Reader, bool], ...]:
    """(name, reader, required) of each field of the constructor."""
    hints = typing.get_type_hints(kind)
    return tuple(
        (field.name, _reader(hints[field.name]), field.default is MISSING and field.default_factory is MISSING)
        for field in fields(kind)
        if field.init
    )
