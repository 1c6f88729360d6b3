"""6f's result as evidence."""

from __future__ import annotations

from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes import gst
from dsbench.steps.rows import engine_rows
from dsbench.steps.rows.evidence_rows import file_text
from dsbench.steps.visual_result import CAPTURE_MODES, EMBEDDED, VisualResult

CAPTURE_MODE = "Visual Capture Mode"


def visual_validation(log: EvidenceLog, layout: ModelLayout, result: VisualResult) -> None:
    """The printed markers, the frames themselves, and how they were made."""
    log.print(*result.lines)
    for attempt in result.attempts:
        log.command(*attempt.command)
    if result.mode == EMBEDDED:
        _embedded(log, layout, result)
    else:
        log.fact(CAPTURE_MODE, CAPTURE_MODES[result.mode], result.reason)
        _gstreamer(log, result)
    for sample in result.samples:
        shown = layout.given_path(layout.sample_frame(sample.frame))
        title = f"frame {sample.frame}" + ("" if sample.objects is None else f": {_objects(sample.objects)}")
        log.fact(f"Frame {sample.frame}", shown, "" if sample.objects is None else f"{_objects(sample.objects)} drawn")
        log.picture(title, "image/jpeg", sample.jpeg_base64)


def _embedded(log: EvidenceLog, layout: ModelLayout, result: VisualResult) -> None:
    finished = result.finished
    assert finished is not None
    log.command(*finished.command)
    log.fact("Video", result.shown_output, f"VP9 in webm, {len(result.counts)} frames, app: {finished.seconds:.1f} s")
    if not any(result.counts):
        log.warn("no object was drawn on any frame: the most common cause is a wrong net-scale-factor")
    file_text(log, layout.visual_app_config)
    file_text(log, finished.log)


def _gstreamer(log: EvidenceLog, result: VisualResult) -> None:
    if result.frames is not None and result.finished is not None:
        counts = f"{result.frames.output} frames of {result.frames.source}"
        log.fact("Video", result.shown_output, f"{counts}, gst-launch-1.0: {result.finished.seconds:.1f} s")
    for attempt in result.attempts:
        engine_rows.engine(log, "the visual check", gst.console(attempt.log))
    log.note(*result.notes)
    for attempt in result.attempts:
        file_text(log, attempt.log)


def _objects(count: int) -> str:
    return f"{count} object" if count == 1 else f"{count} objects"
