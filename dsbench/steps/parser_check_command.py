"""``dsbench parser-check``: the parser harness on one model directory, without the rest of the pipeline."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from dsbench.base.options import Given
from dsbench.judge.lint import ERROR
from dsbench.model import preflight
from dsbench.model.layout import ModelLayout
from dsbench.model.preflight import Request
from dsbench.runtimes.embedded import EmbeddedRuntime
from dsbench.steps import model_outputs, parser_check
from dsbench.steps.rows import parser_check_rows


def run(model_dir: str, video: str | None) -> int:
    """0: nothing worse than a warning, also where the sanitizers are not installed; 1: an error was found.

    Nothing is written to the model directory.
    """
    start = Path.cwd()
    layout = ModelLayout.at(model_dir, start)
    given = Given("--video", video, os.environ.get("DS_VIDEO") or None)
    facts = preflight.run(layout, Request("embedded", given, start, replace_results=True))
    with tempfile.TemporaryDirectory(prefix="dsbench-") as scratch:
        outputs = model_outputs.run(facts, Path(scratch))
        check = parser_check.run(facts, outputs, EmbeddedRuntime(), Path(scratch))
    print("\n".join(parser_check_rows.lines(check)))
    return int(any(found.severity == ERROR for found in check.findings))
