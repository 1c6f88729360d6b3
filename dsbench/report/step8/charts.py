"""What each of the five charts shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dsbench.base.text import printable
from dsbench.record.schema import Record, StreamFigures
from dsbench.report.step8 import derived, words

TRTEXEC_BATCHES = "chart_trtexec_bs1_vs_bsmax.png"
TRTEXEC_RATE = "chart_trtexec_throughput.png"
DS_STREAMS = "chart_ds_streams_vs_fps.png"
TRT_VS_DS = "chart_trt_vs_ds.png"
EFFICIENCY = "chart_efficiency.png"
FILES = (TRTEXEC_BATCHES, TRTEXEC_RATE, DS_STREAMS, TRT_VS_DS, EFFICIENCY)

_MAX_NAME = 40
_NAVY, _BLUE, _GREEN, _GREY, RED = "#283593", "#5c6bc0", "#2e7d32", "#78909c", "#c62828"


@dataclass(frozen=True)
class ChartBar:
    """A bar; without a value its place says that it is not recorded."""

    label: str
    value: float | None
    color: str = _NAVY


@dataclass(frozen=True)
class MarkLine:
    """A horizontal line with its text."""

    value: float
    text: str
    color: str = RED
    style: str = "--"


@dataclass(frozen=True)
class ChartPanel:
    """Bars over one y axis."""

    axis: str
    bars: tuple[ChartBar, ...]
    line: MarkLine | None = None


@dataclass(frozen=True)
class ChartPlan:
    """A chart. ``title`` has two lines: what it shows, and of which model on what."""

    file: str
    title: str
    panels: tuple[ChartPanel, ...]


def plans(record: Record) -> tuple[ChartPlan, ...]:
    """The five charts of a record, in the order of the report."""
    said = words.words_of(record)
    charts = (
        (TRTEXEC_BATCHES, f"{said.tool}: {words.batch(1)} and {words.batch(record.figures.max_bs)}", _batches(record)),
        (TRTEXEC_RATE, f"{said.tool}: throughput", _rates(record)),
        (DS_STREAMS, f"{said.app}: FPS per stream", _streams(record)),
        (TRT_VS_DS, f"{said.tool} and {said.app}", _totals(record)),
        (EFFICIENCY, f"Efficiency: total FPS in percent of images per second of {said.tool}", _efficiencies(record)),
    )
    return tuple(ChartPlan(file, f"{title}\n{_name(record)} on {said.label}", panels) for file, title, panels in charts)


def _batches(record: Record) -> tuple[ChartPanel, ...]:
    figures, small, large = record.figures, words.batch(1), words.batch(record.figures.max_bs)
    queries = (
        ChartBar(small, figures.bs1.qps, _BLUE),
        ChartBar(f"{large} (MAX_BS)", figures.bsmax.qps),
    )
    times = (
        ChartBar(f"{small}\nmean", figures.bs1.gpu_mean_ms, _BLUE),
        ChartBar(f"{small}\nP99", figures.bs1.p99_ms, _BLUE),
        ChartBar(f"{large}\nmean", figures.bsmax.gpu_mean_ms),
        ChartBar(f"{large}\nP99", figures.bsmax.p99_ms),
    )
    axis = f"{words.words_of(record).compute} compute time of a batch (ms)"
    return ChartPanel("Queries per second", queries), ChartPanel(axis, times)


def _rates(record: Record) -> tuple[ChartPanel, ...]:
    figures = record.figures
    rates = (
        ChartBar(words.batch(1), figures.bs1.imgs_per_sec, _BLUE),
        ChartBar(f"{words.batch(figures.max_bs)} (MAX_BS)", figures.bsmax.imgs_per_sec),
    )
    return (ChartPanel("Images per second", rates, _peak(record)),)


def _streams(record: Record) -> tuple[ChartPanel, ...]:
    return (ChartPanel("FPS per stream (stream 0)", tuple(_attempts(record)), _target(record)),)


def _totals(record: Record) -> tuple[ChartPanel, ...]:
    figures = record.figures
    alone = f"{words.words_of(record).tool}\n{words.batch(figures.max_bs)}"
    totals = (
        ChartBar(alone, figures.bsmax.imgs_per_sec, _GREY),
        ChartBar(_run("Run 1", figures.run1), figures.run1.total_fps, _BLUE),
        ChartBar(_run("Run 2", figures.run2), figures.run2.total_fps, _NAVY),
    )
    return (ChartPanel("Images per second", totals),)


def _efficiencies(record: Record) -> tuple[ChartPanel, ...]:
    figures = record.figures
    efficiencies = (
        ChartBar(_run("Run 1", figures.run1), figures.run1.efficiency, _BLUE),
        ChartBar(_run("Run 2", figures.run2), figures.run2.efficiency, _NAVY),
    )
    return (ChartPanel("Efficiency (%)", efficiencies, MarkLine(100, "100 %", _GREY)),)


def _attempts(record: Record) -> Iterable[ChartBar]:
    """FPS per stream of each run; a run's name stands at its bar, because two may have the same number of streams."""
    figures = record.figures
    runs = [("Run 1", figures.run1), ("Run 2, first", figures.run2_first), ("Run 2", figures.run2)]
    for name, run in runs:
        if run is not None:
            kept_up = None not in (run.fps_per_stream, figures.target_fps) and (
                (run.fps_per_stream or 0) >= (figures.target_fps or 0)
            )
            yield ChartBar(_run(name, run), run.fps_per_stream, _GREEN if kept_up else _NAVY)


def _run(name: str, run: StreamFigures) -> str:
    return f"{name}\n{words.streams(run.streams)}"


def _target(record: Record) -> MarkLine | None:
    target = record.figures.target_fps
    return None if target is None else MarkLine(target, f"{target:g} FPS")


def _peak(record: Record) -> MarkLine | None:
    value, figures = derived.peak_line(record.figures), record.figures
    if value is None:
        return None
    return MarkLine(value, f"PEAK_GPU_STREAMS {figures.peak_gpu_streams} x {figures.target_fps:g} FPS = {value:g}")


def _name(record: Record) -> str:
    name = printable(record.model_name)
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…"
