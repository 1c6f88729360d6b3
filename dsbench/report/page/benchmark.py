"""The benchmark's charts from evidence and measurements: each run over time, and where a frame's time goes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsbench.base.text import counted
from dsbench.record.evidence import Evidence, Table
from dsbench.record.schema import Figures, RunMeasurement
from dsbench.report import charts, history_figure, time_figure
from dsbench.report.collector import StepResult
from dsbench.report.page.views import ChartView
from dsbench.report.run_figure import RunPicture, describe, run_figure
from dsbench.report.time_figure import Stage

RUN_STEPS = ("run1_calibration", "run2_validation")
CEILINGS = "Run 1 and its ceilings"
"""Title of the table of ``throughput_limit``: what, streams, frames per second, run 1 as a fraction of it."""
COMPONENTS = "Latency by component"
"""Title of the table of ``frame_latency``: component, frames, mean ms, median ms, longest ms."""

_ABOVE = "More than 100 % cannot be: the trtexec log was recorded on a slower or busier machine. Measure it again."


@dataclass(frozen=True)
class _DrawnRun:
    name: str
    fps: Table
    load: Table | None
    measured: RunMeasurement | None


def benchmark(results: Sequence[StepResult], figures: Figures) -> tuple[ChartView, ...]:
    """Charts of runs 1 and 2, of the ceilings, the latency's components and the efficiency, as far as known."""
    target_fps = figures.target_fps
    runs = [chart for run in _runs(results) if (chart := _run_chart(run, target_fps)) is not None]
    tables = [table for result in results for table in result.evidence.tables]
    times = [chart for table in tables if (chart := time_chart(table)) is not None]
    times += [chart for table in tables if (chart := _history(table)) is not None]
    efficiency = _efficiency(figures)
    return (*reversed(runs), *times, *((efficiency,) if efficiency else ()))  # the run that decides comes first


def _runs(results: Sequence[StepResult]) -> Iterator[_DrawnRun]:
    measurements = {run.name: run for result in results if result.page for run in result.page.measurements}
    for result in results:
        if result.evidence.step in RUN_STEPS:
            for table in result.evidence.tables:
                if table.title.startswith(charts.SERIES):
                    name = table.title.removeprefix(charts.SERIES).lstrip(", ").partition(" at ")[0]
                    yield _DrawnRun(name, table, _load(result.evidence, name), measurements.get(name))


def _load(evidence: Evidence, name: str) -> Table | None:
    return next((table for table in evidence.tables if f"{table.title},".startswith(f"{charts.LOAD}, {name},")), None)


def _run_chart(run: _DrawnRun, target_fps: float | None) -> ChartView | None:
    fps, load = charts.series_of(run.fps), charts.series_of(run.load) if run.load else None
    if fps is None:
        return None
    found = run.measured.measurement if run.measured else None
    slowest = found.slowest if found else None
    interval = None
    if found is not None and slowest is not None:
        interval = (found.per_stream[slowest].low, found.per_stream[slowest].high)
    streams = len(run.fps.columns) - 1
    title = f"{run.name} at {counted(streams, 'stream')}"
    warm_up = found.warm_up_s if found else 0.0
    picture = RunPicture(title, fps, target_fps, warm_up, interval, slowest, load)
    return ChartView(title, run_figure(picture), describe(picture), (run.fps, *((run.load,) if run.load else ())))


def _efficiency(figures: Figures) -> ChartView | None:
    """The model alone and each run, images per second."""
    drawn = charts.capacity_svg(figures)
    if drawn is None:
        return None
    rows = [("model alone", "", f"{figures.bsmax.imgs_per_sec:g}", "100")]
    for name, run in (("run 1", figures.run1), ("run 2", figures.run2)):
        if run.total_fps is not None:
            rows.append((name, f"{run.streams}", f"{run.total_fps:g}", f"{run.efficiency}"))
    table = Table("Frames per second", ("what", "streams", "frames per second", "efficiency, %"), tuple(rows))
    note = "Frames per second of all streams, stream 0 x streams, in percent of the model alone (trtexec)."
    if any(run.efficiency is not None and run.efficiency > 100 for run in (figures.run1, figures.run2)):
        note += f" {_ABOVE}"
    return ChartView("Frames per second and efficiency", drawn, note, (table,))


def _history(table: Table) -> ChartView | None:
    """Earlier runs and this one."""
    drawn = history_figure.history_figure(table)
    return ChartView(table.title, drawn, history_figure.NOTE, (table,)) if drawn else None


def time_chart(table: Table) -> ChartView | None:
    """Where the time of a frame goes, from the table of the ceilings or of the latency; None for any other table."""
    try:
        if table.title == CEILINGS:
            rates = [(name, float(fps)) for name, _, fps, _ in table.rows]
            stages = [Stage(name, 1000 / fps, f"{fps:g} frames/s") for name, fps in rates if fps > 0]
            title = "Where a frame's time goes: the run, and each stage alone"
            note = "Milliseconds per frame, 1000 / frames per second of all streams together."
            return ChartView(title, time_figure.ceilings(title, stages), f"{note} {time_figure.NOTE}", (table,))
        if table.title == COMPONENTS:
            stages = [Stage(row[0], float(row[2]), f"{row[1]} frames") for row in table.rows]
            title = "Latency of a frame by component, mean"
            note = "Milliseconds that a frame spends in each component, queues included."
            return ChartView(title, time_figure.stacked(title, stages), note, (table,))
    except ValueError:
        return None
    return None
