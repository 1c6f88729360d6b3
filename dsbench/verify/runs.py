"""The benchmark runs of a record, measured and judged again from their PERF windows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from dsbench.base.errors import DsbenchError
from dsbench.formats.telemetry import Series
from dsbench.judge import streams
from dsbench.judge.run import measurement
from dsbench.judge.run import telemetry as judge_telemetry
from dsbench.judge.run.measurement import Measurement
from dsbench.judge.run.run_context import RunContext
from dsbench.judge.run.telemetry import TelemetrySummary
from dsbench.judge.streams import RunFigures
from dsbench.record.raw import TOO_MANY, AppRun
from dsbench.record.schema import Record

_EXTRA = ("Decode only", "Sweep", "Sweep, repeat", "Latency")
"""Runs whose measurement is not among ``measurements``: other entries of the record hold what follows from them."""


@dataclass(frozen=True)
class RunAgain:
    """One run and what follows from it."""

    raw: AppRun
    series: Series
    measurement: Measurement
    figures: RunFigures | None
    """The specification's; None without a frame of stream 0 in the last windows."""
    efficiency: float | None
    """Percent of trtexec's images per second."""

    @property
    def measured(self) -> bool:
        """Whether the record has its measurement in ``measurements``."""
        return self.raw.stopped and self.raw.name not in _EXTRA and not self.raw.name.endswith(TOO_MANY)

    @property
    def load(self) -> TelemetrySummary | None:
        """The telemetry over the windows that the figures cover."""
        window = judge_telemetry.measured_window(self.raw.windows)
        if window is None or len(self.series.rows) < 2:
            return None
        summary = judge_telemetry.summarise(self.series, window)
        return summary if summary.samples else None

    @property
    def window(self) -> tuple[float, float] | None:
        """Begin and end of what the figures cover, as in the record."""
        found = judge_telemetry.measured_window(self.raw.windows)
        return (round(found[0], 2), round(found[1], 2)) if found else None


def judged_again(record: Record) -> tuple[RunAgain, ...]:
    """Every run, in order; its telemetry has the same place in the record."""
    target, imgs = record.figures.target_fps, record.figures.bsmax.imgs_per_sec
    if target is None:
        return ()
    return tuple(
        _again(raw, kept.series, target, imgs) for raw, kept in zip(record.raw.runs, record.telemetry, strict=False)
    )


@lru_cache(maxsize=64)
def _again(raw: AppRun, series: Series, target: float, imgs_per_sec: float | None) -> RunAgain:
    context = RunContext(
        telemetry=series,
        cores=raw.cores,
        builds=raw.builds,
        due_s=raw.lasted_s,
        ended_early_s=raw.ended_early_s,
        confirms=raw.confirms,
        most_streams=raw.most_streams,
    )
    found = measurement.of_run(raw.windows, target, context)
    try:
        figures = streams.figures(raw.stream0, raw.streams, raw.took_s, run=raw.name, log=raw.log, target_fps=target)
    except DsbenchError:
        figures = None
    efficiency = streams.efficiency(figures, imgs_per_sec) if figures and imgs_per_sec is not None else None
    return RunAgain(raw, series, found, figures, efficiency)


def named(runs: tuple[RunAgain, ...], name: str) -> RunAgain | None:
    """The last run of that name."""
    return next((run for run in reversed(runs) if run.raw.name == name), None)


def last_of_run_2(runs: tuple[RunAgain, ...]) -> RunAgain | None:
    """Its retry if there was one."""
    return named(runs, "Retry") or named(runs, "Run 2")
