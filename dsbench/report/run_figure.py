"""The picture of a benchmark run: FPS of each stream and the load of the machine over one time axis. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base.text import counted
from dsbench.report import svg
from dsbench.report.figures import ChartSeries, nice

_WIDTH = 540
_LEFT, _RIGHT = 44, 14
_FPS = (26, 186)
"""Top and bottom of the upper panel."""
_LOAD = (226, 290)
_KEYS = 14
"""Height of a line of keys."""


@dataclass(frozen=True)
class RunPicture:
    """What is drawn of one run."""

    title: str
    fps: ChartSeries
    target_fps: float | None
    warm_up_s: float = 0.0
    """Seconds from the app's start that no figure covers."""
    interval: tuple[float, float] | None = None
    """95 % confidence interval of the slowest stream's FPS."""
    slowest: int | None = None
    load: ChartSeries | None = None
    """Percentages."""


@dataclass(frozen=True)
class _Axes:
    """Seconds and values to pixels."""

    end_s: float
    top: float
    """The value at the upper end of the panel."""
    panel: tuple[int, int]

    def x(self, seconds: float) -> float:
        return _LEFT + max(0.0, min(seconds / self.end_s, 1.0)) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        above, below = self.panel
        return below - max(0.0, min(value / self.top, 1.0)) * (below - above)


def run_figure(run: RunPicture) -> str:
    """SVG: warm-up shaded, the interval as a band, the target dashed; the load below on the same time axis."""
    known = [value for row in run.fps.fps for value in row if math.isfinite(value)]
    ends = [*(run.fps.at_s), *(run.load.at_s if run.load else ()), 1.0]
    interval = run.interval if run.interval is not None and all(map(math.isfinite, run.interval)) else None
    highest = max([*known, run.target_fps or 0.0, *(interval or ()), 1.0])
    upper = _Axes(max(ends), nice(highest * 1.05), _FPS)
    bottom = _LOAD[1] if run.load else _FPS[1]
    parts = [svg.text(_LEFT, 16, run.title, bold=True)]
    if run.warm_up_s > 0:
        width = upper.x(run.warm_up_s) - _LEFT
        parts.append(svg.area(_LEFT, _FPS[0], width, bottom - _FPS[0], "warm", "start and warm-up, not counted"))
        if width > 60:
            parts.append(svg.text(_LEFT + 4, _FPS[0] + 12, "warm-up", kind="mut"))
    parts += _ticks(upper, 4, "FPS")
    if interval is not None:
        low, high = (upper.y(value) for value in interval)
        start = upper.x(run.warm_up_s)
        label = f"95 % interval of the slowest stream: {interval[0]:.2f} to {interval[1]:.2f} FPS"
        parts.append(svg.area(start, high, _WIDTH - _RIGHT - start, max(low - high, 2.0), "band", label))
    parts += _lines(upper, run.fps, run.slowest)
    if run.target_fps is not None:
        y = upper.y(run.target_fps)
        parts.append(svg.line(_LEFT, y, _WIDTH - _RIGHT, y, "target"))
        parts.append(svg.text(_WIDTH - _RIGHT, y - 4, f"target {run.target_fps:g}", anchor="end", kind="target"))
    if run.load is not None:
        lower = _Axes(upper.end_s, 100.0, _LOAD)
        parts += [*_ticks(lower, 2, "%"), *_lines(lower, run.load, None), *_load_keys(run.load)]
    parts += _seconds(upper, bottom)
    keys = _keys(run, bottom + 34)
    return svg.document(_WIDTH, bottom + 30 + (_KEYS if keys else 0), run.title, [*parts, *keys], describe(run))


def describe(run: RunPicture) -> str:
    """The picture in a sentence or two."""
    lines = max((len(row) for row in run.fps.fps), default=0)
    said = [f"Frames per second of {counted(lines, 'stream')} in {len(run.fps.at_s)} windows."]
    if run.warm_up_s > 0:
        said.append(f"The first {run.warm_up_s:.1f} s are start and warm-up.")
    if run.target_fps is not None:
        said.append(f"The target is {run.target_fps:g}.")
    if run.interval is not None and all(map(math.isfinite, run.interval)):
        low, high = run.interval
        said.append(f"The slowest stream reaches {low:.2f} to {high:.2f} (95 % confidence interval).")
    return " ".join(said)


def _ticks(axes: _Axes, steps: int, unit: str) -> list[str]:
    parts = []
    for step in range(steps + 1):
        value = axes.top * step / steps
        parts.append(svg.line(_LEFT, axes.y(value), _WIDTH - _RIGHT, axes.y(value)))
        parts.append(svg.text(_LEFT - 6, axes.y(value) + 4, f"{value:g}", anchor="end", kind="mut"))
    return [*parts, svg.text(4, axes.panel[0] - 10, unit, kind="mut")]


def _seconds(axes: _Axes, bottom: int) -> list[str]:
    tick = nice(axes.end_s / 6)
    marks = [step * tick for step in range(math.floor(axes.end_s / tick + 1e-9) + 1)]
    parts = [svg.text(axes.x(mark), bottom + 15, f"{mark:g}", anchor="middle", kind="mut") for mark in marks[:-1]]
    return [*parts, svg.text(_WIDTH - _RIGHT, bottom + 15, f"{axes.end_s:.0f} s", anchor="end", kind="mut")]


def _lines(axes: _Axes, series: ChartSeries, slowest: int | None) -> list[str]:
    """One line for each column; of more lines than colours only the slowest stands out."""
    count = max((len(row) for row in series.fps), default=0)
    many = count > len(svg.COLORS)
    parts = []
    for number in sorted(range(count), key=lambda one: one == slowest):
        seen = [
            (axes.x(at), axes.y(row[number]))
            for at, row in zip(series.at_s, series.fps, strict=True)
            if number < len(row) and math.isfinite(row[number])
        ]
        if not seen:
            continue
        if many and number != slowest:
            parts.append(svg.curve(seen, 0, width=1.0, opacity=0.35))
        else:
            parts.append(svg.curve(seen, 1 if many else number))
    return parts


def _keys(run: RunPicture, y: float) -> list[str]:
    """Names of the streams, side by side."""
    streams = max((len(row) for row in run.fps.fps), default=0)
    if streams > len(svg.COLORS):
        keys = [(f"{streams} streams", 0), (f"the slowest, stream {run.slowest}", 1)][: 1 + (run.slowest is not None)]
    else:
        keys = [(f"stream {number}", number) for number in range(streams)]
    return _side_by_side(keys, y)


def _load_keys(load: ChartSeries) -> list[str]:
    return _side_by_side([(name.removeprefix("— "), number) for number, name in enumerate(load.names)], _LOAD[0] - 6)


def _side_by_side(keys: Sequence[tuple[str, int]], y: float) -> list[str]:
    step = min(130.0, (_WIDTH - _LEFT) / max(len(keys), 1))
    return [svg.key(_LEFT + place * step, y, f"— {name}", number) for place, (name, number) in enumerate(keys)]
