"""The values that the fields of a record may have, as parts of a JSON Schema. A number without a row is not negative.

What a faulty import can give (a score of 37, a threshold of -1) is in bounds: an honest record of it must be valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Bounds = dict[str, Any]
COUNT: Bounds = {"minimum": 0}
_ANY: Bounds = {}
_ONE: Bounds = {"minimum": 1}
_FRACTION: Bounds = {"minimum": 0, "maximum": 1}
_COMPUTED_FRACTION: Bounds = {"minimum": 0, "maximum": 1.0001}
"""A rounding error may be above 1."""
_SHA256: Bounds = {"pattern": "^[0-9a-f]{64}$"}
_TIME: Bounds = {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}

FIELDS: Mapping[str, Bounds] = {
    **dict.fromkeys(("Record.started", "Record.updated", "Record.ended"), _TIME),
    "Record.runtime": {"enum": ["deepstream", "embedded"]},
    "Figures.max_bs": _ONE,
    "Figures.target_fps": {"exclusiveMinimum": 0},
    "Figures.every_stream": {"enum": ["YES", "NO", "UNSURE", None]},
    "StreamFigures.streams": _ONE,
    "FileRecord.sha256": _SHA256,
    "GateData.dump_sha256": _SHA256,
    "GateData.min_rate": _FRACTION,
    "GateData.scores": _ANY,
    "GateData.median_score": _ANY,
    "DetectionSummary.required_rate": _FRACTION,
    "DetectionSummary.width": _ONE,
    "DetectionSummary.height": _ONE,
    "MatchTally.ious": _COMPUTED_FRACTION,
    "MatchTally.drifts": _ANY,
    **dict.fromkeys(("KeyCostData.f1", "KeyCostData.median_iou"), _COMPUTED_FRACTION),
    "KeyCostData.score_drift": _ANY,
    **dict.fromkeys((f"Precision.{name}" for name in ("map50", "map", "low", "high")), _COMPUTED_FRACTION),
    **dict.fromkeys(("ClassPrecision.ap50", "ClassPrecision.ap"), _COMPUTED_FRACTION),
    "AccuracyData.gate": _FRACTION,
    **dict.fromkeys(("Tolerance.iou", "Tolerance.score", "Throttled.fraction"), _FRACTION),
    "AppRun.streams": _ONE,
    "AppRun.most_streams": _ONE,
    "AppRun.stream0": _ANY,
    "Windows.streams": _ONE,
    "Windows.interval_s": _ONE,
    "Windows.avg": _ANY,
    # temperatures may be below zero
    **dict.fromkeys((f"ColumnSummary.{name}" for name in ("mean", "p95", "smallest", "largest")), _ANY),
    "TelemetrySummary.before": _ANY,
    "Series.rows": _ANY,
    **dict.fromkeys(("RunMeasure.value", "RunMeasure.samples", "RunMeasure.low", "RunMeasure.high"), _ANY),
    **dict.fromkeys(("OptionRecord.value", "FactRecord.value"), _ANY),
    **dict.fromkeys((f"ConfigSummary.{name}" for name in ("height", "width", "channels")), _ONE),
    **dict.fromkeys((f"ConfigSummary.{name}" for name in ("net_scale_factor", "offsets", "topk")), _ANY),
    **dict.fromkeys((f"ConfigSummary.{name}" for name in ("pre_cluster_threshold", "nms_iou_threshold")), _ANY),
    **dict.fromkeys((f"ConfigSummary.{name}" for name in ("model_color_format", "cluster_mode", "network_mode")), _ANY),
    "TensorSummary.shape": _ANY,
}
"""Bounds by class and field; of a list or a mapping those of its values."""


def narrowed(kind: str, field: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field with its bounds."""
    return _narrowed(schema, FIELDS.get(f"{kind}.{field}", COUNT))


def _narrowed(schema: dict[str, Any], bounds: Bounds) -> dict[str, Any]:
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            return {**schema, key: _narrowed(schema[key], bounds)}
    for key in ("prefixItems", "anyOf"):
        if key in schema:
            return {**schema, key: [_narrowed(one, bounds) for one in schema[key]]}
    kinds = schema.get("type", [])
    numeric = bool({"integer", "number"} & {kinds} if isinstance(kinds, str) else {"integer", "number"} & {*kinds})
    return schema | bounds if numeric or bounds is not COUNT else schema
