"""The picture of a model's runs over time: throughput of each run, from the table of the step ``regression``. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsbench.record.evidence import Table
from dsbench.report import svg
from dsbench.report.figures import nice

TITLE = "Runs of this model"
COLUMNS = ("started", "throughput, run 1 (FPS)", "real-time streams", "F1", "mAP@0.5:0.95", "result")
NOTE = "Each point is a run of the same model, machine, config and clip, the newest on the right. Red: the run failed."
_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 540, 44, 14, 26, 150


@dataclass(frozen=True)
class _Point:
    x: float
    y: float
    failed: bool
    label: str


def history_figure(table: Table) -> str | None:
    """SVG: throughput by run; accuracy where no run has a throughput. None for any other table, or fewer than two."""
    if table.title != TITLE or table.columns != COLUMNS:
        return None
    for column, unit in ((1, "FPS"), (4, "mAP"), (3, "F1")):
        known = [(place, value) for place, row in enumerate(table.rows) if (value := _number(row[column])) is not None]
        if len(known) >= 2:
            return _drawn(table, known, unit)
    return None


def _drawn(table: Table, known: Sequence[tuple[int, float]], unit: str) -> str:
    top = nice(max(max(value for _, value in known) * 1.05, 1e-9))
    wide, high = _WIDTH - _LEFT - _RIGHT, _BOTTOM - _TOP
    points = []
    for place, value in known:
        row = table.rows[place]
        x = _LEFT + wide * (place / max(len(table.rows) - 1, 1))
        label = f"{row[0]}: {value:g} {unit}, {row[5]}"
        points.append(_Point(x, _BOTTOM - high * max(0.0, min(value / top, 1.0)), row[5] == "failed", label))
    parts = [svg.text(_LEFT, 16, f"{TITLE}: {table.columns[1] if unit == 'FPS' else unit}", bold=True)]
    parts += _grid(top, high)
    parts.append(svg.curve([(one.x, one.y) for one in points], 0))
    parts += [svg.area(one.x - 3, one.y - 3, 6, 6, "target" if one.failed else 0, one.label) for one in points]
    parts.append(svg.text(_LEFT, _BOTTOM + 16, table.rows[0][0][:10], kind="mut"))
    parts.append(svg.text(_WIDTH - _RIGHT, _BOTTOM + 16, table.rows[-1][0][:10], anchor="end", kind="mut"))
    described = f"{len(known)} runs; first {known[0][1]:g}, last {known[-1][1]:g} {unit}"
    return svg.document(_WIDTH, _BOTTOM + 26, TITLE, parts, described)


def _grid(top: float, high: float) -> Iterator[str]:
    for number in range(5):
        y = _BOTTOM - high * number / 4
        yield svg.line(_LEFT, y, _WIDTH - _RIGHT, y)
        yield svg.text(_LEFT - 6, y + 4, f"{top * number / 4:g}", anchor="end", kind="mut")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
