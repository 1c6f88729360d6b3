"""The record as JSON text: Step 8's keys at the top level, ASCII only, no NaN. Reading it back gives the same record.

The file is flatter than the dataclasses: figures are at the top level, and a step's evidence is on the level of its
outcome. The pairs of functions here convert between the two; ``base/jsonable`` does the rest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from textwrap import indent
from typing import Any

from dsbench.base import jsonable
from dsbench.base.errors import Code, DsbenchError
from dsbench.record.evidence import Evidence, Picture, TextFile
from dsbench.record.schema import SCHEMA, Record, RunMeasurement, RunTelemetry, StepRecord

_HEAD = (
    *("model_name", "engine", "max_bs", "trtexec", "peak_gpu_streams", "deepstream", "real_time"),
    *("confirmed_streams", "every_stream", "target_fps", "runtime", "runtime_label", "verdict", "interrupted_in"),
    *("schema", "dsbench_version", "session", "started", "updated", "ended", "model_dir"),
    *("video", "options", "environment", "handover", "beyond"),
)
"""Keys before the lists, in the order of the file."""
_MEASUREMENT = (
    *("name", "streams", "state", "real_time", "reasons", "target_fps", "warm_up_s", "windows"),
    *("ended_early_s", "clock", "total", "slowest", "per_stream", "lowest", "stalled", "remarks"),
)
_DIGITS = {"warm_up_s": 2, "ended_early_s": 2, "clock": 4}
_FPS_DIGITS = 4
_ONE_LINE = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def to_json(record: Record) -> str:
    """The text of ``benchmark_data.json``."""
    head = json.dumps(_head(record), indent=1, allow_nan=False)
    lists = {
        "measurements": map(_measurement_text, record.measurements),
        "steps": map(_step_text, record.steps),
        "telemetry": map(_telemetry_text, record.telemetry),
    }
    tail = ",\n".join(f' "{name}": {_list(items)}' for name, items in lists.items())
    return f"{head.removesuffix('}').rstrip()},\n{tail}\n}}\n"


def from_json(text: str, *, where: str = "") -> Record:
    """Inverse of ``to_json``. Raises RECORD_INVALID for anything that is no record of this schema."""
    try:
        data = json.loads(text)
        if data["schema"] != SCHEMA:
            raise _invalid(f"schema {data['schema']}, this dsbench reads {SCHEMA}", where)
        return jsonable.decode(Record, _nested(data))
    except DsbenchError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _invalid(f"not a record of dsbench ({type(error).__name__}: {error})", where) from error


def without_bulk(evidence: Evidence) -> Evidence:
    """The evidence without the contents of pictures and texts: the files are in the model directory."""
    return replace(
        evidence,
        texts=tuple(TextFile(text.title, "") for text in evidence.texts),
        pictures=tuple(map(_without_data, evidence.pictures)),
        grids=tuple(
            replace(grid, columns=tuple(replace(one, pictures=()) for one in grid.columns)) for grid in evidence.grids
        ),
    )


def _without_data(picture: Picture) -> Picture:
    return replace(picture, base64="")


def _invalid(what: str, where: str) -> DsbenchError:
    return DsbenchError(Code.RECORD_INVALID, what, where=where, fix="move the file away and run again")


def _head(record: Record) -> dict[str, Any]:
    data = jsonable.encode(replace(record, steps=(), telemetry=(), measurements=()))
    data |= data.pop("figures") | {"verdict": record.verdict, "schema": SCHEMA}
    data["trtexec"] = {name: data[name] for name in ("bs1", "bsmax")}
    data["deepstream"] = {name: data[name] for name in ("run1", "run2", "run2_first")}
    data["environment"] = dict(record.environment)
    return {key: data[key] for key in _HEAD}


def _nested(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **data,
        "figures": {**data, **data["trtexec"], **data["deepstream"]},
        "environment": [list(pair) for pair in data["environment"].items()],
        "steps": [_nested_step(step) for step in data["steps"]],
        "telemetry": [{**run, "series": run} for run in data.get("telemetry", ())],
        "measurements": [_nested_measurement(run) for run in data.get("measurements", ())],
    }


def _list(items: Iterable[str]) -> str:
    """A top-level list of the record; the items are already indented."""
    text = ",\n".join(items)
    return f"[\n{text}\n ]" if text else "[]"


def _item(data: dict[str, Any]) -> str:
    """An indented item for ``_list``."""
    return indent(json.dumps(data, indent=1, allow_nan=False), "  ")


# --- steps ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _step_text(step: StepRecord) -> str:
    """JSON text of a step; cached, because each write of the record repeats all earlier steps."""
    data = jsonable.encode(without_bulk(step.evidence))
    data["texts"] = [text["title"] for text in data["texts"]]
    data["pictures"] = [{"title": item["title"], "mime_type": item["mime_type"]} for item in data["pictures"]]
    name, seconds = data.pop("step"), jsonable.encode(round(step.seconds, 2))
    return _item({"step": name, "outcome": step.outcome, "seconds": seconds, **data})


def _nested_step(data: dict[str, Any]) -> dict[str, Any]:
    texts = [{"title": title, "body": ""} for title in data["texts"]]
    pictures = [{**item, "base64": ""} for item in data["pictures"]]
    return {**data, "evidence": {**data, "texts": texts, "pictures": pictures}}


# --- measurements -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _measurement_text(run: RunMeasurement) -> str:
    """JSON text of a run's measurement. An interval is [mean, low, high] in frames per second.

    ``real_time`` and ``slowest`` are derived; they are written for readers of the file.
    """
    found = run.measurement
    data = {**jsonable.encode(found), "name": run.name, "real_time": str(found.real_time), "slowest": found.slowest}
    data |= {key: _rounded(data[key], digits) for key, digits in _DIGITS.items()}
    data |= {"total": _interval(data["total"]), "per_stream": [_interval(one) for one in data["per_stream"]]}
    data["lowest"] = [_rounded(value, _FPS_DIGITS) for value in found.lowest]
    return _item({key: data[key] for key in _MEASUREMENT})


def _nested_measurement(data: dict[str, Any]) -> dict[str, Any]:
    """Inverse of ``_measurement_text``. In older records a reason has no state: it gets the run's."""
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


# --- telemetry --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _telemetry_text(run: RunTelemetry) -> str:
    """JSON text of a run's telemetry, one line for each sample."""
    data = jsonable.encode(run)
    data |= data.pop("series")
    rows = ",\n".join(f"   {_ONE_LINE.encode(row)}" for row in data.pop("rows"))
    head = ",\n".join(f"   {_ONE_LINE.encode(key)}: {_ONE_LINE.encode(value)}" for key, value in data.items())
    return f'  {{\n{head},\n   "rows": [\n{rows}\n   ]\n  }}'
