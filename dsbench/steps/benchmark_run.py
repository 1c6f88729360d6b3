"""Run 1 and run 2 of 7c: make a run, measure it, record its evidence, reject it if the measurement is invalid."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsbench.base import spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import PERF_INTERVAL, PERF_PRECISION, PERF_SECONDS, TARGET_FPS
from dsbench.base.text import counted
from dsbench.formats.perf.windows import Windows
from dsbench.formats.telemetry import Series
from dsbench.judge import streams
from dsbench.judge.run import engine_use, saturation, stream_facts, stream_limits
from dsbench.judge.run.early_end import EarlyEnd
from dsbench.judge.run.measurement import Measurement, RealTime, State
from dsbench.judge.run.reason import ReasonCode
from dsbench.judge.run.reasons.silent import silent_s
from dsbench.judge.run.stream_facts import StreamFacts
from dsbench.judge.streams import RunFigures
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.record.schema import RunMeasurement
from dsbench.report import charts
from dsbench.runtimes import perf_run
from dsbench.runtimes.perf_run import PerfPlan, PerfRun
from dsbench.steps import app_run, stream_overload
from dsbench.steps.app_run import AppRuns, Played
from dsbench.steps.benchmark_config import BenchmarkConfigResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.rows import engine_rows, measurement_rows, telemetry_rows
from dsbench.steps.rows.file_rows import file_text, log_text

RUN_1 = "Run 1"
_LAST = f"last {spec.LAST_WINDOWS} windows"


@dataclass(frozen=True)
class RawRun:
    """One run before it is judged; recorded as evidence even if the step then fails."""

    name: str
    perf: PerfRun
    facts: StreamFacts | None
    notes: tuple[str, ...]
    """What happened while waiting for the device's lock."""
    telemetry: Series
    measurement: Measurement | None
    """None if the app ended by itself: the run is then not a measurement."""


@dataclass(frozen=True)
class Measurements:
    """The measurements over all streams of every run so far, in order."""

    runs: tuple[RunMeasurement, ...]


@dataclass(frozen=True)
class MeasuredRun:
    """One successful run."""

    name: str
    figures: RunFigures
    """The specification's figures, from stream 0."""
    perf: PerfRun
    facts: StreamFacts | None
    efficiency: float
    """Percent of trtexec's images per second."""
    measurement: Measurement
    """All streams, over the steady windows."""


def require_valid(model: ModelRun, run: MeasuredRun) -> None:
    """Raise MEASUREMENT_INVALID, with its reasons, if the run's measurement is INVALID."""
    found = run.measurement
    if found.state is State.INVALID:
        reasons = "\n".join(f"  {one.code} ({one.state.upper()}): {one.text}" for one in found.reasons)
        raise DsbenchError(
            Code.MEASUREMENT_INVALID,
            f"DS {run.name}: the measurement is invalid, its figures mean nothing\n{reasons}",
            where=model.layout.given_path(run.perf.plan.log),
            fix="remove the cause and run again; docs/measuring.md explains each reason",
        )


def measure(model: ModelRun, log: EvidenceLog, count: int, name: str) -> MeasuredRun:
    """Run the app with ``count`` streams, alone on its device; its evidence is recorded before its end is judged.

    A run that does not come up with very many streams is made again with half of them, at most ``HALVINGS`` times: a
    named deviation from the specification, which has no answer to that. Raises APP_CRASHED, APP_FAILED, APP_TIMEOUT,
    FPS_PARSE, NOT_WRITABLE.
    """
    for attempt in range(stream_limits.HALVINGS + 1):
        known = stream_overload.exceeded(model, count)
        log.warn(*(f"{name}: {text}" for text in known))
        played = app_run.play(model, model.runtime, _plan(model, count, name), name, confirms=name != RUN_1)
        figures = _figures(model, name, played)
        if not isinstance(figures, DsbenchError) or not stream_overload.likely(figures, played.perf):
            break
        figures = stream_overload.explained(figures, known)
        if attempt < stream_limits.HALVINGS:
            _record_overload(model, log, played, name, figures)
            count = streams.halved(count)
    return _measured(model, log, name, played, figures)


def _figures(model: ModelRun, name: str, played: Played) -> RunFigures | DsbenchError:
    """The specification's figures of a run, or why it has none."""
    perf, target = played.perf, model.option(TARGET_FPS).value
    shown = model.layout.given_path(perf.plan.log)
    try:
        perf_run.require_success(perf, f"DS {name}")
        count, took_s = perf.plan.streams, played.took_s
        figures = streams.figures(perf.stream0, count, took_s, run=name, log=shown, target_fps=target)
        app_run.require_alive(perf, name)
        stream_overload.require_started(perf, name)
    except DsbenchError as error:
        if error.code is not Code.FPS_PARSE:
            return error
        return DsbenchError(error.code, error.what, where=error.where, fix=_why_no_fps(perf))
    return figures


def _measured(
    model: ModelRun, log: EvidenceLog, name: str, played: Played, figures: RunFigures | DsbenchError
) -> MeasuredRun:
    """The run with its evidence; raises its error."""
    perf = played.perf
    facts = stream_facts.stream_facts(perf.windows, model.option(TARGET_FPS).value)
    measured = _judge(model, name, played) if perf.finished.stopped else None
    add_evidence(log, model.layout, RawRun(name, perf, facts, played.notes, played.series, measured))
    if isinstance(figures, DsbenchError):
        raise figures
    assert measured is not None, "a run that succeeded was stopped by us"
    efficiency = streams.efficiency(figures, model.get(BenchmarkConfigResult).throughput.imgs_per_sec)
    return MeasuredRun(name, figures, perf, facts, efficiency, measured)


def _record_overload(model: ModelRun, log: EvidenceLog, played: Played, name: str, error: DsbenchError) -> None:
    """Keep what a run with too many streams measured, under a name of its own."""
    perf = played.perf
    named = stream_overload.rename_last(model, name)
    perf = replace(perf, plan=replace(perf.plan, log=model.layout.root / model.get(AppRuns).runs[-1].log))
    facts = stream_facts.stream_facts(perf.windows, model.option(TARGET_FPS).value)
    add_evidence(log, model.layout, RawRun(named, perf, facts, played.notes, played.series, None))
    count = perf.plan.streams
    what = error.what.splitlines()[0]
    log.warn(f"{name}: the app did not come up with {count} streams ({what}): half of them are tried")
    log.print(f"{name} did not run with {count} streams: trying {streams.halved(count)}")


def _judge(model: ModelRun, name: str, played: Played) -> Measurement:
    """The run's measurement, added to those of the model's earlier runs for the record."""
    measured = app_run.all_streams(model, played)
    earlier = model.find(Measurements)
    model.keep(Measurements((*(earlier.runs if earlier else ()), RunMeasurement(name, measured))))
    return measured


def _plan(model: ModelRun, count: int, name: str) -> PerfPlan:
    """Write the run's app config, ``deepstream_app_s<N>_run<1|2>.txt``; returns the plan of the run."""
    layout, number = model.layout, 1 if name == RUN_1 else 2
    seconds, interval = model.option(PERF_SECONDS).value, model.option(PERF_INTERVAL).value
    config = app_run.write_app_config(model, layout.ds_app_config(count, number), count, interval)
    precision, max_bs = model.option(PERF_PRECISION).value / 100, model.get(PreflightFacts).max_bs
    early = EarlyEnd(precision, model.option(TARGET_FPS).value, name != RUN_1, max_bs, seconds)
    log = layout.ds_log(count, number)
    return PerfPlan(config, count, seconds, interval, log, early.reached if precision else None)


def _why_no_fps(perf: PerfRun) -> str:
    """The fix for a run without FPS of stream 0 in its last windows."""
    plan = perf.plan
    if perf.console.build_began:
        return f"{engine_use.why_built(perf.console)}; {engine_use.FIX}"
    if not any(any(row) for row in perf.windows.fps):
        start = f"{plan.streams} stream{'s' if plan.streams > 1 else ''} had not started after {plan.seconds} s"
        return f"{start}: raise --perf-seconds, or read the log to see what it waits for"
    return "read the log: check that the app started, decoded and inferred"


def add_evidence(log: EvidenceLog, layout: ModelLayout, raw: RawRun) -> None:
    """Command, files, PERF windows, telemetry, measurement and engine of one run."""
    name, perf, plan = raw.name, raw.perf, raw.perf.plan
    log.note(*raw.notes)
    log.command(*perf.finished.command)
    log.fact(f"{name}: log", layout.given_path(plan.log), f"the app ran for {perf.finished.seconds:.1f} s")
    found = perf.windows
    add_windows(log, name, found, raw.facts, raw.telemetry, raw.measurement)
    _rows(log, raw)
    engine_rows.engine(log, name, perf.console, build_s=perf.build_s)
    if perf.end_warning:
        log.warn(f"{name}: {perf.end_warning}")
    file_text(log, layout.ds_app_config(plan.streams, 1 if name.startswith(RUN_1) else 2))
    log_text(log, plan.log)


def add_windows(
    log: EvidenceLog,
    name: str,
    found: Windows,
    facts: StreamFacts | None,
    series: Series,
    measurement: Measurement | None,
) -> None:
    """What follows from the PERF windows and the telemetry: every stream, the table over time, load, measurement."""
    log.fact(f"{name}: PERF windows", len(found.fps), f"{found.interval_s} s each")
    if facts is not None:
        _streams(log, name, facts, measurement)
        columns = ("seconds", *(f"stream {number}" for number in range(found.streams)))
        rows = ((f"{at:.1f}", *row) for at, row in zip(found.at_s, found.fps, strict=True))
        log.table(f"{charts.SERIES}, {name} at {found.streams} streams", columns, rows)
    telemetry_rows.add_run(log, f"{name}, {counted(found.streams, 'stream')}", series, found)
    if measurement is not None:
        measurement_rows.facts(log, name, measurement, asked=name != RUN_1)


def _rows(log: EvidenceLog, raw: RawRun) -> None:
    """Warnings about PERF rows that are missing or damaged, unless the measurement already reports them."""
    name, found = raw.name, raw.perf.windows
    reported = {reason.code for reason in raw.measurement.reasons} if raw.measurement else set()
    if ReasonCode.SILENT not in reported and (silent := silent_s(found, raw.perf.lasted_s)):
        log.warn(f"{name}: no PERF row in the last {silent:.1f} s of the run: the figures cover the time before")
    if found.broken:
        what = f"{found.broken} PERF rows are cut by other output, or have inf or nan"
        log.warn(f"{name}: {what}: the figures of all streams leave them out")
    if raw.perf.not_asked:
        log.warn(f"{name}: the check for an early end failed, so the run took its whole time ({raw.perf.not_asked})")
    if found.repaired:
        log.note(f"{name}: {found.repaired} PERF rows were split by other output and reassembled")


def _streams(log: EvidenceLog, name: str, facts: StreamFacts, measurement: Measurement | None) -> None:
    slow, fast = facts.slowest, facts.fastest
    log.fact(f"{name}: all streams together", f"{facts.total:.2f} FPS", f"measured sum, {_LAST}")
    log.fact(f"{name}: slowest stream", f"{facts.means[slow]:.2f} FPS (stream {slow})", _LAST)
    log.fact(f"{name}: fastest stream", f"{facts.means[fast]:.2f} FPS (stream {fast})", _LAST)
    log.fact(f"{name}: streams below the target", len(facts.below_target), f"of {len(facts.means)}")
    if facts.start_up_counted:
        text = f"{name}: the {_LAST} include the app's start, which lowers every figure"
        if name != RUN_1 and measurement is not None and measurement.real_time is RealTime.YES:
            log.note(f"{text}; its streams keep up all the same")
        else:
            log.warn(f"{text}: raise --perf-seconds or lower --perf-interval")


def add_figures(log: EvidenceLog, name: str, figures: RunFigures, efficiency: float) -> None:
    """The specification's figures of a run, and its efficiency against trtexec."""
    log.fact(f"{name}: FPS per stream", figures.fps, f"stream 0, mean of its {_LAST}")
    log.fact(f"{name}: total FPS", figures.total_fps, f"FPS per stream x {figures.streams}")
    log.fact(f"{name}: efficiency", f"{efficiency}%", "of the model alone (trtexec log)")
    if wrong := saturation.implausible(efficiency):
        log.warn(f"{name}: {wrong}")
