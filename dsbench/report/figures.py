"""Charts as SVG text: lines over time and bars. Pure functions; every text is escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 480, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 26, 34
_COLORS = ("#0b5cad", "#b34700", "#1b7a3d", "#8a2be2", "#a8006d", "#00707a", "#6b5a00", "#444444")
_NAMED = len(_COLORS)
_TARGET = "#b3261e"
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
    top = _nice(max([*values, target_fps or 0.0, 1.0]) * 1.05)
    end = max([*series.at_s, 1.0])

    def x(seconds: float) -> float:
        return _LEFT + seconds / end * (_WIDTH - _LEFT - _RIGHT)

    def y(fps: float) -> float:
        return _HEIGHT - _BOTTOM - fps / top * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_text(_LEFT, 16, series.title, weight="bold")]
    for step in range(5):
        fps = top * step / 4
        parts.append(_line(_LEFT, y(fps), _WIDTH - _RIGHT, y(fps), "#d5d5d5"))
        parts.append(_text(_LEFT - 6, y(fps) + 4, f"{fps:g}", anchor="end"))
    tick = _nice(end / 6)
    for step in range(math.floor(end / tick) + 1):
        parts.append(_text(x(step * tick), _HEIGHT - 17, f"{step * tick:g}", anchor="middle"))
    parts.append(_text(_WIDTH - _RIGHT, _HEIGHT - 3, "seconds since the app's start", anchor="end"))
    parts.append(_text(4, _HEIGHT - 3, series.unit))
    streams = max((len(row) for row in series.fps), default=0)
    for stream in range(streams):
        points = [(at, row[stream]) for at, row in zip(series.at_s, series.fps, strict=True) if stream < len(row)]
        parts.append(_polyline([(x(at), y(fps)) for at, fps in points if math.isfinite(fps)], stream))
    if target_fps is not None:
        parts.append(_line(_LEFT, y(target_fps), _WIDTH - _RIGHT, y(target_fps), _TARGET, dashed=True))
        parts.append(_text(_WIDTH - _RIGHT, y(target_fps) - 4, f"target {target_fps:g}", anchor="end", color=_TARGET))
    parts += _legend(series.names or ["stream — 0", *(f"— {number}" for number in range(1, streams))])
    return _svg(_WIDTH, _HEIGHT + (16 if 1 < streams <= _NAMED else 0), series.title, parts)


def bars(title: str, values: Sequence[tuple[str, float, str]]) -> str:
    """SVG with horizontal bars (name, value, label), scaled to the largest value."""
    height = _TOP + len(values) * _ROW
    longest = max((value for _, value, _ in values), default=1.0) or 1.0
    parts = [_text(4, 16, title, weight="bold")]
    for number, (name, value, label) in enumerate(values):
        top = _TOP + number * _ROW
        width = max(1.0, value / longest * (_WIDTH - 8)) if value > 0 else 0.0
        color = _COLORS[number % len(_COLORS)]
        parts.append(_text(4, top + 14, f"{name}: {label}"))
        parts.append(f'<rect x="4" y="{top + 19:.1f}" width="{width:.1f}" height="{_BAR}" fill="{color}"/>')
    return _svg(_WIDTH, height, title, parts)


def waterfall(title: str, stages: Sequence[tuple[str, int]]) -> str:
    """SVG with a bar for each stage (name, amount that is left): what is left, and in red what this stage took."""
    height = _TOP + len(stages) * _ROW
    whole = max([amount for _, amount in stages], default=1) or 1
    parts = [_text(4, 16, title, weight="bold")]
    before = stages[0][1] if stages else 0
    for number, (name, amount) in enumerate(stages):
        top = _TOP + number * _ROW
        left, taken = (part / whole * (_WIDTH - 8) for part in (min(amount, before), abs(before - amount)))
        change = f" ({amount - before:+d})" if number else ""
        parts.append(_text(4, top + 14, f"{name}: {amount}{change}"))
        parts.append(f'<rect x="4" y="{top + 19:.1f}" width="{left:.1f}" height="{_BAR}" fill="{_COLORS[0]}"/>')
        color = _TARGET if amount < before else _COLORS[2]
        if amount != before:
            parts.append(
                f'<rect x="{4 + left:.1f}" y="{top + 19:.1f}" width="{max(taken, 1.0):.1f}" height="{_BAR}"'
                f' fill="{color}"/>'
            )
        before = amount
    return _svg(_WIDTH, height, title, parts)


def _nice(value: float) -> float:
    """The smallest of 1, 2, 4, 6, 8 or 10 times a power of ten that is at least ``value``."""
    scale = 10.0 ** math.floor(math.log10(value))
    return next(step * scale for step in (1, 2, 4, 6, 8, 10) if step * scale >= value - 1e-9)


def _svg(width: int, height: float, title: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" '
        f'height="{height:.0f}" font-family="Helvetica, Arial, sans-serif" font-size="12" role="img">\n'
        f'<title>{_safe(title)}</title>\n<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", color: str = "#222222", weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" font-weight="{weight}">'
        f"{_safe(text)}</text>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, color: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"{dash}/>'


def _polyline(points: Sequence[tuple[float, float]], stream: int) -> str:
    color = _COLORS[stream % len(_COLORS)]
    if len(points) == 1:
        return f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3" fill="{color}"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.8"/>'


def _legend(names: Sequence[str]) -> list[str]:
    """Names of the lines; none if there are more lines than colours."""
    if not 1 < len(names) <= _NAMED:
        return []
    width = (_WIDTH - 8) / len(names)
    return [_text(4 + number * width, _HEIGHT + 11, name, color=_COLORS[number]) for number, name in enumerate(names)]


def _safe(text: str) -> str:
    """Escaped for XML; characters that XML does not allow become ``?``."""
    kept = "".join(
        c if c == "\t" or (ord(c) >= 32 and not 0xD800 <= ord(c) <= 0xDFFF and ord(c) < 0xFFFE) else "?" for c in text
    )
    return escape(kept)
