"""Figures that the report derives from the record. The report states the formula next to each."""

from __future__ import annotations

from dsbench.record.handover import DetectionSummary, DurationSummary
from dsbench.record.schema import Figures, Record, StreamFigures

MEGABYTE = 1_000_000

GPU_BOUND, PIPELINE_BOUND, NOT_DECIDED = "GPU-bound", "pipeline-bound", "not decided"
CPU_BOUND = "CPU-bound: inference takes most of a frame's time"
_DECODING = "pipeline-bound: decoding is the limit"
_BOUNDS = {
    "decode": _DECODING,
    "CPU": "pipeline-bound: the CPU is the limit",
    "batch wait": "pipeline-bound: batches wait for frames",
}


def peak_line(figures: Figures) -> float | None:
    """PEAK_GPU_STREAMS x target FPS, in images per second."""
    if figures.peak_gpu_streams is None or figures.target_fps is None:
        return None
    return figures.peak_gpu_streams * figures.target_fps


def gap(run: StreamFigures) -> float | None:
    """100 % - efficiency, one decimal: what the pipeline takes from the model alone."""
    return None if run.efficiency is None else round(100 - run.efficiency, 1)


def detection_rate(found: DetectionSummary) -> float | None:
    """Percent of frames with detections, one decimal, as the specification computes it."""
    return round(found.frames_with_detections / found.frames * 100, 1) if found.frames else None


def total_seconds(durations: DurationSummary) -> float:
    """The sum of what is recorded."""
    known = (
        *(durations.steps_1_3, durations.step_4, durations.step_5, durations.preparation, durations.step_6),
        *(durations.run1, durations.run2, durations.retry, durations.step_8),
    )
    return round(sum(value for value in known if value is not None), 2)


def bound(record: Record) -> str:
    """GPU- or pipeline-bound, from the ceilings that were measured; why not if none was."""
    limit = record.entry("limit")
    if limit is None:
        return "not measured"
    name = str(limit.get("limit", ""))
    if name == "compute":
        return GPU_BOUND if record.runtime == "deepstream" else CPU_BOUND
    return _BOUNDS.get(name, f"{NOT_DECIDED}: the limit is {name or 'not known'}")
