"""6f's result as evidence."""

from __future__ import annotations

from dsbench.model.layout import ModelLayout
from dsbench.pipeline.step6f_visual import VisualResult
from dsbench.record.evidence import EvidenceLog
from dsbench.report.evidence_rows import file_text


def visual_validation(log: EvidenceLog, layout: ModelLayout, result: VisualResult) -> None:
    """The printed markers, the frames themselves, and how they were made."""
    log.print(*result.lines)
    if result.reason:
        log.fact("Visual check", "skipped", result.reason)
        return
    finished = result.finished
    assert finished is not None
    log.command(*finished.command)
    log.fact("Video", result.shown_output, f"VP9 in webm, {len(result.counts)} frames, app: {finished.seconds:.1f} s")
    for sample in result.samples:
        shown = layout.given_path(layout.sample_frame(sample.frame))
        log.fact(f"Frame {sample.frame}", shown, f"{_objects(sample.objects)} drawn")
        log.picture(f"frame {sample.frame}: {_objects(sample.objects)}", "image/jpeg", sample.jpeg_base64)
    if not any(result.counts):
        log.warn("no object was drawn on any frame: the most common cause is a wrong net-scale-factor")
    file_text(log, layout.visual_app_config)
    file_text(log, finished.log)


def _objects(count: int) -> str:
    return f"{count} object" if count == 1 else f"{count} objects"
