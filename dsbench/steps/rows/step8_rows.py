"""Step 8's hook as evidence."""

from __future__ import annotations

from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.report import ReportResult


def report(log: EvidenceLog, layout: ModelLayout, result: ReportResult) -> None:
    """Where everything lies."""
    if result.record is None:
        log.note("nothing of this run is left in the directory: it holds results that are not this run's to replace")
        return
    log.fact("Record", layout.given_path(layout.record), f"{len(result.record.steps)} steps, {result.record.verdict}")
    for kind, paths in (("Charts", result.charts), ("Video and frames", result.pictures)):
        log.fact(kind, ", ".join(layout.given_path(path) for path in paths) or "none made")
