"""Step 7's results, and engine preparation, as the facts, tables and warnings that a reviewer reads."""

from __future__ import annotations

from dsbench.build.generated import Status
from dsbench.judge import saturation
from dsbench.judge import windows as judge_windows
from dsbench.judge.windows import StreamFacts
from dsbench.model.layout import ModelLayout
from dsbench.pipeline import summary
from dsbench.pipeline.prepare import Prepared
from dsbench.pipeline.step7b_config import BenchmarkConfig
from dsbench.pipeline.step7c_runs import Calibration, MeasuredRun, RawRun, Validation
from dsbench.pipeline.summary import Summary
from dsbench.record.evidence import EvidenceLog
from dsbench.report import engine_rows, telemetry_rows
from dsbench.report.evidence_rows import file_text
from dsbench.session import ModelRun

SERIES = "FPS of each stream over time"
_STREAMS_NAMED = 8


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
    if spread := judge_windows.unsteady(windows):
        log.warn(
            f"{name}: all streams together varied between {spread[0]:g} and {spread[1]:g} FPS within the run: "
            "did other programs use the machine? Measure again when it is quiet"
        )
    if silent := judge_windows.silent_s(windows, perf.due_s):
        log.warn(f"{name}: no PERF row came in the last {silent:.1f} s of the run: the figures are of the time before")
    if windows.broken:
        log.warn(f"{name}: {windows.broken} PERF rows were cut by other output; not in the figures of all streams")
    engine_rows.engine(log, name, perf.console, build_s=perf.build_s)
    if perf.killed_at_end:
        log.warn(f"{name}: the app did not end on SIGINT and was killed; its PERF rows are whole")
    file_text(log, layout.ds_app_config(plan.streams, 1 if name == "Run 1" else 2))
    file_text(log, plan.log)


def _streams(log: EvidenceLog, name: str, facts: StreamFacts) -> None:
    slow, fast = facts.slowest, facts.fastest
    log.fact(f"{name}: all streams together", f"{facts.total:.2f} FPS", "measured sum, last 10 windows")
    log.fact(f"{name}: slowest stream", f"{facts.means[slow]:.2f} FPS (stream {slow})", "last 10 windows")
    log.fact(f"{name}: fastest stream", f"{facts.means[fast]:.2f} FPS (stream {fast})", "last 10 windows")
    log.fact(f"{name}: streams below the target", len(facts.below_target), f"of {len(facts.means)}")
    if facts.stalled:
        log.warn(f"{name}: {_named(facts.stalled)} stood still at the end of the run")
    if facts.start_up_counted:
        log.warn(
            f"{name}: the app's start is among the last 10 windows, which lowers every figure; "
            "raise --perf-seconds or lower --perf-interval"
        )


def run1(log: EvidenceLog, model: ModelRun, result: Calibration) -> None:
    """Efficiency against trtexec, and why it is what it is."""
    figures = result.run.figures
    _efficiency(log, "Run 1", result.run)
    log.fact("RT_STREAMS", result.rt_streams, "min(floor(total / target), MAX_BS)")
    if note := saturation.note(figures, result.run.efficiency, on_gpu=model.runtime.name == "deepstream"):
        log.note(note)
    if result.moved:
        log.note(f"{len(result.moved)} files of older runs moved to benchmarks/ds/previous/")


def run2(log: EvidenceLog, result: Validation) -> None:
    """Is it real time, and for how many streams."""
    _efficiency(log, "Run 2", result.run)
    if result.retry is not None:
        _efficiency(log, "Retry", result.retry)
    benchmark, final = result.benchmark, result.final
    log.fact("Real-time streams confirmed", benchmark.confirmed_streams, f"RT: {benchmark.final.confirmed}")
    if verdict := summary.shortfall(benchmark):
        log.warn(f"RT: NO, {verdict} ({final.figures.fps} of {final.figures.target_fps:g} FPS)")
    elif final.facts is not None and final.facts.below_target:
        log.warn(
            f"RT: YES is stream 0's figure; {_named(final.facts.below_target)} stayed below "
            f"{final.figures.target_fps:g} FPS"
        )


def _efficiency(log: EvidenceLog, name: str, run: MeasuredRun) -> None:
    figures = run.figures
    log.fact(f"{name}: FPS per stream", figures.fps, "stream 0, mean of its last 10 windows")
    log.fact(f"{name}: total FPS", figures.total_fps, f"FPS per stream x {figures.streams}")
    log.fact(f"{name}: efficiency", f"{run.efficiency}%", "of the model alone (trtexec log)")
    if wrong := saturation.implausible(run.efficiency):
        log.warn(f"{name}: {wrong}")


def closing(log: EvidenceLog, result: Summary) -> None:
    """The closing block."""
    log.print(*result.lines)
    log.fact("STEP6_DURATION", f"{result.step6_s:.2f} s", "6a to 6g, wall time")


def _named(streams: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, streams[:_STREAMS_NAMED]))
    rest = f" and {len(streams) - _STREAMS_NAMED} more" if len(streams) > _STREAMS_NAMED else ""
    return f"stream{'s' if len(streams) > 1 else ''} {shown}{rest}"
