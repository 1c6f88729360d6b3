"""Step 7's results, and engine preparation, as the facts, tables and warnings that a reviewer reads."""

from __future__ import annotations

from dsbench.base.files import Status
from dsbench.judge.run import saturation
from dsbench.judge.run import windows as judge_windows
from dsbench.judge.run.measurement import RealTime
from dsbench.judge.run.verdicts import ReasonCode, named
from dsbench.judge.run.windows import StreamFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import summary
from dsbench.steps.benchmark_config import BenchmarkConfig
from dsbench.steps.benchmark_runs import RUN_1, Calibration, MeasuredRun, RawRun, Validation
from dsbench.steps.model_run import ModelRun
from dsbench.steps.prepare import Prepared
from dsbench.steps.rows import engine_rows, measurement_rows, telemetry_rows
from dsbench.steps.rows.evidence_rows import file_text
from dsbench.steps.summary import Summary

SERIES = "FPS of each stream over time"


def preparation(log: EvidenceLog, prepared: Prepared) -> None:
    """What was measured in the place of Steps 4-5, and how long it took."""
    took = f"{prepared.seconds:.1f} s" if prepared.seconds else ""
    log.fact("Engine preparation", prepared.action, took)
    if prepared.scanned:
        rows = ((batch, f"{images:.1f}") for batch, images in prepared.scanned)
        log.table("ONNX Runtime alone, in the order of measuring", ("batch", "images per second"), rows)
    layout = prepared.facts.layout
    log.note(*(f"TensorRT's log moved to {layout.given_path(path)}" for path in prepared.moved))
    log.note(*prepared.notes)
    if prepared.failure is not None:
        log.warn(f"engine preparation failed, so Step 7 will stop: {prepared.failure.what}")
    elif prepared.facts.throughput is None:
        log.warn("no throughput of the model alone is known: Step 7 will stop (--prepare auto measures it)")


def benchmark_config(log: EvidenceLog, layout: ModelLayout, result: BenchmarkConfig) -> None:
    """The config of the benchmark, whose it is, and the options of the runs."""
    if result.written.status is Status.USER_OWNED:
        whose = "the user's own, untouched"
    else:
        whose = f"generated, {result.written.status}" + (", from the user's own 6e config" * result.follows_user)
    log.fact("Benchmark nvinfer config", layout.given_path(result.written.path), whose)
    log.fact("batch-size", result.config.batch_size, "MAX_BS; a run's app config sets it to its number of streams")
    options = result.options
    log.fact("Seconds of a run", options.perf_seconds.value, options.perf_seconds.origin)
    log.fact("Seconds of a PERF window", options.perf_interval.value, options.perf_interval.origin)
    precision = options.perf_precision
    how = f"once FPS are known to {precision.value:g}% and the verdict is clear" if precision.value else "never"
    log.fact("A run ends early", how, precision.origin)
    log.fact("Real time means", f"{options.target_fps.value:g} FPS per stream", options.target_fps.origin)
    wanted = options.min_streams
    log.fact("Real-time streams wanted", "any" if wanted.value is None else wanted.value, wanted.origin)
    log.warn(*(f"{finding.what} ({finding.where}): {finding.fix}" for finding in result.findings))
    file_text(log, result.written.path)


def perf_run(log: EvidenceLog, layout: ModelLayout, raw: RawRun) -> None:
    """Everything one run printed, before it is judged."""
    name, perf, plan = raw.name, raw.perf, raw.perf.plan
    log.note(*raw.notes)
    log.command(*perf.finished.command)
    log.fact(f"{name}: log", layout.given_path(plan.log), f"app: {perf.finished.seconds:.1f} s")
    windows = perf.windows
    log.fact(f"{name}: PERF windows", len(windows.fps), f"{plan.interval_s} s each")
    if raw.facts is not None:
        _streams(log, name, raw.facts)
        columns = ("seconds", *(f"stream {number}" for number in range(windows.streams)))
        rows = ((f"{at:.1f}", *row) for at, row in zip(windows.at_s, windows.fps, strict=True))
        log.table(f"{SERIES}, {name} at {plan.streams} streams", columns, rows)
    telemetry_rows.run(log, f"{name}, {plan.streams} stream{'s' * (plan.streams != 1)}", raw.telemetry, windows)
    if raw.measurement is not None:
        measurement_rows.facts(log, name, raw.measurement, asked=name != RUN_1)
    _rows(log, raw)
    engine_rows.engine(log, name, perf.console, build_s=perf.build_s)
    if perf.killed_at_end and windows.fps:
        log.warn(f"{name}: the app did not end on SIGINT and was killed; its PERF rows are whole")
    file_text(log, layout.ds_app_config(plan.streams, 1 if name == "Run 1" else 2))
    file_text(log, plan.log)


def _rows(log: EvidenceLog, raw: RawRun) -> None:
    """PERF rows that are missing. Where there are no steady windows the measurement has nothing to say of them."""
    name, windows = raw.name, raw.perf.windows
    told = {reason.code for reason in raw.measurement.reasons} if raw.measurement else set()
    if ReasonCode.SILENT not in told and (silent := judge_windows.silent_s(windows, raw.perf.lasted_s)):
        log.warn(f"{name}: no PERF row came in the last {silent:.1f} s of the run: the figures are of the time before")
    if windows.broken:
        what = f"{windows.broken} PERF rows were cut by other output, or have inf or nan"
        log.warn(f"{name}: {what}; not in the figures of all streams")
    if raw.perf.not_asked:
        log.warn(f"{name}: whether it could end early is not known, so it had its whole time ({raw.perf.not_asked})")
    if windows.repaired:
        log.note(f"{name}: {windows.repaired} PERF rows were cut by other output and put together again")


def _streams(log: EvidenceLog, name: str, facts: StreamFacts) -> None:
    slow, fast = facts.slowest, facts.fastest
    log.fact(f"{name}: all streams together", f"{facts.total:.2f} FPS", "measured sum, last 10 windows")
    log.fact(f"{name}: slowest stream", f"{facts.means[slow]:.2f} FPS (stream {slow})", "last 10 windows")
    log.fact(f"{name}: fastest stream", f"{facts.means[fast]:.2f} FPS (stream {fast})", "last 10 windows")
    log.fact(f"{name}: streams below the target", len(facts.below_target), f"of {len(facts.means)}")
    if facts.start_up_counted:
        log.warn(
            f"{name}: the app's start is among the last 10 windows, which lowers every figure; "
            "raise --perf-seconds or lower --perf-interval"
        )


def run1(log: EvidenceLog, model: ModelRun, result: Calibration) -> None:
    """Efficiency against trtexec, and why it is what it is."""
    figures = result.run.figures
    _efficiency(log, result.run)
    log.print(measurement_rows.line(RUN_1, result.run.measurement, asked=False))
    log.fact("RT_STREAMS", result.rt_streams, "min(floor(total / target), MAX_BS)")
    if note := saturation.note(figures, result.run.efficiency):
        log.note(note)
    if result.moved:
        log.note(f"{len(result.moved)} files of older runs moved to benchmarks/ds/previous/")


def run2(log: EvidenceLog, result: Validation) -> None:
    """Is it real time, and for how many streams."""
    for run in (result.run, *((result.retry,) if result.retry else ())):
        _efficiency(log, run)
        log.print(measurement_rows.line(run.name, run.measurement, asked=True))
    benchmark, final = result.benchmark, result.final
    counts = f"by stream 0: {benchmark.confirmed_streams}; by every stream: {result.confirmed_streams}"
    said = f"RT: {benchmark.final.confirmed}; every stream: {final.measurement.real_time}"
    log.fact("Real-time streams confirmed", counts, said)
    if verdict := summary.shortfall(benchmark):
        log.warn(f"RT: NO, {verdict} ({final.figures.fps} of {final.figures.target_fps:g} FPS)")
    elif final.facts is not None and final.facts.below_target:
        log.warn(
            f"RT: YES is stream 0's figure; {named(final.facts.below_target)} stayed below "
            f"{final.figures.target_fps:g} FPS"
        )
    elif final.measurement.real_time is RealTime.NO:
        log.warn("RT: YES is stream 0's figure; not every stream keeps up")


def _efficiency(log: EvidenceLog, run: MeasuredRun) -> None:
    name, figures = run.name, run.figures
    log.fact(f"{name}: FPS per stream", figures.fps, "stream 0, mean of its last 10 windows")
    log.fact(f"{name}: total FPS", figures.total_fps, f"FPS per stream x {figures.streams}")
    log.fact(f"{name}: efficiency", f"{run.efficiency}%", "of the model alone (trtexec log)")
    if wrong := saturation.implausible(run.efficiency):
        log.warn(f"{name}: {wrong}")


def closing(log: EvidenceLog, result: Summary) -> None:
    """The closing block."""
    log.print(*result.lines)
    log.fact("STEP6_DURATION", f"{result.step6_s:.2f} s", "6a to 6g, wall time")
