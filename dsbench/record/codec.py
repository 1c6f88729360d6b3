"""The record as JSON: Step 8's keys at the top, ASCII only, no NaN. Reading back gives the same record."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import lru_cache
from textwrap import indent
from typing import Any

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.telemetry import OtherProcess, Series
from dsbench.record import measurement_codec
from dsbench.record.evidence import Evidence, Picture, Text
from dsbench.record.schema import (
    SCHEMA,
    Figures,
    OptionRecord,
    Record,
    RecordState,
    RunTelemetry,
    StepRecord,
    StreamFigures,
    TrtexecFigures,
    VideoRecord,
)


def to_json(record: Record) -> str:
    """The text of ``benchmark_data.json``."""
    figures = record.figures
    data = {
        "model_name": record.model_name,
        "engine": figures.engine,
        "max_bs": figures.max_bs,
        "trtexec": {"bs1": asdict(figures.bs1), "bsmax": asdict(figures.bsmax)},
        "peak_gpu_streams": figures.peak_gpu_streams,
        "deepstream": {
            "run1": asdict(figures.run1),
            "run2": asdict(figures.run2),
            "run2_first": asdict(figures.run2_first) if figures.run2_first else None,
        },
        "real_time": figures.real_time,
        "confirmed_streams": figures.confirmed_streams,
        "every_stream": figures.every_stream,
        "target_fps": figures.target_fps,
        "runtime": record.runtime,
        "runtime_label": record.runtime_label,
        "verdict": record.verdict,
        "interrupted_in": record.interrupted_in,
        "schema": SCHEMA,
        "dsbench_version": record.dsbench_version,
        "session": record.session,
        "started": record.started,
        "updated": record.updated,
        "ended": record.ended,
        "model_dir": record.model_dir,
        "video": asdict(record.video) if record.video else None,
        "options": [asdict(option) for option in record.options],
        "environment": dict(record.environment),
        "beyond": dict(record.beyond),
        "measurements": [measurement_codec.to_data(run) for run in record.measurements],
    }
    text = json.dumps(_finite(data), indent=1, allow_nan=False)
    steps = _list(map(_step_text, record.steps))
    return f'{text.removesuffix("}").rstrip()},\n "steps": {steps},\n "telemetry": {_telemetry(record.telemetry)}\n}}\n'


def from_json(text: str, *, where: str = "") -> Record:
    """Inverse of ``to_json``. Raises RECORD_INVALID for anything that is no record of this schema."""
    try:
        data = json.loads(text)
        if data["schema"] != SCHEMA:
            raise _invalid(f"schema {data['schema']}, this dsbench reads {SCHEMA}", where)
        return _record(data)
    except DsbenchError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _invalid(f"not a record of dsbench ({type(error).__name__}: {error})", where) from error


def without_bulk(evidence: Evidence) -> Evidence:
    """The evidence with pictures and texts by their titles only: the files lie in the model directory."""
    return replace(
        evidence,
        texts=tuple(Text(text.title, "") for text in evidence.texts),
        pictures=tuple(Picture(picture.title, picture.mime_type, "") for picture in evidence.pictures),
    )


def state_to_json(state: RecordState) -> str:
    """A record's state as it travels between processes."""
    return json.dumps(_finite(asdict(state)), allow_nan=False)


def state_from_json(text: str) -> RecordState:
    """Inverse of ``state_to_json``."""
    data = json.loads(text)
    return RecordState(_figures(data["figures"]), data["trouble"], data["path"])


def _figures(data: dict[str, Any]) -> Figures:
    first = data["run2_first"]
    return Figures(
        engine=data["engine"],
        max_bs=data["max_bs"],
        bs1=TrtexecFigures(**data["bs1"]),
        bsmax=TrtexecFigures(**data["bsmax"]),
        peak_gpu_streams=data["peak_gpu_streams"],
        run1=StreamFigures(**data["run1"]),
        run2=StreamFigures(**data["run2"]),
        run2_first=StreamFigures(**first) if first else None,
        target_fps=data["target_fps"],
        real_time=data["real_time"],
        confirmed_streams=data["confirmed_streams"],
        every_stream=data.get("every_stream"),
    )


def _invalid(what: str, where: str) -> DsbenchError:
    return DsbenchError(Code.RECORD_INVALID, what, where=where, fix="move the file away and run again")


def _list(items: Iterable[str]) -> str:
    """A list at the top of the record, of items that are indented already."""
    text = ",\n".join(items)
    return f"[\n{text}\n ]" if text else "[]"


@lru_cache(maxsize=256)
def _step_text(step: StepRecord) -> str:
    """Kept: the record is written after each step, with all steps before it."""
    return indent(json.dumps(_finite(_step(step)), indent=1, allow_nan=False), "  ")


def _step(step: StepRecord) -> dict[str, Any]:
    evidence: dict[str, Any] = json.loads(without_bulk(step.evidence).to_json())
    evidence["texts"] = [text["title"] for text in evidence["texts"]]
    evidence["pictures"] = [{"title": item["title"], "mime_type": item["mime_type"]} for item in evidence["pictures"]]
    name = evidence.pop("step")
    return {"step": name, "outcome": step.outcome, "seconds": round(step.seconds, 2), **evidence}


def _step_from(data: dict[str, Any]) -> StepRecord:
    data = dict(data)
    outcome, seconds = data.pop("outcome"), data.pop("seconds")
    data["texts"] = [{"title": title, "body": ""} for title in data["texts"]]
    data["pictures"] = [{**item, "base64": ""} for item in data["pictures"]]
    return StepRecord(Evidence.from_json(json.dumps(data)), outcome, seconds)


def _record(data: dict[str, Any]) -> Record:
    figures = _figures({**data, **data["trtexec"], **data["deepstream"]})
    return Record(
        model_name=data["model_name"],
        model_dir=data["model_dir"],
        runtime=data["runtime"],
        runtime_label=data["runtime_label"],
        dsbench_version=data["dsbench_version"],
        session=data["session"],
        started=data["started"],
        updated=data["updated"],
        ended=data["ended"],
        interrupted_in=data["interrupted_in"],
        figures=figures,
        video=VideoRecord(**data["video"]) if data["video"] else None,
        options=tuple(OptionRecord(**option) for option in data["options"]),
        environment=tuple(data["environment"].items()),
        steps=tuple(_step_from(step) for step in data["steps"]),
        telemetry=tuple(_run_telemetry(run) for run in data.get("telemetry", ())),
        beyond=dict(data.get("beyond") or {}),
        measurements=tuple(measurement_codec.from_data(run) for run in data.get("measurements", ())),
    )


def _telemetry(runs: tuple[RunTelemetry, ...]) -> str:
    """The runs' series as JSON, a line for each sample: a line for each number would be most of the record."""
    return _list(map(_run_telemetry_text, runs))


def _run_telemetry_text(run: RunTelemetry) -> str:
    data = asdict(run)
    series = data.pop("series")
    rows = ",\n".join(f"   {_line(row)}" for row in series.pop("rows"))
    head = ",\n".join(f"   {_line(key)}: {_line(value)}" for key, value in {**data, **series}.items())
    return f'  {{\n{head},\n   "rows": [\n{rows}\n   ]\n  }}'


def _line(value: Any) -> str:
    return json.dumps(_finite(value), allow_nan=False, separators=(",", ":"))


def _run_telemetry(data: dict[str, Any]) -> RunTelemetry:
    series = Series(
        devices=tuple(data["devices"]),
        columns=tuple(data["columns"]),
        rows=tuple(tuple(row) for row in data["rows"]),
        processes=tuple(OtherProcess(**process) for process in data["processes"]),
        notes=tuple(data["notes"]),
        sample_ms=data["sample_ms"],
    )
    window = data["window"]
    return RunTelemetry(data["name"], data["streams"], tuple(window) if window else None, series)


def _finite(value: Any) -> Any:
    """``value`` with every NaN and infinity as None: JSON has neither."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
