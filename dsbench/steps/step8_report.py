"""Step 8's report in the step ``report``: made from the record if the benchmark was finished."""

from __future__ import annotations

import time
from dataclasses import dataclass

from dsbench.base.errors import Code, DsbenchError
from dsbench.model.layout import ModelLayout
from dsbench.record import codec
from dsbench.record.evidence import EvidenceLog
from dsbench.report.step8 import drawing, files, sections
from dsbench.report.step8.files import WrittenReport
from dsbench.steps import recording
from dsbench.steps.handover_summary import Step8Duration
from dsbench.steps.model_run import ModelRun

_NOT_MADE = (Code.BENCHMARK_UNFINISHED, Code.REPORT_TOOL_MISSING)


@dataclass(frozen=True)
class Step8Result:
    """The report, or why there is none."""

    written: WrittenReport | None
    why_not: str = ""


def make(model: ModelRun) -> Step8Result:
    """Write the report. Without a finished benchmark an older report is moved away. Raises NOT_WRITABLE."""
    recorder = model.recorder
    assert recorder is not None, "the plugin gives every model a recorder"
    try:
        sections.require_finished(recorder.record)
        started = time.monotonic()
        drawn = drawing.pngs(recorder.record)
        model.keep(Step8Duration(round(time.monotonic() - started, 2)))
        recording.refresh(model, recorder)
        record = codec.from_json(codec.to_json(recorder.record))  # as `dsbench report` reads it: with its rounding
        return Step8Result(files.write(record, model.layout.reports, drawn))
    except DsbenchError as error:
        if error.code not in _NOT_MADE:
            raise
        files.set_aside(model.layout.reports, recorder.record.model_name)
        return Step8Result(None, error.what)


def add_evidence(log: EvidenceLog, layout: ModelLayout, result: Step8Result) -> None:
    """Paths of the report, or a note why it was not made."""
    written = result.written
    if written is None:
        log.note(f"no report of Step 8: {result.why_not}")
        return
    shown = [layout.given_path(path) for path in (written.markdown, written.html, written.pdf) if path is not None]
    log.fact("Step 8's report", ", ".join(shown), f"from the record; charts: {len(written.charts)}")
    if written.pdf_missing is not None:
        log.note(f"no PDF: {written.pdf_missing.what}; {written.pdf_missing.fix}")
