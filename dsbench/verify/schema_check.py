"""A record against its own JSON Schema: types, bounds, keys that it does not know. Reads what ``record/json_schema.py``
writes, no more. A missing key is no matter of the schema: an older dsbench did not write every key, and the control
totals show one that was deleted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from dsbench.record import json_schema
from dsbench.verify.mismatch import FoundBy, RecordMismatch, shown

Schema = Mapping[str, Any]
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


def mismatches(data: Mapping[str, Any]) -> Iterator[RecordMismatch]:
    """Where the schema does not allow a value."""
    schema = _schema()
    for path, stated, why in _of(data, schema, "", schema["$defs"]):
        yield RecordMismatch(path, shown(stated), "", FoundBy.CONTRADICTION, f"docs/record.schema.json: {why}")


Found = tuple[str, Any, str]
"""Place, value, what is wrong with it."""


@cache
def _schema() -> Schema:
    return json_schema.schema()


def _of(value: Any, schema: Schema, path: str, known: Schema) -> Iterator[Found]:
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        arms = [list(_of(value, arm, path, known)) for arm in schema["anyOf"]]
        # what is wrong with an object says more than that it is not null
        yield from () if not all(arms) else max(arms, key=lambda found: max(len(place) for place, _, _ in found))
        return
    if (kinds := schema.get("type")) is not None and not _is(value, kinds):
        yield path, value, f"it is not {kinds if isinstance(kinds, str) else ' or '.join(kinds)}"
        return
    for key, holds in _RULES.items():
        if key in schema and not holds(value, schema[key]):
            yield path, value, f"{key} is {shown(schema[key])}"
    if isinstance(value, dict):
        yield from _object(value, schema, path, known)
    elif isinstance(value, list):
        yield from _array(value, schema, path, known)


def _object(value: Mapping[str, Any], schema: Schema, path: str, known: Schema) -> Iterator[Found]:
    parts, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    for key, item in value.items():
        below = f"{path}.{key}".lstrip(".")
        if key in parts:
            yield from _of(item, parts[key], below, known)
        elif others is False:
            yield below, item, "it is no key of the schema"
        else:
            yield from _of(item, others, below, known)


def _array(value: list[Any], schema: Schema, path: str, known: Schema) -> Iterator[Found]:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield path, value, f"it has {len(value)} items"
        return
    first = schema.get("prefixItems", ())
    for place, item in enumerate(value):
        below = first[place] if place < len(first) else schema.get("items", {})
        yield from _of(item, below, f"{path}[{place}]", known)


def _is(value: Any, kinds: str | list[str]) -> bool:
    """True and false are no numbers; a whole number may have a decimal point."""
    allowed = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(value, bool):
        return "boolean" in allowed
    if isinstance(value, float) and value.is_integer() and "integer" in allowed:
        return True
    return isinstance(value, tuple(kind for name in allowed for kind in _TYPES[name]))


def _in(value: Any, allowed: list[Any]) -> bool:
    return any(type(value) is type(one) and value == one for one in allowed)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_RULES: Mapping[str, Callable[[Any, Any], bool]] = {
    "enum": _in,
    "const": lambda value, one: _in(value, [one]),
    "pattern": lambda value, text: not isinstance(value, str) or re.search(text, value) is not None,
    "minimum": lambda value, bound: not _number(value) or value >= bound,
    "exclusiveMinimum": lambda value, bound: not _number(value) or value > bound,
    "maximum": lambda value, bound: not _number(value) or value <= bound,
}
