"""Charts of evidence tables, and the capacity chart."""

from __future__ import annotations

import math

from dsbench.record.evidence import Table
from dsbench.record.schema import Figures
from dsbench.report import figures as draw
from dsbench.report.figures import ChartSeries

SERIES = "FPS of each stream over time"
"""Title prefix of a table whose first column is seconds and whose other columns are the FPS of streams."""
ABLATION_TABLE = "Boxes lost from the ideal to the dump"
"""Title prefix of a table of stages: name, boxes of the ideal that are left, lost here, ..."""
LOAD = "Load over time"
"""Title prefix of a table whose first column is seconds and whose other columns are percentages."""


def svg_of(table: Table, target_fps: float | None) -> str | None:
    """SVG chart of the table; None if it is neither a time series nor the ablation."""
    if table.title.startswith(ABLATION_TABLE) and table.rows:
        return draw.waterfall(table.title, [(row[0], int(row[1])) for row in table.rows])
    series = series_of(table)
    if series is None:
        return None
    return draw.fps_over_time(series, None if series.names else target_fps)


def series_of(table: Table) -> ChartSeries | None:
    """The numbers of a table of PERF windows or of loads; None for any other table."""
    load = table.title.startswith(LOAD)
    if not (load or table.title.startswith(SERIES)) or not table.rows:
        return None
    try:
        rows = [[float(cell) if cell else math.nan for cell in row] for row in table.rows]
    except ValueError:
        return None
    if load:
        names = [f"— {column}" for column in table.columns[1:]]
        return ChartSeries(table.title, [row[0] for row in rows], [row[1:] for row in rows], names, "%")
    title = table.title.removeprefix(SERIES).lstrip(", ")
    return ChartSeries(f"FPS of each stream, {title}", [row[0] for row in rows], [row[1:] for row in rows])


def capacity_svg(figures: Figures) -> str | None:
    """Images per second of the model alone and of each run; None before run 1."""
    alone = figures.bsmax.imgs_per_sec
    if alone is None or figures.run1.total_fps is None:
        return None
    values = [("Model alone (trtexec log)", alone, f"{alone:g} img/s at batch {figures.max_bs}")]
    for name, run in (("Run 1", figures.run1), ("Run 2", figures.run2)):
        if run.total_fps is not None:
            plural = "stream" if run.streams == 1 else "streams"
            label = f"{run.total_fps:g} FPS, {run.streams} {plural}, {run.efficiency}%"
            values.append((name, run.total_fps, label))
    return draw.bars("Frames per second and efficiency", values)
