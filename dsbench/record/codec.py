"""The record as JSON: Step 8's keys at the top level, ASCII only, no NaN. Reading it back gives the same record.

The file is flatter than the dataclasses: figures are at the top level, and a step's evidence is on the level of its
outcome. The pairs of functions here convert between the two; ``base/jsonable`` does the rest. docs/record.md describes
the file, ``json_schema.py`` prints its JSON Schema.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from dsbench.base import jsonable, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.record import digests, layout, totals, verdict
from dsbench.record.evidence import Evidence, Picture, TextFile
from dsbench.record.schema import OLDEST_READ, SCHEMA_VERSION, Record, RunMeasurement, RunTelemetry, StepRecord

HEAD = (
    *("model_name", "engine", "max_bs", "trtexec", "peak_gpu_streams", "deepstream", "real_time"),
    *(
        "confirmed_streams",
        "every_stream",
        "target_fps",
        "runtime",
        "runtime_label",
        "verdict",
        "answers",
        "interrupted_in",
    ),
    *("schema_version", "dsbench_version", "session", "started", "updated", "ended", "model_dir"),
    *("video", "machine", "environment", "options", "facts", "files", "handover", "beyond"),
)
"""Keys before the lists, in the order of the file."""
VERSION_KEYS = ("schema_version", "schema")
MEASUREMENT = (
    *("name", "streams", "state", "real_time", "reasons", "target_fps", "warm_up_s", "windows"),
    *("ended_early_s", "clock", "total", "slowest", "per_stream", "lowest", "stalled", "remarks"),
)
_DIGITS = {"warm_up_s": 2, "ended_early_s": 2, "clock": 4}
_FPS_DIGITS = 4


def to_json(record: Record) -> str:
    """The text of ``benchmark_data.json``."""
    written = document(record)
    written[totals.KEY] = totals.totals(written)
    return layout.text({**written, digests.KEY: digests.digests(written)})


def from_json(text: str, *, where: str = "") -> Record:
    """Inverse of ``to_json``. Raises RECORD_INVALID for anything that is no record, RECORD_VERSION for a newer one."""
    return from_data(parse(text, where=where), where=where)


def parse(text: str, *, where: str = "") -> dict[str, Any]:
    """The JSON object of a record, of a version that can be read. Raises RECORD_INVALID, RECORD_VERSION."""
    try:
        data = reading.parse_json(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(error, where) from error
    return with_version(data, where=where)


def with_version(data: Any, *, where: str = "") -> dict[str, Any]:
    """``data`` with its ``schema_version``, which older records call ``schema``. Raises RECORD_INVALID, RECORD_VERSION
    if this dsbench does not read it."""
    if not isinstance(data, dict):
        raise _invalid(TypeError("not an object"), where)
    version = next((data[key] for key in VERSION_KEYS if key in data), None)
    if type(version) is not int or version < OLDEST_READ:
        raise _invalid(ValueError(f"schema_version {version!r}"), where)
    if version > SCHEMA_VERSION:
        what = f"the record has schema_version {version}, this dsbench reads {OLDEST_READ} to {SCHEMA_VERSION}"
        raise DsbenchError(Code.RECORD_VERSION, what, where=where, fix="update dsbench, or run pytest again with this")
    return {**data, "schema_version": version}


def from_data(data: dict[str, Any], *, where: str = "") -> Record:
    """The record in ``parse``'s result. Raises RECORD_INVALID."""
    with its_shape_expected(where):
        record = jsonable.decode(Record, _nested(data))
        verdict.of_record(record)  # the parts that have no type of their own are as it expects them
    return record


@contextmanager
def its_shape_expected(where: str = "") -> Iterator[None]:
    """Raises RECORD_INVALID where a part of the record is not what the code within expects."""
    try:
        yield
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        AssertionError,
        RecursionError,
    ) as error:
        raise _invalid(error, where) from error


def document(record: Record) -> dict[str, Any]:
    """The record in JSON's types, as it is written, without its totals and digests."""
    data = _head(record)
    data["measurements"] = [_measurement(run) for run in record.measurements]
    data["steps"] = [_step(step) for step in record.steps]
    data["telemetry"] = [_telemetry(run) for run in record.telemetry]
    data["raw"] = jsonable.encode(record.raw)
    return data


def without_bulk(evidence: Evidence) -> Evidence:
    """The evidence without frames, diffs, contents of pictures and texts: the files are in the model directory."""
    return replace(
        evidence,
        frames=(),
        diffs=(),
        texts=tuple(TextFile(text.title, "") for text in evidence.texts),
        pictures=tuple(map(_without_data, evidence.pictures)),
        grids=tuple(
            replace(grid, columns=tuple(replace(one, pictures=()) for one in grid.columns)) for grid in evidence.grids
        ),
    )


def _without_data(picture: Picture) -> Picture:
    return replace(picture, base64="")


def _invalid(error: Exception, where: str) -> DsbenchError:
    said = type(error).__name__ if type(error) is RecursionError else f"{type(error).__name__}: {error}"
    fix = "move the file away and run again"
    return DsbenchError(Code.RECORD_INVALID, f"not a record of dsbench ({said})", where=where, fix=fix)


def _head(record: Record) -> dict[str, Any]:
    data = jsonable.encode(replace(record, steps=(), telemetry=(), measurements=(), raw=type(record.raw)()))
    data |= data.pop("figures") | {"verdict": record.verdict, "schema_version": SCHEMA_VERSION}
    data["answers"] = jsonable.encode(verdict.of_record(record))
    data["trtexec"] = {name: data[name] for name in ("bs1", "bsmax")}
    data["deepstream"] = {name: data[name] for name in ("run1", "run2", "run2_first")}
    data["environment"] = dict(record.environment)
    return {key: data[key] for key in HEAD}


def _nested(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **data,
        "figures": {**data, **data["trtexec"], **data["deepstream"]},
        "environment": [list(pair) for pair in data["environment"].items()],
        "steps": [_nested_step(step) for step in data["steps"]],
        "telemetry": [{**run, "series": run} for run in data.get("telemetry", ())],
        "measurements": [_nested_measurement(run) for run in data.get("measurements", ())],
    }


# --- steps ------------------------------------------------------------------------------------------------------------


def _step(step: StepRecord) -> dict[str, Any]:
    data = jsonable.encode(without_bulk(step.evidence))
    data["texts"] = [text["title"] for text in data["texts"]]
    data["pictures"] = [{"title": item["title"], "mime_type": item["mime_type"]} for item in data["pictures"]]
    del data["frames"], data["diffs"]
    name, seconds = data.pop("step"), jsonable.encode(round(step.seconds, 2))
    return {"step": name, "outcome": step.outcome, "seconds": seconds, **data}


def _nested_step(data: dict[str, Any]) -> dict[str, Any]:
    texts = [{"title": title, "body": ""} for title in data["texts"]]
    pictures = [{**item, "base64": ""} for item in data["pictures"]]
    return {**data, "evidence": {**data, "texts": texts, "pictures": pictures}}


# --- measurements -----------------------------------------------------------------------------------------------------


def _measurement(run: RunMeasurement) -> dict[str, Any]:
    """A run's measurement. An interval is [mean, low, high] in frames per second.

    ``real_time`` and ``slowest`` are derived; they are written for readers of the file.
    """
    found = run.measurement
    data = {**jsonable.encode(found), "name": run.name, "real_time": str(found.real_time), "slowest": found.slowest}
    data |= {key: _rounded(data[key], digits) for key, digits in _DIGITS.items()}
    data |= {"total": _interval(data["total"]), "per_stream": [_interval(one) for one in data["per_stream"]]}
    data["lowest"] = [_rounded(value, _FPS_DIGITS) for value in found.lowest]
    return {key: data[key] for key in MEASUREMENT}


def _nested_measurement(data: dict[str, Any]) -> dict[str, Any]:
    """Inverse of ``_measurement``. In older records a reason has no state: it gets the run's."""
    total = _nested_interval(data["total"]) if data["total"] else None
    per_stream = [_nested_interval(one) for one in data["per_stream"]]
    reasons = [{"state": data["state"], **reason} for reason in data["reasons"]]
    return {**data, "measurement": {**data, "total": total, "per_stream": per_stream, "reasons": reasons}}


def _interval(data: dict[str, Any] | None) -> list[float | None] | None:
    return None if data is None else [_rounded(value, _FPS_DIGITS) for value in data.values()]


def _nested_interval(values: list[float | None]) -> dict[str, float]:
    """Inverse of ``_interval``; an unknown bound is infinite."""
    names = ("mean", "low", "high")
    return {name: math.inf if value is None else value for name, value in zip(names, values, strict=True)}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _telemetry(run: RunTelemetry) -> dict[str, Any]:
    data: dict[str, Any] = jsonable.encode(run)
    data.update(data.pop("series"))
    return data
