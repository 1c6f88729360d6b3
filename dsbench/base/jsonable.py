"""Dataclasses as JSON: one codec for everything that is written to a file or sent to another process.

``encode`` and ``decode`` convert between a value and JSON's own types; ``dumps``, ``loads``, ``dump`` and ``load`` do
the same with text and with files. Supported are dataclasses, tuples, mappings with string keys, enums, ``Literal``,
unions, paths and JSON's own types.

JSON has no NaN and no infinity: both are written as null. A null where a float belongs is read as NaN.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path, PurePath
from typing import Any, Literal, TypeVar, Union

T = TypeVar("T")

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
    return json.dumps(encode(value), indent=indent, allow_nan=False)


def loads(kind: type[T], text: str | bytes) -> T:
    """The ``kind`` that ``text`` holds. Raises ValueError, or RecursionError where it is nested too deep."""
    return decode(kind, json.loads(text))


def dump(value: object, path: Path) -> None:
    """Write ``value`` to a file. Raises OSError."""
    path.write_text(dumps(value), encoding="utf-8")


def load(kind: type[T], path: Path) -> T:
    """Read a ``kind`` from a file. Raises OSError, ValueError or RecursionError."""
    return loads(kind, path.read_text(encoding="utf-8"))


def encode(value: Any) -> Any:
    """``value`` in JSON's types: fields and keys keep their order. Raises TypeError for anything not supported."""
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
    """Inverse of ``encode``. An absent field gets its default, an unknown key is ignored.

    Raises ValueError that names the place, such as ``Record.options[2].name: expected a string, found null``.
    """
    value: T = _decode(kind, data, kind.__name__)
    return value


def _decode(kind: Any, data: Any, where: str) -> Any:
    """``data`` as ``kind``, which may be any annotation. ``where`` is the place for errors."""
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass(kind, data, where)
    origin, arguments = _parts(kind)
    if origin is tuple:
        return _tuple(arguments, data, where)
    if origin is Union:
        return _union(arguments, data, where)
    if origin in (Mapping, dict):
        return {key: _decode(arguments[1], item, f"{where}.{key}") for key, item in _expect(dict, data, where).items()}
    if origin is Literal:
        return _one_of(arguments, data, where)
    return _plain(kind, data, where)


def _plain(kind: Any, data: Any, where: str) -> Any:
    """Values without parts."""
    if kind is float:
        return math.nan if data is None else _float(data, where)
    if kind in (str, int, bool):
        return _expect(kind, data, where)
    if kind in (None, types.NoneType):
        return data if data is None else _fail(where, "null", data)
    if kind is Any:
        return data
    if issubclass(kind, Enum):
        return kind(_one_of([member.value for member in kind], data, where))
    if issubclass(kind, PurePath):
        return kind(_expect(str, data, where))
    raise TypeError(f"{where}: no JSON for {kind}")


def _float(data: Any, where: str) -> float:
    if type(data) not in (int, float):
        _fail(where, _NAMES[float], data)
    try:
        return float(data)
    except OverflowError:
        raise ValueError(f"{where}: the number is too large") from None


def _dataclass(kind: type, data: Any, where: str) -> Any:
    data = _expect(dict, data, where)
    found = {}
    for name, hint, required in _fields(kind):
        if name in data:
            found[name] = _decode(hint, data[name], f"{where}.{name}")
        elif required:
            raise ValueError(f"{where}.{name} is missing")
    return kind(**found)


def _tuple(arguments: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    data = _expect(list, data, where)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple([_decode(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(data)])
    if len(data) != len(arguments):
        raise ValueError(f"{where}: expected {len(arguments)} items, found {len(data)}")
    pairs = enumerate(zip(arguments, data, strict=True))
    return tuple([_decode(kind, item, f"{where}[{index}]") for index, (kind, item) in pairs])


def _union(arms: tuple[Any, ...], data: Any, where: str) -> Any:
    """The arm of the value's own type where there is one, else the first that takes it."""
    if data is None and types.NoneType in arms:
        return None
    arms = tuple(arm for arm in arms if arm is not types.NoneType)
    if type(data) in arms:
        return data
    for arm in arms[:-1]:
        try:
            return _decode(arm, data, where)
        except ValueError:
            continue
    return _decode(arms[-1], data, where)


def _one_of(values: Iterable[Any], data: Any, where: str) -> Any:
    """The one of ``values`` that equals ``data`` and has its type: true is not 1."""
    values = list(values)
    for value in values:
        if type(value) is type(data) and value == data:
            return value
    raise ValueError(f"{where}: expected one of {', '.join(map(repr, values))}, found {_shown(data)}")


def _expect(kind: type, data: Any, where: str) -> Any:
    """``data``, which must be exactly of this JSON type."""
    return data if type(data) is kind else _fail(where, _NAMES[kind], data)


def _fail(where: str, expected: str, data: Any) -> typing.NoReturn:
    raise ValueError(f"{where}: expected {expected}, found {_shown(data)}")


def _shown(data: Any) -> str:
    return "null" if data is None else _NAMES.get(type(data), type(data).__name__)


@cache
def _parts(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """Origin and arguments of an annotation; both spellings of a union have the same origin."""
    origin = typing.get_origin(kind)
    return Union if origin is types.UnionType else origin, typing.get_args(kind)


@cache
def _fields(kind: type) -> tuple[tuple[str, Any, bool], ...]:
    """Name, annotation and whether it is required, for each field that the constructor takes."""
    hints = typing.get_type_hints(kind)
    return tuple(
        (field.name, hints[field.name], field.default is MISSING and field.default_factory is MISSING)
        for field in fields(kind)
        if field.init
    )
