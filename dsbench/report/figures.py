"""Charts as SVG text: lines over time and bars. Pure functions; every text is escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.report import svg

_WIDTH, _HEIGHT = 480, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 26, 34
_NAMED = len(svg.COLORS)
_ROW, _BAR = 40, 12


@dataclass(frozen=True)
class ChartSeries:
    """Lines over a common time axis."""

    title: str
    at_s: Sequence[float]
    """(samples,) seconds."""
    fps: Sequence[Sequence[float]]
    """(samples, lines) values in ``unit``."""
    names: Sequence[str] = ()
    """Names of the lines; empty: they are streams, named by number."""
    unit: str = "FPS"


def fps_over_time(series: ChartSeries, target_fps: float | None) -> str:
    """SVG with a line for each stream and the target dashed. Values that are not finite are left out."""
    values = [value for row in series.fps for value in row if math.isfinite(value)]
    top = nice(max([*values, target_fps or 0.0, 1.0]) * 1.05)
    end = max([*series.at_s, 1.0])

    def x(seconds: float) -> float:
        return _LEFT + seconds / end * (_WIDTH - _LEFT - _RIGHT)

    def y(fps: float) -> float:
        return _HEIGHT - _BOTTOM - fps / top * (_HEIGHT - _TOP - _BOTTOM)

    parts = [svg.text(_LEFT, 16, series.title, bold=True)]
    for step in range(5):
        fps = top * step / 4
        parts.append(svg.line(_LEFT, y(fps), _WIDTH - _RIGHT, y(fps)))
        parts.append(svg.text(_LEFT - 6, y(fps) + 4, f"{fps:g}", anchor="end"))
    tick = nice(end / 6)
    for step in range(math.floor(end / tick) + 1):
        parts.append(svg.text(x(step * tick), _HEIGHT - 17, f"{step * tick:g}", anchor="middle"))
    parts.append(svg.text(_WIDTH - _RIGHT, _HEIGHT - 3, "seconds since the app's start", anchor="end"))
    parts.append(svg.text(4, _HEIGHT - 3, series.unit))
    streams = max((len(row) for row in series.fps), default=0)
    for stream in range(streams):
        points = [(at, row[stream]) for at, row in zip(series.at_s, series.fps, strict=True) if stream < len(row)]
        parts.append(svg.curve([(x(at), y(fps)) for at, fps in points if math.isfinite(fps)], stream))
    if target_fps is not None:
        parts.append(svg.line(_LEFT, y(target_fps), _WIDTH - _RIGHT, y(target_fps), "target"))
        label = f"target {target_fps:g}"
        parts.append(svg.text(_WIDTH - _RIGHT, y(target_fps) - 4, label, anchor="end", kind="target"))
    parts += _legend(series.names or ["stream — 0", *(f"— {number}" for number in range(1, streams))])
    return svg.document(_WIDTH, _HEIGHT + (16 if 1 < streams <= _NAMED else 0), series.title, parts)


def bars(title: str, values: Sequence[tuple[str, float, str]]) -> str:
    """SVG with horizontal bars (name, value, label), scaled to the largest value."""
    height = _TOP + len(values) * _ROW
    longest = max((value for _, value, _ in values), default=1.0) or 1.0
    parts = [svg.text(4, 16, title, bold=True)]
    for number, (name, value, label) in enumerate(values):
        top = _TOP + number * _ROW
        width = max(1.0, value / longest * (_WIDTH - 8)) if value > 0 else 0.0
        parts.append(svg.text(4, top + 14, f"{name}: {label}"))
        parts.append(svg.area(4, top + 19, width, _BAR, number))
    return svg.document(_WIDTH, height, title, parts)


def waterfall(title: str, stages: Sequence[tuple[str, int]]) -> str:
    """SVG with a bar for each stage (name, amount that is left): what is left, and in red what this stage took."""
    height = _TOP + len(stages) * _ROW
    whole = max([amount for _, amount in stages], default=1) or 1
    parts = [svg.text(4, 16, title, bold=True)]
    before = stages[0][1] if stages else 0
    for number, (name, amount) in enumerate(stages):
        top = _TOP + number * _ROW
        left, taken = (part / whole * (_WIDTH - 8) for part in (min(amount, before), abs(before - amount)))
        change = f" ({amount - before:+d})" if number else ""
        parts.append(svg.text(4, top + 14, f"{name}: {amount}{change}"))
        parts.append(svg.area(4, top + 19, left, _BAR, 0))
        if amount != before:
            kind: str | int = "target" if amount < before else 2
            parts.append(svg.area(4 + left, top + 19, max(taken, 1.0), _BAR, kind))
        before = amount
    return svg.document(_WIDTH, height, title, parts)


def nice(value: float) -> float:
    """The end of an axis: the smallest of 1, 2, 4, 6, 8 or 10 times a power of ten that is at least ``value``."""
    scale = 10.0 ** math.floor(math.log10(value))
    return next(step * scale for step in (1, 2, 4, 6, 8, 10) if step * scale >= value - 1e-9)


def _legend(names: Sequence[str]) -> list[str]:
    """Names of the lines; none if there are more lines than colours."""
    if not 1 < len(names) <= _NAMED:
        return []
    width = (_WIDTH - 8) / len(names)
    return [svg.key(4 + number * width, _HEIGHT + 11, name, number) for number, name in enumerate(names)]
