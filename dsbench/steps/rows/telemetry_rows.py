"""Telemetry of GPU and CPU during a run as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from dsbench.formats.perf.windows import Windows
from dsbench.formats.telemetry import COLUMNS, OtherProcess, Series
from dsbench.judge.run import telemetry
from dsbench.judge.run.telemetry import ColumnSummary, TelemetrySummary
from dsbench.record.evidence import EvidenceLog
from dsbench.report.charts import LOAD

_AS_FACTS = ("nvdec_pct", "sm_pct", "gpu_power_w", "sm_mhz", "cpu_pct", "app_cpu_pct", "others_cpu_pct")
"""Columns with a fact of their own; the table has all columns."""
_DRAWN = (("sm_pct", "SM"), ("nvdec_pct", "NVDEC"), ("gpu_memory_pct", "GPU memory"), ("cpu_pct", "CPU, all cores"))
_DRAWN_ON_CPU = (*_DRAWN[3:], ("cpu_busiest_pct", "busiest core"))
_MAX_POINTS = 60
_MAX_NAMED = 5


def add_run(log: EvidenceLog, name: str, series: Series, windows: Windows) -> None:
    """Record facts over the PERF windows that the figures cover, a table of all columns, a chart of the loads."""
    log.note(*(f"{name}: {note}" for note in series.notes))
    window = telemetry.measured_window(windows)
    if window is None or len(series.rows) < 2:
        return
    summary = telemetry.summarise(series, window)
    if not summary.samples:
        log.note(f"{name}: no GPU or CPU sample lies within the windows that the figures cover")
        return
    for column in _AS_FACTS:
        if found := summary.of(column):
            log.fact(f"{name}: {COLUMNS[column].label}", _sentence(found), f"{found.samples} samples")
    _throttling(log, name, summary)
    _others(log, name, series.processes)
    title = f"{name}: load from {window[0]:.1f} to {window[1]:.1f} s, {', '.join(series.devices)}"
    log.table(title, ("", "mean", "95th percentile", "min", "max", "before the run"), _rows(summary))
    _chart(log, name, series)
    if series.sample_ms is not None:
        log.note(f"{name}: a sample of GPU and CPU took {series.sample_ms:g} ms on average")


def _sentence(found: ColumnSummary) -> str:
    return f"mean {_value(found.column, found.mean)}, max {_value(found.column, found.largest)}"


def _value(column: str, value: float) -> str:
    known = COLUMNS[column]
    return f"{value:.{known.digits}f} {known.unit}".rstrip()


def _rows(summary: TelemetrySummary) -> list[tuple[str, ...]]:
    rows = []
    for found in summary.columns:
        values = (found.mean, found.p95, found.smallest, found.largest)
        before = summary.before_run(found.column)
        cells = (_value(found.column, value) for value in values)
        rows.append((COLUMNS[found.column].label, *cells, "" if before is None else _value(found.column, before)))
    return rows


def _throttling(log: EvidenceLog, name: str, summary: TelemetrySummary) -> None:
    if summary.throttled is None:
        return
    fractions = ", ".join(f"{one.reason} in {100 * one.fraction:.0f} % of the samples" for one in summary.throttled)
    log.fact(f"{name}: throttle reasons", fractions or "none", "NVML")


def _others(log: EvidenceLog, name: str, processes: Sequence[OtherProcess]) -> None:
    """Record other processes on the GPU."""
    for process in processes[:_MAX_NAMED]:
        who = f"{process.name} (pid {process.pid})" if process.name else f"pid {process.pid}, name not available"
        memory = "memory not reported" if process.gpu_mib is None else f"{process.gpu_mib:.0f} MiB"
        when = "running before the app started" if process.before else "started during the run"
        log.fact(f"{name}: another process on the GPU", f"{who}, {memory}", when)
    if len(processes) > _MAX_NAMED:
        log.fact(f"{name}: more processes on the GPU", len(processes) - _MAX_NAMED)


def _chart(log: EvidenceLog, name: str, series: Series) -> None:
    on_gpu = bool(series.of("sm_pct"))
    drawn = [(column, label) for column, label in (_DRAWN if on_gpu else _DRAWN_ON_CPU) if series.of(column)]
    if not drawn:
        return
    places = [0, *(series.columns.index(column) for column, _ in drawn)]
    rows = thinned([tuple(row[place] for place in places) for row in series.rows[1:]])
    cells = (("" if value is None else f"{value:.1f}" for value in row) for row in rows)
    log.table(f"{LOAD}, {name}", ("seconds", *(f"{label}" for _, label in drawn)), cells)


def thinned(rows: Sequence[tuple[float | None, ...]]) -> list[tuple[float | None, ...]]:
    """At most ``_MAX_POINTS`` rows, each the mean of a group of neighbours."""
    together = -(-len(rows) // _MAX_POINTS) or 1
    groups = groupby(enumerate(rows), key=lambda pair: pair[0] // together)
    return [tuple(map(_mean, zip(*(row for _, row in group), strict=True))) for _, group in groups]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
