"""The charts as PNG files: matplotlib's Agg, 10 x 6 inches at 150 dpi. matplotlib is imported when it is needed."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from dsbench.base.errors import Code, DsbenchError
from dsbench.record.schema import Record
from dsbench.report.step8 import charts
from dsbench.report.step8.charts import ChartPanel, ChartPlan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN, HEIGHT_IN, DPI = 10, 6, 150
_LABEL_PT, _TICK_PT, _VALUE_PT = 13, 11, 11
_GRID = 0.3
_MISSING = "not\nrecorded"


def pngs(record: Record) -> tuple[tuple[str, bytes], ...]:
    """(file name, PNG) of the five charts. Raises REPORT_TOOL_MISSING without matplotlib."""
    return tuple((plan.file, draw(plan)) for plan in charts.plans(record))


def draw(plan: ChartPlan) -> bytes:
    """The chart as PNG. Raises REPORT_TOOL_MISSING without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DsbenchError(
            Code.REPORT_TOOL_MISSING,
            f"matplotlib, which draws the charts, cannot be imported: {error}",
            fix="pip install matplotlib",
        ) from error
    import numpy as np
    from PIL import Image

    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI)
    figure.subplots_adjust(left=0.1, right=0.98, top=0.86, bottom=0.12, wspace=0.25)
    canvas: Any = FigureCanvasAgg(figure)
    figure.suptitle(plan.title, fontsize=_LABEL_PT + 1, fontweight="bold", parse_math=False)
    for number, panel in enumerate(plan.panels, 1):
        _draw_panel(figure.add_subplot(1, len(plan.panels), number), panel)
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font lacks
        canvas.draw()
    rgb = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])  # opaque: the PDF needs no mask
    rgb.save(stream, "PNG", dpi=(DPI, DPI))
    return stream.getvalue()


def _draw_panel(axes: Axes, panel: ChartPanel) -> None:
    places = range(len(panel.bars))
    heights = [bar.value or 0.0 for bar in panel.bars]
    top = max([*heights, panel.line.value if panel.line else 0.0, 1e-9])
    axes.bar(places, heights, width=0.55, color=[bar.color for bar in panel.bars], zorder=2)
    for place, bar in zip(places, panel.bars, strict=True):
        text, weight = (_MISSING, "normal") if bar.value is None else (f"{bar.value:.10g}", "bold")
        above = (bar.value or 0.0) + top * 0.015
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
        axes.text(
            place, above, text, ha="center", va="bottom", fontsize=_VALUE_PT, fontweight=weight, bbox=box, zorder=4
        )
    if panel.line is not None:
        line, corner = panel.line, axes.transAxes
        axes.axhline(line.value, color=line.color, linestyle=line.style, linewidth=2, zorder=3)
        axes.text(1.0, 1.01, f"- - {line.text}", transform=corner, ha="right", fontsize=_TICK_PT, color=line.color)
    axes.set_ylim(0, top * 1.15)
    axes.set_xlim(-0.6, len(panel.bars) - 0.4)
    axes.set_xticks(list(places), [bar.label for bar in panel.bars], fontsize=_TICK_PT)
    axes.set_ylabel(panel.axis, fontsize=_LABEL_PT)
    axes.grid(axis="y", alpha=_GRID, zorder=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
