"""``dsbench report``: Step 8's report from a record, without running anything."""

from __future__ import annotations

import argparse
from pathlib import Path

from dsbench.base.text import printable
from dsbench.handover import recorded_run
from dsbench.record import codec
from dsbench.report.step8 import drawing, files, sections


def run(arguments: argparse.Namespace) -> int:
    """Write the files and print their paths. Raises BENCHMARK_UNFINISHED, REPORT_TOOL_MISSING, RECORD_INVALID.

    A PDF that cannot be written is a line, an error with --pdf.
    """
    found = recorded_run.find(arguments.model_dir, Path.cwd())
    sections.require_finished(found.record)
    with codec.its_shape_expected(str(found.reports)):
        sections.document(found.record)
        charts = drawing.pngs(found.record)
    written = files.write(found.record, found.reports, charts)
    for path in written.paths:
        print(printable(str(path)))
    if written.pdf_missing is not None:
        if arguments.pdf:
            raise written.pdf_missing
        print(f"no PDF: {written.pdf_missing.what}; {written.pdf_missing.fix}")
    return 0
