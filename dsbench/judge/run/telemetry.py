"""A run's samples over the time that its figures are of: mean, 95th percentile, extremes. Facts, no conclusions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base.spec import LAST_WINDOWS
from dsbench.formats.perf.windows import Windows
from dsbench.formats.telemetry import SECONDS, THROTTLE, Series, throttling


@dataclass(frozen=True)
class ColumnSummary:
    """One column over the window; ``samples`` had a value."""

    column: str
    mean: float
    p95: float
    smallest: float
    largest: float
    samples: int


@dataclass(frozen=True)
class Throttled:
    """A throttle reason by NVML's name, and the fraction of the samples in which it was active (0 to 1)."""

    reason: str
    fraction: float


@dataclass(frozen=True)
class TelemetrySummary:
    """``window``: begin and end, seconds since the run's start. ``before``: the columns in the row before the app.

    ``throttled`` is None where the reasons are not known at all, empty where there were none.
    """

    window: tuple[float, float]
    samples: int
    columns: tuple[ColumnSummary, ...]
    throttled: tuple[Throttled, ...] | None
    before: tuple[tuple[str, float], ...]

    def of(self, column: str) -> ColumnSummary | None:
        """One column's summary; None where it has no sample."""
        return next((summary for summary in self.columns if summary.column == column), None)

    def before_run(self, column: str) -> float | None:
        """A column's value just before the app was started."""
        return dict(self.before).get(column)


def measured_window(windows: Windows, counted: int = LAST_WINDOWS) -> tuple[float, float] | None:
    """From the start of the first PERF window that counts to the end of the last; None without a window."""
    if not windows.at_s:
        return None
    ends = windows.at_s[-counted:]
    start = windows.at_s[-counted - 1] if len(windows.at_s) > counted else ends[0] - windows.interval_s
    return max(0.0, start), ends[-1]


def summarise(series: Series, window: tuple[float, float]) -> TelemetrySummary:
    """Every column over the rows within the window; a column without a value there is left out."""
    start, end = window
    inside = [row for row in series.rows if row[0] is not None and start <= row[0] <= end and row is not series.rows[0]]
    columns = []
    for index, name in enumerate(series.columns):
        values = [value for row in inside if (value := row[index]) is not None]
        if name not in (SECONDS, THROTTLE) and values:
            columns.append(_column(name, values))
    before = tuple(
        (name, value)
        for name, value in zip(series.columns, series.rows[0] if series.rows else (), strict=False)
        if value is not None and name not in (SECONDS, THROTTLE)
    )
    return TelemetrySummary(window, len(inside), tuple(columns), _throttled(series, inside), before)


def _column(name: str, values: Sequence[float]) -> ColumnSummary:
    return ColumnSummary(
        name, math.fsum(values) / len(values), percentile(values, 95), min(values), max(values), len(values)
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Linear between the two nearest of the sorted values, as numpy's default has it.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 50)
    2.5
    """
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _throttled(series: Series, rows: Sequence[tuple[float | None, ...]]) -> tuple[Throttled, ...] | None:
    if THROTTLE not in series.columns:
        return None
    index = series.columns.index(THROTTLE)
    masks = [mask for row in rows if (mask := row[index]) is not None]
    if not masks:
        return None
    names = [name for mask in masks for name in throttling(mask)]
    found = (Throttled(name, names.count(name) / len(masks)) for name in dict.fromkeys(names))
    return tuple(sorted(found, key=lambda one: -one.fraction))
