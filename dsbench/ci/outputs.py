"""Outputs of a job step, for later steps and jobs: GitHub's output file, GitLab's dotenv report."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping

from dsbench.base.text import console_json, printable
from dsbench.ci.escape import one_line
from dsbench.ci.outcome import ERROR, ModelOutcome, SessionOutcome

DOTENV = "reports/dsbench.env"
"""GitLab's dotenv report, below the folder where pytest was started."""
_DOTENV_BYTES = 4000  # GitLab takes 5 KiB
_PREFIX = "DSBENCH_"


def outputs_of(session: SessionOutcome) -> dict[str, str]:
    """The outputs by name: ``verdict, import, streams, comparison, report, record, results`` (docs/ci.md)."""
    imports = {model.import_word for model in session.models}
    return {
        "verdict": session.word,
        "import": next((word for word in ("no", "unknown", "yes") if word in imports), "unknown"),
        "streams": "" if session.streams is None else str(session.streams),
        "comparison": session.comparison,
        "report": printable(session.report),
        "record": "\n".join(printable(model.record) for model in session.models if model.record),
        "results": console_json(json.dumps([_result(model) for model in session.models])),
    }


def outputs_without_run(word: str = ERROR) -> dict[str, str]:
    """The outputs of a job whose run did not start, or had nothing to do."""
    empty = {"streams": "", "comparison": "", "report": "", "record": "", "results": "[]"}
    return {"verdict": word, "import": "unknown", **empty}


def _result(model: ModelOutcome) -> dict[str, object]:
    figures = model.figures
    return {
        "model": model.name,
        "verdict": model.word,
        "import": model.import_word,
        "streams": model.verdict.streams,
        "fps_per_stream": figures.run2.fps_per_stream,
        "runtime": model.verdict.runtime,
        "comparison": model.comparison,
        "record": model.record,
    }


def github_text(outputs: Mapping[str, str]) -> str:
    """Lines for ``$GITHUB_OUTPUT``. The delimiter is random: a value cannot end its block."""
    lines = []
    for name, value in outputs.items():
        end = f"dsbench_{secrets.token_hex(16)}"
        text = value.encode("utf-8", "replace").decode("utf-8").replace("\r", " ")
        lines.append(f"{name}<<{end}\n{text}\n{end}\n")
    return "".join(lines)


def dotenv_text(outputs: Mapping[str, str]) -> str:
    """Lines of a dotenv report: ``DSBENCH_VERDICT=...``. GitLab takes no value that is empty or has blanks: the words
    of the comparison are joined by hyphens, any other such value is left out."""
    values = {name: one_line(value) for name, value in outputs.items() if name != "results"}
    values["comparison"] = values["comparison"].replace(" ", "-")
    lines = [f"{_PREFIX}{name.upper()}={value}\n" for name, value in values.items() if value and " " not in value]
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(line.encode()) <= _DOTENV_BYTES:
            kept.append(line)
    return "".join(kept)
