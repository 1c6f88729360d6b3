"""Beyond the specification, with ``--latency``: how long a frame takes, in one more run with run 2's streams.

As in every benchmark run the clip is played as fast as the pipeline goes, so this is the latency under full load,
queues included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import LATENCY, PERF_INTERVAL, PERF_SECONDS
from dsbench.base.text import counted
from dsbench.formats import latency as latency_log
from dsbench.formats.latency import LatencyLog
from dsbench.judge import latency
from dsbench.judge.latency import LatencySummary
from dsbench.judge.run.measurement import Measurement
from dsbench.judge.run.telemetry import percentile
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import extra_runs
from dsbench.steps.extra_runs import ExtraPlan, ExtraRun
from dsbench.steps.model_run import ModelRun
from dsbench.steps.run2_validation import Run2ValidationResult

ENVIRONMENT = (("NVDS_ENABLE_LATENCY_MEASUREMENT", "1"),)


@dataclass(frozen=True)
class FrameLatencyResult:
    """The latency run and its summary; all None if nothing was run."""

    run: ExtraRun | None = None
    log: LatencyLog | None = None
    summary: LatencySummary | None = None
    not_run: str = ""
    """Why nothing was run; empty if it was."""


@dataclass(frozen=True)
class PercentileRecord:
    """A percentile and its 95 % confidence interval, in milliseconds."""

    percent: float
    ms: float
    low: float
    high: float


@dataclass(frozen=True)
class LatencyRecord:
    """The record's entry ``latency``. Times in milliseconds."""

    streams: int
    frames: int
    effective: int
    """Effective sample size: frames that follow each other are not independent."""
    mean_ms: float
    longest_ms: float
    percentiles: tuple[PercentileRecord, ...]


def run(model: ModelRun, log: EvidenceLog) -> FrameLatencyResult:
    """Make the latency run, summarise its log, print the summary.

    Raises LATENCY_PARSE if the log has no frame latency after start-up, and what a run of the app raises.
    """
    result = model.keep(_measured(model, log))
    made, summary = result.run, result.summary
    model.record("latency", record_entry(made.plan.streams, summary) if made and summary else None)
    add_evidence(log, model.layout, result)
    return result


def _measured(model: ModelRun, log: EvidenceLog) -> FrameLatencyResult:
    if not model.option(LATENCY).value:
        return FrameLatencyResult(not_run="not requested (--latency)")
    streams = model.get(Run2ValidationResult).final.figures.streams
    plan = ExtraPlan(
        "Latency",
        f"s{streams}_latency",
        streams,
        model.option(PERF_SECONDS).value,
        model.option(PERF_INTERVAL).value,
        environment=ENVIRONMENT,
    )
    made = extra_runs.measure(model, plan)
    found = latency_log.load(made.perf.plan.log, streams)
    summary = latency.summarise(found.frames)
    if summary is None:
        raise _nothing(found, made)
    log.print(line(streams, summary, made.measurement))
    return FrameLatencyResult(made, found, summary)


def line(streams: int, summary: LatencySummary, measured: Measurement) -> str:
    """The summary on one line; ``measured``: the run's throughput, whose doubts are doubts about its latency."""
    doubts = dict.fromkeys(reason.code for reason in measured.reasons)
    doubtful = f" | {measured.state.upper()} ({', '.join(doubts)})" if doubts else ""
    return f"Latency at {counted(streams, 'stream')}: {latency.sentence(summary)}{doubtful}"


def _nothing(found: LatencyLog, made: ExtraRun) -> DsbenchError:
    path = made.perf.plan.log
    if found.start_up:
        what = f"all {found.start_up} frames came before the first PERF row: the run ended during start-up"
        fix = "raise --perf-seconds or lower --perf-interval"
    else:
        what = f"the app printed no frame's latency although {ENVIRONMENT[0][0]}=1 was set"
        fix = "read the log: check that frames flowed and that this DeepStream supports the variable"
    return DsbenchError(Code.LATENCY_PARSE, what, where=str(path), fix=fix)


_STREAMS_SHOWN = 16
_COLUMNS = ("frames", "mean ms", "median ms", "longest ms")


def add_evidence(log: EvidenceLog, layout: ModelLayout, result: FrameLatencyResult) -> None:
    """The summary, each stream, each component, and the run."""
    if result.run is None or result.log is None or result.summary is None:
        log.left_out = result.not_run
        log.fact("Latency", result.not_run)
        return
    summary, found = result.summary, result.log
    add_summary(log, summary, found.frames)
    streams = result.run.plan.streams
    if len(found.frames) < streams:
        log.note(
            f"latency of {len(found.frames)} of {streams} streams: with one sink deepstream-app reports source 0 only"
        )
    if found.components:
        rows = ((name, *_cells(each)) for name, each in sorted(found.components.items()))
        log.table("Latency by component", ("component", *_COLUMNS), rows)
    log.note(f"{found.start_up} frames before the first PERF row are left out: the app was still starting")
    if found.broken:
        log.note(f"{found.broken} latency lines are cut by other output and are left out")
    extra_runs.add_evidence(log, layout, result.run)


def add_summary(log: EvidenceLog, summary: LatencySummary, frames: Mapping[int, Sequence[float]]) -> None:
    """The summary, and each stream. ``frames``: milliseconds by stream."""
    log.fact("Latency under load", f"mean {summary.mean:.1f} ms", latency.sentence(summary))
    log.table(
        "Latency of a frame", ("percentile", "ms", "95 % confidence interval", "independent values"), _rows(summary)
    )
    if remark := latency.remark(summary):
        log.note(remark)
    shown = sorted(frames.items())[:_STREAMS_SHOWN]
    log.table("Latency by stream", ("stream", *_COLUMNS), ((f"{source}", *_cells(each)) for source, each in shown))


def _rows(summary: LatencySummary) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (f"{one.percent:g}", f"{one.value:.1f}", f"{one.low:.1f} to {one.high:.1f}", f"{summary.effective} available")
        for one in summary.percentiles
    ]
    return rows + [(f"{one.percent:g}", "not known", "", f"{one.needed} needed") for one in summary.missing]


def _cells(values: Sequence[float]) -> tuple[str, ...]:
    """Count, mean, median and maximum of a series, as cells of a row."""
    mean = sum(values) / len(values)
    return (str(len(values)), f"{mean:.1f}", f"{percentile(values, 50):.1f}", f"{max(values):.1f}")


def record_entry(streams: int, summary: LatencySummary) -> LatencyRecord:
    """The entry; the record's raw data give the same one again."""
    return LatencyRecord(
        streams=streams,
        frames=summary.frames,
        effective=summary.effective,
        mean_ms=summary.mean,
        longest_ms=summary.largest,
        percentiles=tuple(PercentileRecord(one.percent, one.value, one.low, one.high) for one in summary.percentiles),
    )
