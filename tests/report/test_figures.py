"""Charts are well-formed SVG without scripts, whatever is drawn."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from dsbench.record.evidence import Table
from dsbench.record.schema import Figures, StreamFigures, TrtexecFigures
from dsbench.report import charts, figures
from dsbench.report.figures import ChartSeries

SVG = "{http://www.w3.org/2000/svg}"


def lines(svg: str) -> list[str]:
    return [element.get("points", "") for element in ElementTree.fromstring(svg).iter(f"{SVG}polyline")]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_line_for_each_stream_inside_the_picture() -> None:
    svg = figures.fps_over_time(ChartSeries("t", [2, 4, 6], [[30, 10], [60, 20], [45, 15]]), 30.0)
    first, second = lines(svg)
    points = [tuple(map(float, pair.split(","))) for pair in first.split()]
    assert len(points) == 3
    assert all(0 <= x <= 480 and 0 <= y <= 230 for x, y in points)
    assert points[1][1] < points[2][1] < points[0][1], "higher FPS, higher up"
    assert second != first
    assert "target 30" in texts(svg)


@pytest.mark.parametrize(
    "series",
    [
        ChartSeries("empty", [], []),
        ChartSeries("one", [1.0], [[30.0]]),
        ChartSeries("gap", [1, 2, 3], [[math.nan], [math.inf], [3.0]]),
        ChartSeries("zero", [1, 2], [[0.0], [0.0]]),
        ChartSeries("many", [1, 2], [[1.0] * 40, [2.0] * 40]),
    ],
)
def test_odd_series_are_drawn(series: ChartSeries) -> None:
    svg = figures.fps_over_time(series, None)
    ElementTree.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg


def test_hostile_titles_are_text() -> None:
    title = "<script>alert(1)</script>\x00\udcff&\"'"
    svg = figures.bars(title, [(title, 1.0, title)])
    assert "<script" not in svg
    assert texts(svg)[0] == "<script>alert(1)</script>\ufffd\ufffd&\"'"


def test_bars_are_scaled_to_the_largest_value() -> None:
    svg = figures.bars("t", [("a", 100.0, "x"), ("b", 50.0, "y"), ("c", 0.0, "z")])
    widths = [float(r.get("width", "0")) for r in ElementTree.fromstring(svg).iter(f"{SVG}rect") if r.get("x")]
    assert widths[0] == 2 * widths[1]
    assert widths[2] == 0


def test_a_waterfall_shows_what_each_stage_takes() -> None:
    svg = figures.waterfall("t", [("ideal", 100), ("nearest", 80), ("padding", 80), ("dump", 90)])
    assert texts(svg)[1:] == ["ideal: 100", "nearest: 80 (-20)", "padding: 80 (+0)", "dump: 90 (+10)"]
    widths = [float(r.get("width", "0")) for r in ElementTree.fromstring(svg).iter(f"{SVG}rect") if r.get("x")]
    left, taken = widths[1:3]
    assert round(left / taken, 1) == 4
    assert len(widths) == 6, "no second bar where nothing changes"


def test_the_table_of_the_ablation_is_drawn() -> None:
    rows = (("ideal", "10", "0", "0", "1.000"), ("padding", "9", "1", "0", "0.947"))
    assert charts.svg_of(Table(f"{charts.ABLATION_TABLE}, 5 frames", ("a", "b", "c", "d", "e"), rows), None)


def test_only_series_tables_are_drawn() -> None:
    rows = (("2.0", "30.1"), ("4.0", "29.9"))
    drawn = charts.series_of(Table(f"{charts.SERIES}, Run 1 at 1 streams", ("seconds", "stream 0"), rows))
    assert drawn == ChartSeries("FPS of each stream, Run 1 at 1 streams", [2.0, 4.0], [[30.1], [29.9]])
    assert charts.svg_of(Table("Detected classes", ("a",), rows), 30.0) is None
    assert charts.svg_of(Table(charts.SERIES, ("a",), (("x", "y"),)), 30.0) is None


def test_capacity_needs_a_run() -> None:
    known = Figures(max_bs=4, bsmax=TrtexecFigures(10, 1, 2, 40.0))
    assert charts.capacity_svg(known) is None
    svg = charts.capacity_svg(Figures(max_bs=4, bsmax=known.bsmax, run1=StreamFigures(2, 30.0, 15.0, 75.0)))
    assert svg is not None
    assert "Run 1: 30 FPS, 2 streams, 75.0%" in texts(svg)
