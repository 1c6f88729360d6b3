"""A run's measures in Bencher Metric Format: ``{benchmark: {measure: {value, lower_value, upper_value}}}``.

https://bencher.dev/docs/reference/bencher-metric-format. Bencher's own measures ``throughput`` and ``latency`` are in
operations per second and in nanoseconds.
"""

from __future__ import annotations

from dsbench.record import comparable
from dsbench.record.schema import Record

_NAMES = {
    "streams": ("real-time-streams", 1.0),
    "throughput": ("throughput", 1.0),
    "map": ("map-50-95", 1.0),
    "map50": ("map-50", 1.0),
    "f1": ("import-f1", 1.0),
    "latency": ("latency", 1e6),
    "cpu_per_frame": ("cpu-ms-per-frame", 1.0),
    "memory": ("memory-mib", 1.0),
    "gpu_memory": ("gpu-memory-mib", 1.0),
}
"""Slug and factor of each measure."""
_LONGEST_NAME = 1024

Metric = dict[str, float]


def export(record: Record) -> dict[str, dict[str, Metric]]:
    """The record as one benchmark, named after the model."""
    found: dict[str, Metric] = {}
    for one in comparable.of_record(record).measures:
        slug, factor = _NAMES[one.key]
        values = (("value", one.value), ("lower_value", one.low), ("upper_value", one.high))
        found[slug] = {name: value * factor for name, value in values if value is not None}
    name = record.model_name.encode("utf-8", "replace").decode("utf-8")[:_LONGEST_NAME]
    return {name: found} if found else {}
