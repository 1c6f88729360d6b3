"""One codec for dataclasses: what is written reads back, and what does not fit is an error that names the place."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest

from dsbench.base import jsonable


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


@dataclass(frozen=True)
class Point:
    x: int
    y: float = 0.5


@dataclass(frozen=True)
class Everything:
    text: str = "模\udcff"
    whole: int = 3
    number: float = 1.5
    flag: bool = True
    colour: Colour = Colour.RED
    level: Level = Level.LOW
    way: Literal["on", 1] = "on"
    path: Path = Path("a/b")
    point: Point = Point(1)
    maybe: Point | None = None
    either: str | int | float | bool | None = None
    points: tuple[Point, ...] = ()
    pair: tuple[int, str] = (1, "a")
    table: tuple[tuple[float | None, ...], ...] = ()
    named: Mapping[str, Point] = field(default_factory=dict)
    free: Any = None


@pytest.mark.parametrize(
    ("changes", "key", "data"),
    [
        ({}, "text", "模\udcff"),
        ({}, "colour", "red"),  # an enum is its value
        ({}, "level", 1),
        ({}, "path", "a/b"),
        ({}, "point", {"x": 1, "y": 0.5}),
        ({}, "maybe", None),
        ({"maybe": Point(2)}, "maybe", {"x": 2, "y": 0.5}),
        ({"way": 1}, "way", 1),
        ({"either": True}, "either", True),  # a union keeps the type: true is not 1
        ({"either": 1}, "either", 1),
        ({"either": 1.0}, "either", 1.0),
        ({"either": "1"}, "either", "1"),
        ({"points": (Point(1), Point(2))}, "points", [{"x": 1, "y": 0.5}, {"x": 2, "y": 0.5}]),
        ({}, "pair", [1, "a"]),
        ({"table": ((1.0, None), ())}, "table", [[1.0, None], []]),
        ({"named": {"a": Point(1)}}, "named", {"a": {"x": 1, "y": 0.5}}),
        ({"free": {"a": [1, None]}}, "free", {"a": [1, None]}),
    ],
)
def test_what_is_written_reads_back(changes: dict[str, Any], key: str, data: object) -> None:
    value = Everything(**changes)
    text = jsonable.dumps(value)
    found = json.loads(text)[key]
    assert (found, type(found)) == (data, type(data))
    back = jsonable.loads(Everything, text)
    assert back == value
    assert type(getattr(back, key)) is type(getattr(value, key))


@pytest.mark.parametrize(
    ("kind", "data", "error"),
    [
        (Point, {}, "Point.x: missing"),
        (Point, None, "Point: expected an object, found null"),
        (Point, [1, 2], "Point: expected an object, found a list"),
        (Point, {"x": True}, "Point.x: expected an integer, found true or false"),
        (Point, {"x": 1.0}, "Point.x: expected an integer, found a number"),
        (Point, {"x": None}, "Point.x: expected an integer, found null"),
        (Point, {"x": 1, "y": "2"}, "Point.y: expected a number, found a string"),
        (Point, {"x": 1, "y": False}, "Point.y: expected a number, found true or false"),
        (Point, {"x": 1, "y": 10**400}, "Point.y: the number is too large"),
        (Everything, {"text": 1}, "Everything.text: expected a string, found an integer"),
        (Everything, {"flag": 1}, "Everything.flag: expected true or false, found an integer"),
        (Everything, {"colour": "blue"}, "Everything.colour: expected one of 'red', found a string"),
        (Everything, {"level": True}, "Everything.level: expected one of 1, found true or false"),
        (Everything, {"way": True}, "Everything.way: expected one of 'on', 1, found true or false"),
        (Everything, {"path": 1}, "Everything.path: expected a string, found an integer"),
        (Everything, {"maybe": 1}, "Everything.maybe: expected an object, found an integer"),
        (Everything, {"either": []}, "Everything.either: expected true or false, found a list"),
        (Everything, {"points": {}}, "Everything.points: expected a list, found an object"),
        (Everything, {"points": [{"x": 1}, {}]}, r"Everything.points\[1\].x: missing"),
        (Everything, {"pair": [1]}, "Everything.pair: expected 2 items, found 1"),
        (Everything, {"table": [[0.0], ["a"]]}, r"Everything.table\[1\]\[0\]: expected a number, found a string"),
        (Everything, {"named": []}, "Everything.named: expected an object, found a list"),
        (Everything, {"named": {"a": {}}}, "Everything.named.a.x: missing"),
    ],
)
def test_what_does_not_fit_is_an_error(kind: type, data: object, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{error}$"):
        jsonable.decode(kind, data)


def test_absent_fields_get_their_defaults_and_unknown_keys_are_ignored() -> None:
    assert jsonable.decode(Everything, {"later": 1}) == Everything()


def test_an_integer_is_a_number() -> None:
    y = jsonable.decode(Point, {"x": 1, "y": 2}).y
    assert (y, type(y)) == (2.0, float)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_null(number: float) -> None:
    assert jsonable.encode({"a": (number, 1.0)}) == {"a": [None, 1.0]}
    assert math.isnan(jsonable.loads(Point, jsonable.dumps(Point(1, number))).y)


def test_an_unsupported_type_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="no JSON for object"):
        jsonable.encode(object())


def test_text_is_ascii_and_fields_keep_their_order() -> None:
    assert jsonable.dumps(Everything()).startswith('{"text": "\\u6a21\\udcff", "whole": 3, "number": 1.5')
    assert jsonable.dumps(Point(1), indent=1) == '{\n "x": 1,\n "y": 0.5\n}'


def test_a_file(tmp_path: Path) -> None:
    jsonable.dump(Point(1), tmp_path / "p.json")
    assert jsonable.load(Point, tmp_path / "p.json") == Point(1)
    (tmp_path / "p.json").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="utf-8"):
        jsonable.load(Point, tmp_path / "p.json")
