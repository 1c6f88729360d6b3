"""7c: two runs through the app. Run 1 measures what all streams at once reach, run 2 whether RT_STREAMS keep up."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.build import app_config
from dsbench.build.app_config import AppPlan
from dsbench.formats.telemetry import Series
from dsbench.judge import streams
from dsbench.judge.run import engine_use, measurement, windows
from dsbench.judge.run import telemetry as judge_telemetry
from dsbench.judge.run.early_end import EarlyEnd
from dsbench.judge.run.measurement import Measurement, RealTime, State
from dsbench.judge.run.run_context import RunContext
from dsbench.judge.run.windows import StreamFacts
from dsbench.judge.streams import Benchmark, RunFigures
from dsbench.machine import device_lock
from dsbench.machine.telemetry import sampler as telemetry
from dsbench.model import previous
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.record.schema import RunMeasurement, RunTelemetry
from dsbench.runtimes import perf_run
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.perf_run import PerfPlan, PerfRun
from dsbench.steps.benchmark_config import BenchmarkConfig
from dsbench.steps.model_run import ModelRun

RUN_1 = "Run 1"


@dataclass(frozen=True)
class RawRun:
    """A run before anything is judged: kept as evidence whatever it then comes to. ``notes``: on the device's lock."""

    name: str
    perf: PerfRun
    facts: StreamFacts | None
    notes: tuple[str, ...]
    telemetry: Series
    measurement: Measurement | None
    """None where the app ended by itself: what it measured until then is of no run."""


@dataclass(frozen=True)
class Played:
    """How a run of the app went. ``notes``: on the device's lock; ``started``: by the monotonic clock, in seconds."""

    perf: PerfRun
    series: Series
    notes: tuple[str, ...]
    started: float


@dataclass(frozen=True)
class Telemetry:
    """What was sampled beside every run so far, in their order, also beside runs that failed."""

    runs: tuple[RunTelemetry, ...]


@dataclass(frozen=True)
class Measurements:
    """What every run so far says of all its streams, in their order."""

    runs: tuple[RunMeasurement, ...]


Keep = Callable[[RawRun], None]


@dataclass(frozen=True)
class MeasuredRun:
    """One run: the specification's figures, and all streams beside them. ``efficiency`` in percent of trtexec."""

    name: str
    figures: RunFigures
    perf: PerfRun
    facts: StreamFacts | None
    efficiency: float
    measurement: Measurement


@dataclass(frozen=True)
class Calibration:
    """Run 1. ``rt_streams`` as computed (0 on a slow CPU)."""

    run: MeasuredRun
    rt_streams: int
    moved: tuple[Path, ...]


@dataclass(frozen=True)
class Validation:
    """Run 2 and, if it did not keep up, its one retry at half the streams; ``benchmark`` is all of Step 7."""

    run: MeasuredRun
    retry: MeasuredRun | None
    benchmark: Benchmark

    @property
    def final(self) -> MeasuredRun:
        return self.retry or self.run

    @property
    def confirmed_streams(self) -> int:
        """Real-time streams by the specification's figure and by every stream's; 0 if either does not say so."""
        sure = self.final.measurement.real_time is RealTime.YES
        return self.benchmark.confirmed_streams if sure else 0


def run1(model: ModelRun, log: EvidenceLog, keep: Keep) -> Calibration:
    """Calibration at min(PEAK_GPU_STREAMS, MAX_BS) streams; logs of older runs move aside first."""
    facts, config = model.get(PreflightFacts), model.get(BenchmarkConfig)
    moved = previous.set_runs_aside(model.layout.ds_dir)
    count = streams.run1_streams(config.throughput.peak_gpu_streams, facts.max_bs)
    measured = _measure(model, count, RUN_1, keep)
    rt_streams = streams.rt_streams(measured.figures, facts.max_bs)
    log.print(*streams.run1_lines(measured.figures, rt_streams))
    return Calibration(measured, rt_streams, moved)


def run2(model: ModelRun, log: EvidenceLog, keep: Keep) -> Validation:
    """Validation at RT_STREAMS; not real-time: halved and tried once more, unless the measurement is invalid.

    Judged by ``require_valid`` and ``require_streams``.
    """
    facts, config, first = model.get(PreflightFacts), model.get(BenchmarkConfig), model.get(Calibration)
    measured = _measure(model, max(1, first.rt_streams), "Run 2", keep)
    log.print(*streams.run2_lines(measured.figures))
    retry = None
    if not measured.figures.real_time and measured.measurement.state is not State.INVALID:
        count = streams.halved(first.rt_streams)
        log.print(streams.retry_announcement(count))
        kept = _keep_first_log(measured.perf.plan.log)
        log.renamed(*map(model.layout.given_path, (measured.perf.plan.log, kept)))
        log.note(f"run 2's log is kept as {model.layout.given_path(kept)}: Step 8 takes the first *_run2.log by name")
        retry = _measure(model, count, "Retry", keep)
        log.print(streams.retry_line(retry.figures))
    benchmark = Benchmark(
        max_bs=facts.max_bs,
        peak_gpu_streams=config.throughput.peak_gpu_streams,
        trtexec_imgs=config.throughput.imgs_per_sec,
        run1=first.run.figures,
        rt_streams=first.rt_streams,
        run2=measured.figures,
        retry=retry.figures if retry else None,
    )
    return Validation(measured, retry, benchmark)


def require_valid(model: ModelRun, run: MeasuredRun) -> None:
    """MEASUREMENT_INVALID, with its reasons, for a run whose figures are not of what was to be measured."""
    found = run.measurement
    if found.state is State.INVALID:
        reasons = "\n".join(f"  {one.code} ({one.state.upper()}): {one.text}" for one in found.reasons)
        raise DsbenchError(
            Code.MEASUREMENT_INVALID,
            f"DS {run.name}: the measurement is invalid, its figures mean nothing\n{reasons}",
            where=model.layout.given_path(run.perf.plan.log),
            fix="remove the cause and run again; docs/measuring.md says what each reason means",
        )


def require_streams(model: ModelRun, validation: Validation) -> None:
    """TOO_FEW_STREAMS when ``--min-streams`` wants more real-time streams than were confirmed."""
    wanted = model.get(BenchmarkConfig).options.min_streams
    confirmed = validation.confirmed_streams
    if wanted.value is not None and confirmed < wanted.value:
        fix = "a smaller or faster model, a larger batch, a faster machine; or a lower --min-streams or --target-fps"
        most, first = validation.benchmark.max_bs, validation.benchmark.run1
        if first.total_fps // first.target_fps > most:
            fix = f"run 1 would carry more, but no more than MAX_BS={most} streams are run: a larger batch first; {fix}"
        found = validation.final.measurement
        if found.disturbed:
            fix = f"measure again on a quiet machine, its reasons above say what disturbed it; else {fix}"
        elif found.real_time is RealTime.UNSURE:
            fix = f"measure again without what made it unsure (docs/measuring.md); else {fix}"
        plural = "s" if confirmed != 1 else ""
        raise DsbenchError(
            Code.TOO_FEW_STREAMS,
            f"{confirmed} real-time stream{plural} confirmed on {model.runtime.label}, --min-streams {wanted} wanted"
            f"{_unconfirmed(validation)}",
            where=str(validation.final.perf.plan.log),
            fix=fix,
        )


def _unconfirmed(validation: Validation) -> str:
    """Why streams that keep up by stream 0's figure do not count, or what disturbed the run."""
    by_stream0, found = validation.benchmark.confirmed_streams, validation.final.measurement
    if found.real_time is RealTime.YES or not (by_stream0 or found.disturbed):
        return ""
    keeps_up = f"keeps up at {by_stream0} streams" if by_stream0 else "does not keep up"
    reasons = "".join(f"\n  {reason.code}: {reason.text}" for reason in found.reasons)
    return f"\n  stream 0 {keeps_up}; every stream: {found.real_time}{reasons}"


def _measure(model: ModelRun, count: int, name: str, keep: Keep) -> MeasuredRun:
    """One run of the app, alone on its device. What it printed is kept as evidence before its end is judged."""
    config = model.get(BenchmarkConfig)
    plan = _plan(model, count, name)
    played = play(model, model.runtime, plan, name)
    perf, series = played.perf, played.series
    target = config.options.target_fps.value
    facts = windows.stream_facts(perf.windows, target)
    measured = _judge(model, name, played) if perf.finished.stopped else None
    keep(RawRun(name, perf, facts, played.notes, series, measured))
    perf_run.require_success(perf, f"DS {name}")
    shown = model.layout.given_path(plan.log)
    seconds = time.monotonic() - played.started
    try:
        figures = streams.figures(perf.stream0, count, seconds, run=name, log=shown, target_fps=target)
    except DsbenchError as error:
        raise DsbenchError(error.code, error.what, where=error.where, fix=_why_no_fps(perf)) from None
    require_alive(perf, name)
    assert measured is not None, "a run that succeeded was stopped by us"
    efficiency = streams.efficiency(figures, config.throughput.imgs_per_sec)
    return MeasuredRun(name, figures, perf, facts, efficiency, measured)


def play(model: ModelRun, runtime: Runtime, plan: PerfPlan, title: str) -> Played:
    """Run the app alone on its device, the machine sampled beside it; the series is kept for the record. Never raises
    for how the app ended."""
    device = device_lock.device_name(model.runtime.name, model.options.gpu_id.value)
    with device_lock.exclusive(device, model.announce) as held:
        most = "" if plan.enough is None else "at most "
        text = f"{title}, {plan.streams} stream{'s' if plan.streams != 1 else ''} for {most}{plan.seconds} s"
        model.announce(f"{model.layout.name}: {text} on {model.runtime.name}")
        started = time.monotonic()
        with telemetry.sampler(model.runtime.name, model.options.gpu_id.value) as sampler:
            perf = perf_run.run(runtime, plan)
    return Played(perf, _keep_telemetry(model, title, perf, sampler.series()), held.notes, started)


def all_streams(model: ModelRun, played: Played, *, confirms: bool) -> Measurement:
    """What a run says of all its streams. ``confirms``: it was made to say whether they keep up."""
    perf = played.perf
    context = RunContext(
        telemetry=played.series,
        cores=os.cpu_count() or 0,
        builds=perf.builds,
        due_s=perf.lasted_s,
        ended_early_s=perf.ended_early_s,
        confirms=confirms,
    )
    return measurement.of_run(perf.windows, model.get(BenchmarkConfig).options.target_fps.value, context)


def _judge(model: ModelRun, name: str, played: Played) -> Measurement:
    """``all_streams``, added to those of this model, for its record."""
    measured = all_streams(model, played, confirms=name != RUN_1)
    earlier = model.find(Measurements)
    model.keep(Measurements((*(earlier.runs if earlier else ()), RunMeasurement(name, measured))))
    return measured


def _keep_telemetry(model: ModelRun, name: str, perf: PerfRun, series: Series) -> Series:
    """Add a run's series to those of this model, for its record."""
    earlier = model.find(Telemetry)
    window = judge_telemetry.measured_window(perf.windows)
    rounded = (round(window[0], 2), round(window[1], 2)) if window else None
    run = RunTelemetry(name, perf.plan.streams, rounded, series)
    model.keep(Telemetry((*(earlier.runs if earlier else ()), run)))
    return series


def _plan(model: ModelRun, count: int, name: str) -> PerfPlan:
    """Write the app config that is kept, ``deepstream_app_s<N>_run<1|2>.txt``, and say where the log goes."""
    layout, number = model.layout, 1 if name == RUN_1 else 2
    options = model.get(BenchmarkConfig).options
    seconds, interval = options.perf_seconds.value, options.perf_interval.value
    config = write_app_config(model, layout.ds_app_config(count, number), count, interval)
    precision, most = options.perf_precision.value / 100, model.get(PreflightFacts).max_bs
    early = EarlyEnd(precision, options.target_fps.value, name != RUN_1, most, seconds)
    log = layout.ds_log(count, number)
    return PerfPlan(config, count, seconds, interval, log, early.reached if precision else None)


def write_app_config(model: ModelRun, kept: Path, streams: int, interval_s: int, *, infer: bool = True) -> Path:
    """Write a benchmark run's app config to ``kept``; returns the path under which the app finds it. ``infer`` False:
    ``[primary-gie]`` is off."""
    layout, links = model.layout, model.scratch
    plan = AppPlan(
        nvinfer_config=app_config.safe_path(layout.ds_nvinfer_config, links),
        video=app_config.safe_path(model.get(PreflightFacts).video.value.path, links, uri=True),
        streams=streams,
        gpu_id=model.options.gpu_id.value,
        perf_interval_sec=interval_s,
        file_loop=True,
        infer=infer,
    )
    app_config.write_app(kept, plan)
    return app_config.safe_path(kept, links)


def _keep_first_log(log: Path) -> Path:
    """``ds_s<N>_run2.log`` becomes ``ds_s<N>_run2_first.log``: Step 8 takes the first ``*_run2.log`` by name."""
    kept = log.with_name(f"{log.stem}_first.log")
    try:
        os.replace(log, kept)
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"{log.name} cannot be renamed: {error.strerror}",
            where=str(log),
            fix="make benchmarks/ds of the model directory writable",
        ) from error
    return kept


def _why_no_fps(perf: PerfRun) -> str:
    """What to do about a run without a frame of stream 0 in its last windows."""
    plan = perf.plan
    if perf.console.build_began:
        return f"{engine_use.why_built(perf.console)}; {engine_use.FIX}"
    if not any(any(row) for row in perf.windows.fps):
        start = f"{plan.streams} stream{'s' if plan.streams > 1 else ''} had not started after {plan.seconds} s"
        return f"{start}: raise --perf-seconds, or read the log for what it waits for"
    return "read the log: did the app start, decode and infer?"


def require_alive(perf: PerfRun, name: str) -> None:
    """APP_TIMEOUT if PERF rows came to the end but no frame did (the pipeline hangs, its timer does not), or if the
    rows stopped: for long, or the app did not end on SIGINT either."""
    silent = windows.silent_s(perf.windows, perf.lasted_s)
    if windows.hung(perf.windows):
        how = "every stream stood still to the end of the run"
    elif silent and perf.killed_at_end:
        how = f"no PERF row came in the last {silent:.0f} s of the run, and the app did not end on SIGINT"
    elif silent >= perf_run.STALL_INTERVALS * perf.plan.interval_s:
        how = f"no PERF row came in the last {silent:.0f} s of the run: it stalled"
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
