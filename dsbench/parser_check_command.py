"""``dsbench parser-check``: the parser harness on one model directory, without the rest of the pipeline."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from dsbench.judge.lint import ERROR
from dsbench.model import preflight
from dsbench.model.layout import ModelLayout
from dsbench.model.preflight import Request
from dsbench.options import Given
from dsbench.pipeline import parser_check, step6a_outputs
from dsbench.report import parser_check_rows
from dsbench.runtimes.embedded import EmbeddedRuntime


def run(model_dir: str, video: str | None) -> int:
    """0: nothing worse than a warning, also where the sanitizers are not installed; 1: an error was found.

    Nothing is written to the model directory.
    """
    start = Path.cwd()
    layout = ModelLayout.at(model_dir, start)
    given = Given("--video", video, os.environ.get("DS_VIDEO") or None)
    facts = preflight.run(layout, Request("embedded", given, start, replace_results=True))
    with tempfile.TemporaryDirectory(prefix="dsbench-") as scratch:
        outputs = step6a_outputs.run(facts, Path(scratch))
        check = parser_check.run(facts, outputs, EmbeddedRuntime(), Path(scratch))
    print("\n".join(parser_check_rows.lines(check)))
    return int(any(found.severity == ERROR for found in check.findings))
