"""Latency per frame as evidence: percentiles that the sample carries, each stream, each component."""

from __future__ import annotations

from array import array

from dsbench.judge import latency
from dsbench.judge.latency import LatencySummary
from dsbench.judge.run.telemetry import percentile
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.frame_latency import FrameLatency
from dsbench.steps.rows.limit_rows import extra_run

_STREAMS_SHOWN = 16


def frame_latency(log: EvidenceLog, layout: ModelLayout, result: FrameLatency) -> None:
    """The summary, the streams beside each other, and the run."""
    if result.run is None or result.log is None or result.summary is None:
        log.fact("Latency", result.not_run)
        return
    summary, found = result.summary, result.log
    log.fact("Latency under load", f"mean {summary.mean:.1f} ms", latency.sentence(summary))
    log.table("Latency of a frame", ("percentile", "ms", "95 % interval", "independent values needed"), _rows(summary))
    if remark := latency.remark(summary):
        log.note(remark)
    shown = sorted(found.frames.items())[:_STREAMS_SHOWN]
    columns = ("frames", "mean ms", "median ms", "longest ms")
    log.table("Latency by stream", ("stream", *columns), ((f"{source}", *_cells(each)) for source, each in shown))
    streams = result.run.plan.streams
    if len(found.frames) < streams:
        log.note(
            f"{len(found.frames)} of {streams} streams are told of: with one sink deepstream-app tells of source 0"
        )
    if found.components:
        rows = ((name, *_cells(each)) for name, each in sorted(found.components.items()))
        log.table("Latency by component", ("component", *columns), rows)
    log.note(f"{found.start_up} frames before the first PERF row are not counted: the app started up")
    if found.broken:
        log.note(f"{found.broken} latency lines were cut by other output and are not counted")
    extra_run(log, layout, result.run)


def _rows(summary: LatencySummary) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (f"{one.percent:g}", f"{one.value:.1f}", f"{one.low:.1f} to {one.high:.1f}", f"of {summary.effective}")
        for one in summary.percentiles
    ]
    return rows + [(f"{one.percent:g}", "not known", "", str(one.needed)) for one in summary.missing]


def _cells(values: array[float]) -> tuple[str, ...]:
    """A series in short: what was seen, no claim about what was not."""
    mean = sum(values) / len(values)
    return (str(len(values)), f"{mean:.1f}", f"{percentile(values, 50):.1f}", f"{max(values):.1f}")
