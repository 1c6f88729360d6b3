"""Additional runs of the app, after runs 1 and 2: decode-only, the runs of the sweep, the latency run.

They are made like runs 1 and 2: alone on the device, with telemetry, config and log in ``benchmarks/ds``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dsbench.base.options import PERF_PRECISION, TARGET_FPS
from dsbench.base.text import counted
from dsbench.formats.perf.windows import Windows
from dsbench.formats.telemetry import Series
from dsbench.judge.run import telemetry as judge_telemetry
from dsbench.judge.run.early_end import EarlyEnd
from dsbench.judge.run.measurement import Measurement
from dsbench.judge.run.telemetry import TelemetrySummary
from dsbench.model import previous
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes import perf_run
from dsbench.runtimes.contract import Runtime, WithEnvironment
from dsbench.runtimes.perf_run import PerfPlan, PerfRun
from dsbench.steps import app_run
from dsbench.steps.model_run import ModelRun
from dsbench.steps.rows import engine_rows, telemetry_rows
from dsbench.steps.rows.file_rows import file_text, log_text


@dataclass(frozen=True)
class ExtraPlan:
    """What an additional run is made with."""

    title: str
    """Its name in the report."""
    name: str
    """Its name in file names, such as ``s6_decode``."""
    streams: int
    seconds: int
    interval_s: int
    infer: bool = True
    """False: ``[primary-gie]`` is off."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables that the app gets."""
    confirms: bool = False
    """The run decides whether its streams keep up, and may end early once that is clear."""


@dataclass(frozen=True)
class ExtraRun:
    """An additional run."""

    plan: ExtraPlan
    perf: PerfRun
    measurement: Measurement
    series: Series
    load: TelemetrySummary | None
    """Telemetry over the windows that the figures cover; None without a sample or a window."""
    notes: tuple[str, ...]
    """What happened while waiting for the device's lock."""

    @property
    def fps(self) -> float | None:
        """FPS of all streams together over the steady windows; None without a steady window."""
        return self.measurement.total.mean if self.measurement.total else None


def measure(model: ModelRun, plan: ExtraPlan) -> ExtraRun:
    """Run the app. Raises APP_CRASHED, APP_FAILED and APP_TIMEOUT as runs 1 and 2 do."""
    runtime: Runtime = WithEnvironment(model.runtime, plan.environment) if plan.environment else model.runtime
    played = app_run.play(model, runtime, _perf_plan(model, plan), plan.title, confirms=plan.confirms)
    perf, series = played.perf, played.series
    perf_run.require_success(perf, plan.title)
    app_run.require_alive(perf, plan.title)
    measured = app_run.all_streams(model, played)
    return ExtraRun(plan, perf, measured, series, load_of(perf, series), played.notes)


def load_of(perf: PerfRun, series: Series) -> TelemetrySummary | None:
    """Telemetry over the windows that a run's figures cover; None without a sample or a window."""
    window = judge_telemetry.measured_window(perf.windows)
    if window is None or len(series.rows) < 2:
        return None
    summary = judge_telemetry.summarise(series, window)
    return summary if summary.samples else None


def _perf_plan(model: ModelRun, plan: ExtraPlan) -> PerfPlan:
    layout = model.layout
    assert previous.is_run(plan.name), f"{plan.name}: its step needs an `extra_run` in base/steps.py"
    kept = layout.ds_extra_app_config(plan.name)
    config = app_run.write_app_config(model, kept, plan.streams, plan.interval_s, infer=plan.infer)
    log = layout.ds_extra_log(plan.name)
    return PerfPlan(config, plan.streams, plan.seconds, plan.interval_s, log, _enough(model, plan))


def _enough(model: ModelRun, plan: ExtraPlan) -> Callable[[Windows], bool] | None:
    """Whether a run that confirms streams may end early, by run 2's rule; None: it takes its whole time."""
    precision = model.option(PERF_PRECISION).value / 100
    if not plan.confirms or not precision:
        return None
    max_bs = model.get(PreflightFacts).max_bs
    return EarlyEnd(precision, model.option(TARGET_FPS).value, True, max_bs, plan.seconds).reached


def add_evidence(log: EvidenceLog, layout: ModelLayout, run: ExtraRun) -> None:
    """Command, files, figures and load of one additional run."""
    plan, perf, measured = run.plan, run.perf, run.measurement
    name = called(plan.title, plan.streams)
    log.note(*run.notes)
    log.command(*perf.finished.command)
    log.fact(f"{name}: log", layout.given_path(perf.plan.log), f"the app ran for {perf.finished.seconds:.1f} s")
    if perf.end_warning:
        log.warn(f"{name}: {perf.end_warning}")
    engine_rows.engine(log, name, perf.console, build_s=perf.build_s)
    add_figures(log, name, measured, run.series, perf.windows)
    file_text(log, layout.ds_extra_app_config(plan.name))
    log_text(log, perf.plan.log)


def called(title: str, streams: int) -> str:
    """A run's name in its facts."""
    return f"{title}, {counted(streams, 'stream')}"


def add_figures(log: EvidenceLog, name: str, measured: Measurement, series: Series, windows: Windows) -> None:
    """What follows from the PERF windows and the telemetry."""
    total = measured.total
    if total is not None:
        spread = f"95 % confidence interval {total.low:.1f} to {total.high:.1f}, {measured.windows} windows"
        log.fact(f"{name}: all streams together", f"{total.mean:.1f} FPS", spread)
    log.note(*(f"{name}: {reason.text}" for reason in measured.reasons))
    telemetry_rows.add_run(log, name, series, windows)
