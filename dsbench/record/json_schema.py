"""JSON Schema (draft 2020-12) of the record, from the dataclasses: ``python -m dsbench.record.json_schema`` prints it.

Descriptions are the texts below the fields. Objects allow no other keys, so a test that validates a record shows
every field that was added without a new schema.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, Union

from dsbench.base.steps import RECORD_KEYS, STEPS
from dsbench.formats.telemetry import Series
from dsbench.judge.run.measurement import Measurement, RealTime
from dsbench.record import bounds, digests, layout, totals
from dsbench.record.codec import HEAD
from dsbench.record.evidence import Evidence
from dsbench.record.schema import (
    SCHEMA_VERSION,
    Figures,
    ModelVerdict,
    Record,
    RunTelemetry,
    StreamFigures,
    TrtexecFigures,
)

Schema = dict[str, Any]
_PLAIN: dict[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_INTERVAL: Schema = {
    "description": "Mean, and the bounds of its 95 % confidence interval, in FPS; null: not known.",
    "type": "array",
    "items": {"type": ["number", "null"]},
    "minItems": 3,
    "maxItems": 3,
}


def schema() -> Schema:
    """The whole schema."""
    known = _properties(Record) | _properties(Figures)
    found = {key: known[key] for key in HEAD if key in known}
    found |= {
        "trtexec": _object({name: _of(TrtexecFigures) for name in ("bs1", "bsmax")}),
        "deepstream": _object(
            {name: _of(StreamFigures) for name in ("run1", "run2")}
            | {"run2_first": _nullable(_of(StreamFigures), "The first attempt of run 2 if there was a retry.")}
        ),
        "verdict": {"enum": ["passed", "failed", "inconclusive", "incomplete"]},
        "answers": _of(ModelVerdict),
        "schema_version": {"const": SCHEMA_VERSION},
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "beyond": _beyond(),
        "measurements": {"type": "array", "items": _measurement()},
        "steps": {"type": "array", "items": _step()},
        "telemetry": {"type": "array", "items": _telemetry()},
        "raw": known["raw"],
        totals.KEY: _totals(),
        digests.KEY: _digests(),
    }
    order = (*HEAD, "measurements", "steps", "telemetry", "raw", totals.KEY, digests.KEY)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dsbench run record",
        "description": "reports/benchmark_data.json: one run of dsbench on one model directory (docs/record.md).",
        **_object({key: found[key] for key in order}),
        "$defs": _definitions([found[key] for key in order]),
    }


def _definitions(found: Any) -> Schema:
    """The dataclasses that ``found`` refers to, directly or not."""
    known = {kind.__name__: kind for kind in _classes(Record) | {ModelVerdict}}
    made: Schema = {}
    names = _referred(found)
    while names - set(made):
        made |= {name: _object(_properties(known[name])) for name in names - set(made)}
        names = _referred([found, made])
    return {name: made[name] for name in sorted(made)}


def _referred(found: Any) -> set[str]:
    if isinstance(found, dict):
        named = {found["$ref"].rpartition("/")[2]} if "$ref" in found else set[str]()
        return named.union(*map(_referred, found.values()))
    return set[str]().union(*map(_referred, found)) if isinstance(found, list) else set()


def _classes(kind: Any) -> set[type]:
    """The dataclasses in the fields of a type, itself included."""
    if isinstance(kind, type) and is_dataclass(kind):
        return {kind}.union(*map(_classes, typing.get_type_hints(kind).values()))
    return set[type]().union(*map(_classes, typing.get_args(kind)))


def _beyond() -> Schema:
    """Entries of the steps beyond the specification: their dataclasses belong to the steps."""
    entry = {"type": ["object", "null"], "description": "Null if the step did not run or has no result."}
    return _object(dict.fromkeys(RECORD_KEYS, entry))


def _measurement() -> Schema:
    found = _properties(Measurement)
    found |= {"total": {"anyOf": [_INTERVAL, {"type": "null"}]}, "per_stream": {"type": "array", "items": _INTERVAL}}
    found |= {"name": {"type": "string"}, "real_time": _of(RealTime), "slowest": {"type": ["integer", "null"]}}
    return _object(found)


def _step() -> Schema:
    found = _properties(Evidence)
    del found["frames"], found["diffs"]
    titles = {"type": "array", "items": {"type": "string"}, "description": "Titles of shown files."}
    picture = _object({"title": {"type": "string"}, "mime_type": {"type": "string"}})
    found |= {"texts": titles, "pictures": {"type": "array", "items": picture}}
    outcome = {"enum": ["passed", "failed", "skipped", "inconclusive"]}
    found["step"] = {"enum": [step.name for step in STEPS]}
    return _object(found | {"outcome": outcome, "seconds": {"type": "number", **bounds.COUNT}})


def _telemetry() -> Schema:
    found = _properties(RunTelemetry)
    del found["series"]
    return _object(found | _properties(Series))


def _totals() -> Schema:
    counts: list[Schema] = [{"title": name, "type": "integer", **bounds.COUNT} for name in ("values", "numbers")]
    return {"type": "object", "additionalProperties": _row([*counts, {"title": "sum", "type": "number"}])}


def _digests() -> Schema:
    sections = {"type": "object", "additionalProperties": {"type": "string"}}
    return _object({"record": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "sections": sections})


# --- types ------------------------------------------------------------------------------------------------------------


def _of(kind: Any) -> Schema:
    """The schema of a type, as ``jsonable`` writes it."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is float:
        return {"type": ["number", "null"]}  # NaN and infinity are null
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if kind is types.NoneType:
        return {"type": "null"}
    if origin in (types.UnionType, Union):
        return _union([_of(arm) for arm in arguments])
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(arguments[1])}
    if origin is tuple and arguments[1:] == (...,):
        return {"type": "array", "items": _of(arguments[0])}
    if origin is tuple:
        return _row([_of(item) for item in arguments])
    if kind is Any:
        return {}
    return _of_class(kind)


def _of_class(kind: type) -> Schema:
    if is_dataclass(kind):
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if issubclass(kind, tuple):  # a NamedTuple: a row of a table
        hints = typing.get_type_hints(kind)
        return _row([{"title": name, **_of(hint)} for name, hint in hints.items()])
    return {"type": "string"}  # a path


def _union(arms: list[Schema]) -> Schema:
    """One list of types where every arm is a plain type."""
    if all(set(arm) == {"type"} for arm in arms):
        every = [name for arm in arms for name in ([arm["type"]] if isinstance(arm["type"], str) else arm["type"])]
        return {"type": list(dict.fromkeys(every))}
    return {"anyOf": arms}


def _row(items: list[Schema]) -> Schema:
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _properties(kind: type) -> dict[str, Schema]:
    """The schema of each field of a dataclass."""
    hints, texts = typing.get_type_hints(kind), _texts(kind)
    found = {field.name: bounds.narrowed(kind.__name__, field.name, _of(hints[field.name])) for field in fields(kind)}
    return {name: {"description": texts[name], **one} if name in texts else one for name, one in found.items()}


def _object(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _nullable(one: Schema, description: str) -> Schema:
    return {"description": description, "anyOf": [one, {"type": "null"}]}


@cache
def _texts(kind: type) -> Mapping[str, str]:
    """The text below each field of a class, on one line."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            found[field.target.id] = " ".join(ast.literal_eval(text.value).split())
    return found


if __name__ == "__main__":
    print(layout.text(schema()), end="")
