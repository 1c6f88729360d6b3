"""Measurements in the record's JSON: an interval is [mean, low, high] in frames per second, high null if not known."""

from __future__ import annotations

import math
from typing import Any

from dsbench.judge.run.measurement import Measurement
from dsbench.judge.run.statistics import Interval
from dsbench.judge.run.verdicts import Reason, State
from dsbench.record.schema import RunMeasurement

_DIGITS = 4


def to_data(run: RunMeasurement) -> dict[str, Any]:
    """One run as JSON's types; ``real_time`` and ``slowest`` follow from the rest and are there for readers."""
    found = run.measurement
    return {
        "name": run.name,
        "streams": found.streams,
        "state": str(found.state),
        "real_time": str(found.real_time),
        "reasons": [_reason(reason) for reason in found.reasons],
        "target_fps": found.target_fps,
        "warm_up_s": round(found.warm_up_s, 2),
        "windows": found.windows,
        "ended_early_s": None if found.ended_early_s is None else round(found.ended_early_s, 2),
        "clock": round(found.clock, _DIGITS),
        "total": _interval(found.total) if found.total else None,
        "slowest": found.slowest,
        "per_stream": [_interval(one) for one in found.per_stream],
        "stalled": list(found.stalled),
    }


def from_data(data: dict[str, Any]) -> RunMeasurement:
    """Inverse of ``to_data``."""
    return RunMeasurement(
        data["name"],
        Measurement(
            state=State(data["state"]),
            reasons=tuple(_reason_from(reason, data["state"]) for reason in data["reasons"]),
            streams=data["streams"],
            target_fps=data["target_fps"],
            warm_up_s=data["warm_up_s"],
            windows=data["windows"],
            total=_interval_from(data["total"]) if data["total"] else None,
            per_stream=tuple(_interval_from(one) for one in data["per_stream"]),
            stalled=tuple(data["stalled"]),
            ended_early_s=data["ended_early_s"],
            clock=data["clock"],
        ),
    )


def _reason(one: Reason) -> dict[str, str]:
    return {"code": str(one.code), "text": one.text, "state": str(one.state)}


def _reason_from(data: dict[str, str], worst: str) -> Reason:
    """Older records have no state of a reason's own."""
    return Reason(data["code"], data["text"], State(data.get("state", worst)))


def _interval(one: Interval) -> list[float | None]:
    values = (one.mean, one.low, one.high)
    return [round(value, _DIGITS) if math.isfinite(value) else None for value in values]


def _interval_from(values: list[float | None]) -> Interval:
    mean, low, high = (math.inf if value is None else value for value in values)
    return Interval(mean, low, high)
