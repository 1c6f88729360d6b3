"""The pictures of a run and of a frame's time are well-formed SVG inside their frame."""

from __future__ import annotations

import math
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from dsbench.report import time_figure
from dsbench.report.figures import ChartSeries
from dsbench.report.run_figure import RunPicture, run_figure
from dsbench.report.time_figure import Stage

SVG = "{http://www.w3.org/2000/svg}"
FPS = ChartSeries("fps", [1.0, 2.0, 3.0, 4.0], [[5.0, 4.0], [30.0, 31.0], [32.0, 30.0], [31.0, 29.0]])
LOAD = ChartSeries("load", [0.5, 2.5], [[80.0, 100.0], [90.0, 99.0]], ["— CPU", "— busiest core"], "%")
RUN = RunPicture("Run 2 at 2 streams", FPS, 30.0, 1.5, (28.0, 32.0), 1, LOAD)


def areas(svg: str, kind: str) -> list[dict[str, float]]:
    found = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    return [
        {name: float(one.get(name, "0")) for name in ("x", "y", "width", "height")}
        for one in found
        if one.get("class") == kind
    ]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_warm_up_ends_where_the_interval_begins() -> None:
    svg = run_figure(RUN)
    (warm,), (band,) = areas(svg, "warm"), areas(svg, "band")
    assert warm["x"] + warm["width"] == pytest.approx(band["x"], abs=0.2)
    assert {"warm-up", "target 30", "— stream 0", "— CPU"} <= set(texts(svg))
    assert len(list(ElementTree.fromstring(svg).iter(f"{SVG}polyline"))) == 4
    root = ElementTree.fromstring(svg)
    assert root.find(f"{SVG}title") is not None
    assert "first 1.5 s are start and warm-up" in str(root.findtext(f"{SVG}desc"))


@pytest.mark.parametrize(
    "run",
    [
        replace(RUN, load=None),
        replace(RUN, fps=ChartSeries("none", [], []), load=None, interval=None, target_fps=None, slowest=None),
        replace(RUN, interval=(15.0, math.inf)),
        replace(RUN, fps=ChartSeries("gap", [1.0, 2.0], [[math.nan], [math.inf]]), warm_up_s=99.0),
        replace(RUN, fps=ChartSeries("many", [1.0, 2.0], [[1.0] * 40, [2.0] * 40]), slowest=17),
    ],
)
def test_odd_runs_are_drawn(run: RunPicture) -> None:
    svg = run_figure(run)
    root = ElementTree.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg
    width = float(root.get("width", "0"))
    assert all(one["x"] >= 0 and one["x"] + one["width"] <= width + 0.1 for one in areas(svg, "warm"))


def test_of_many_streams_the_slowest_stands_out() -> None:
    svg = run_figure(replace(RUN, fps=ChartSeries("many", [1.0, 2.0], [[1.0] * 40, [2.0] * 40]), slowest=17))
    assert "— the slowest, stream 17" in texts(svg)
    lines = [one for one in ElementTree.fromstring(svg).iter(f"{SVG}polyline") if one.get("stroke-opacity") is None]
    assert len(lines) == 3, "and the two loads"


def test_a_frame_s_time_is_split_where_the_stages_fit_into_it() -> None:
    svg = time_figure.ceilings("t", [Stage("run 1", 20, "a"), Stage("decoding", 5, "b"), Stage("inference", 10, "c")])
    (rest,) = areas(svg, "mut")
    assert rest["width"] == pytest.approx(532 / 4, abs=0.1)
    assert areas(svg, "f0")[0]["y"] == areas(svg, "f1")[0]["y"] == rest["y"], "one bar"
    over = time_figure.ceilings("t", [Stage("run 1", 20, "a"), Stage("decoding", 15, "b"), Stage("inference", 18, "c")])
    assert len(areas(over, "mut")) == len(areas(over, "f0")) == 1, "stages that overlap are not stacked"


def test_components_are_stacked() -> None:
    svg = time_figure.stacked("t", [Stage("decoder", 3, ""), Stage("nvinfer", 9, "")])
    first, second = areas(svg, "f0")[0], areas(svg, "f1")[0]
    assert second["x"] == pytest.approx(first["x"] + first["width"], abs=0.1)
    assert texts(svg)[0] == "t: 12.0 ms"
