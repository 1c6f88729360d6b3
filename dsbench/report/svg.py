"""SVG text: shapes with a class and a colour of their own. Every text is escaped.

The attributes are the colours on white. A page may override them by class, for a dark theme: ``bg ink mut grid target
warm band`` and ``c0`` to ``c7`` of lines, ``f0`` to ``f7`` of areas.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dsbench.base.text import printable

COLORS = ("#0b5cad", "#b34700", "#1b7a3d", "#8a2be2", "#a8006d", "#00707a", "#6b5a00", "#444444")
TARGET = "#b3261e"
_INK = {"ink": "#222222", "mut": "#57606a", "target": TARGET}
_AREAS = {"warm": "#e9edf1", "band": "#cfe3f7", "target": TARGET, "mut": "#8a949e"}


def document(width: int, height: float, title: str, parts: Sequence[str], description: str = "") -> str:
    """A picture of ``parts``, with a title and a description for those who do not see it."""
    body = "\n".join(parts)
    described = f"<desc>{safe(description)}</desc>\n" if description else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" '
        f'height="{height:.0f}" font-family="Helvetica, Arial, sans-serif" font-size="12" role="img">\n'
        f'<title>{safe(title)}</title>\n{described}<rect class="bg" width="100%" height="100%" fill="#ffffff"/>\n'
        f"{body}\n</svg>\n"
    )


def text(x: float, y: float, shown: str, *, anchor: str = "start", kind: str = "ink", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_INK[kind]}"{weight}>'
        f"{safe(shown)}</text>"
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "grid") -> str:
    """A line of the grid, or the dashed one of the target."""
    style = f'stroke="{TARGET}" stroke-dasharray="6 4"' if kind == "target" else 'stroke="#d5d5d5"'
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def area(x: float, y: float, width: float, height: float, kind: str | int, title: str = "") -> str:
    """A filled rectangle; ``kind``: a class, or the number of a colour."""
    name, color = (f"f{kind % len(COLORS)}", COLORS[kind % len(COLORS)]) if isinstance(kind, int) else (kind, "")
    inner = f"><title>{safe(title)}</title></rect>" if title else "/>"
    return (
        f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
        f' fill="{color or _AREAS[name]}"{inner}'
    )


def curve(points: Sequence[tuple[float, float]], number: int, *, width: float = 1.8, opacity: float = 1.0) -> str:
    """A line through the points in the colour of ``number``; a dot if there is one point only."""
    kind, color = f"c{number % len(COLORS)}", COLORS[number % len(COLORS)]
    if len(points) == 1:
        return f'<circle class="{kind}" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3" fill="{color}"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    faint = f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<polyline class="{kind}" points="{path}" fill="none" stroke="{color}" stroke-width="{width:g}"{faint}/>'


def key(x: float, y: float, name: str, number: int) -> str:
    """A name of a legend in its line's colour."""
    kind, color = f"f{number % len(COLORS)}", COLORS[number % len(COLORS)]
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" fill="{color}">{safe(name)}</text>'


def safe(shown: str) -> str:
    """Escaped for XML, on one line."""
    return escape(printable(shown))
