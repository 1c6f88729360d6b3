"""The comparison between streams as evidence: what each stream played, and how many of its boxes it got."""

from __future__ import annotations

from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.rows.evidence_rows import file_text
from dsbench.steps.stream_parity import ParityResult


def stream_parity(log: EvidenceLog, layout: ModelLayout, result: ParityResult) -> None:
    """A row for each stream; what the comparison could not see is a warning."""
    parity = result.parity
    if parity is None:
        log.fact("Streams compared", f"none: {result.not_run}")
        return
    objects = sum(one.objects for one in parity.streams)
    matched = sum(one.matched for one in parity.streams)
    log.fact("Streams compared", f"{len(parity.streams)} different clips in one batch, each with its own run alone")
    log.fact("Objects found again", f"{matched} of {objects}", f"app: {result.app_seconds:.1f} s in all")
    tolerance = parity.tolerance
    log.fact("One object means", f"IoU >= {tolerance.iou:g}, scores within {tolerance.score:g}, same label")
    columns = ("stream", "clip", "objects alone", "found again", "borderline", "differing", "shows")
    rows = (
        (one.stream, clip, one.objects, one.matched, one.borderline, one.differing, one.cause or "its own boxes")
        for one, clip in zip(parity.streams, result.clips, strict=True)
    )
    log.table("Each stream in the batch and alone", columns, rows)
    log.note(f"clips, dumps and logs: {layout.given_path(layout.parity_dir)}")
    if objects == 0:
        log.warn("no clip has an object: the comparison shows nothing")
    elif not parity.telling:
        log.warn("the clips' boxes do not differ: a batch that repeats its first item would not show")
    file_text(log, layout.parity_dir / "deepstream_app_batch.txt")
