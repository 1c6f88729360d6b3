"""One benchmark run of the app: alone on its device, with telemetry, its app config kept in ``benchmarks/ds``."""

from __future__ import annotations

import os
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import GPU_ID, TARGET_FPS
from dsbench.build import app_config
from dsbench.build.app_config import AppPlan
from dsbench.formats.telemetry import Series
from dsbench.judge.run import measurement, stream_facts
from dsbench.judge.run import telemetry as judge_telemetry
from dsbench.judge.run.measurement import Measurement
from dsbench.judge.run.reasons.silent import silent_s
from dsbench.judge.run.run_context import RunContext
from dsbench.machine.telemetry import sampler as telemetry
from dsbench.model.facts import PreflightFacts
from dsbench.record.raw import AppRun
from dsbench.record.schema import RunTelemetry
from dsbench.runtimes import perf_run
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.perf_run import PerfPlan, PerfRun
from dsbench.steps import working
from dsbench.steps.model_run import ModelRun


@dataclass(frozen=True)
class Played:
    """One run of the app, before it is judged."""

    perf: PerfRun
    series: Series
    """Telemetry sampled during the run."""
    notes: tuple[str, ...]
    """What happened while waiting for the device's lock."""
    took_s: float
    """Wall time of the run, the app's start and end included."""
    confirms: bool
    """The run decides whether its streams keep up."""


@dataclass(frozen=True)
class Telemetry:
    """Telemetry of every run so far, in order, failed runs included."""

    runs: tuple[RunTelemetry, ...]


@dataclass(frozen=True)
class AppRuns:
    """Raw data of every run so far, in order, failed runs included."""

    runs: tuple[AppRun, ...]


def play(model: ModelRun, runtime: Runtime, plan: PerfPlan, title: str, *, confirms: bool) -> Played:
    """Run the app alone on its device while the machine is sampled; raw data and series are kept for the record.

    ``confirms``: the run decides whether its streams keep up. Raises nothing for how the app ended.
    """
    with working.device(model) as held:
        up_to = "" if plan.enough is None else "at most "
        text = f"{title}, {plan.streams} stream{'s' if plan.streams != 1 else ''} for {up_to}{plan.seconds} s"
        started = time.monotonic()
        shown = working.seconds(model, f"{text} on {model.runtime.name}", plan.seconds)
        with shown, telemetry.sampler(model.runtime.name, model.option(GPU_ID).value) as sampler:
            perf = perf_run.run_app(runtime, plan)
        took_s = round(time.monotonic() - started, 3)
    series = _keep_telemetry(model, title, perf, sampler.series())
    played = Played(perf, series, held.notes, took_s, confirms)
    _keep_raw(model, title, played)
    return played


def all_streams(model: ModelRun, played: Played) -> Measurement:
    """The measurement over all streams of a run."""
    perf = played.perf
    context = RunContext(
        telemetry=played.series,
        cores=os.cpu_count() or 0,
        builds=perf.builds,
        due_s=perf.lasted_s,
        ended_early_s=perf.ended_early_s,
        confirms=played.confirms,
        most_streams=model.get(PreflightFacts).max_bs,
    )
    return measurement.of_run(perf.windows, model.option(TARGET_FPS).value, context)


def _keep_raw(model: ModelRun, name: str, played: Played) -> None:
    """Add a run's raw data to that of the model's earlier runs: all that ``all_streams`` reads."""
    perf, earlier = played.perf, model.find(AppRuns)
    run = AppRun(
        name=name,
        streams=perf.plan.streams,
        command=perf.finished.command,
        log=os.path.relpath(perf.plan.log, model.layout.root),
        took_s=played.took_s,
        lasted_s=perf.lasted_s,
        ended_early_s=perf.ended_early_s,
        stopped=perf.finished.stopped,
        confirms=played.confirms,
        cores=os.cpu_count() or 0,
        most_streams=model.get(PreflightFacts).max_bs,
        builds=perf.builds,
        stream0=perf.stream0,
        windows=perf.windows,
        log_bytes=perf.log_bytes,
    )
    model.keep(AppRuns((*(earlier.runs if earlier else ()), run)))


def write_app_config(model: ModelRun, kept: Path, streams: int, interval_s: int, *, infer: bool = True) -> Path:
    """Write a benchmark run's app config to ``kept``; returns the path under which the app finds it. ``infer`` False:
    ``[primary-gie]`` is off."""
    layout, links = model.layout, model.scratch
    plan = AppPlan(
        nvinfer_config=app_config.safe_path(layout.ds_nvinfer_config, links),
        video=app_config.safe_path(model.get(PreflightFacts).video.value.path, links, uri=True),
        streams=streams,
        gpu_id=model.option(GPU_ID).value,
        perf_interval_sec=interval_s,
        file_loop=True,
        infer=infer,
    )
    app_config.write_app(kept, plan)
    return app_config.safe_path(kept, links)


def require_alive(perf: PerfRun, name: str) -> None:
    """Raise APP_TIMEOUT for a hang.

    A run hangs if its PERF rows go on without frames, or if the rows stop: for several intervals, or together with an
    app that does not end on SIGINT.
    """
    silent = silent_s(perf.windows, perf.lasted_s)
    if stream_facts.hung(perf.windows):
        how = "every stream stalled to the end of the run"
    elif silent and perf.killed_at_end:
        how = f"no PERF row was printed in the last {silent:.0f} s of the run, and the app did not end on SIGINT"
    elif silent >= perf_run.STALL_INTERVALS * perf.plan.interval_s:
        how = f"no PERF row was printed in the last {silent:.0f} s of the run: it stalled"
    else:
        how = ""
    if how:
        last = "\n".join(f"    {line}" for line in perf.finished.tail())
        raise DsbenchError(
            Code.APP_TIMEOUT,
            f"DS {name}: {how}\n  last lines of {perf.plan.log}:\n{last}",
            where=shlex.join(perf.finished.command),
            fix="run the command by hand to see where it hangs",
        )


def _keep_telemetry(model: ModelRun, name: str, perf: PerfRun, series: Series) -> Series:
    """Add a run's telemetry to that of the model's earlier runs; returns ``series``."""
    earlier = model.find(Telemetry)
    window = judge_telemetry.measured_window(perf.windows)
    rounded = (round(window[0], 2), round(window[1], 2)) if window else None
    run = RunTelemetry(name, perf.plan.streams, rounded, series)
    model.keep(Telemetry((*(earlier.runs if earlier else ()), run)))
    return series
