"""dsbench's parts of pytest-html's page: title, environment, and each step's row."""

from __future__ import annotations

import html
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from dsbench.base.steps import STEPS
from dsbench.record.schema import INCONCLUSIVE, outcome_of
from dsbench.report.collector import evidence_of


def set_title(report: Any) -> None:
    """Set the title, keep the rows in the order of the steps, expand all rows."""
    report.title = "dsbench report"
    report.set_data("initialSort", "original")
    report.set_data("renderCollapsed", ["none"])


def environment(config: pytest.Config, header: Sequence[str], runtime: str, versions: Mapping[str, str]) -> None:
    """Add runtime, versions, hardware and options to pytest-metadata's table; escape it, as pytest-html does not."""
    from pytest_metadata.plugin import metadata_key

    metadata: dict[str, Any] = config.stash.get(metadata_key, {})
    for key, value in list(metadata.items()):
        if isinstance(value, str):
            metadata[key] = html.escape(value)
    rows = {"Runtime": runtime, "Command": shlex.join(("pytest", *config.invocation_params.args))}
    rows |= versions
    rows |= {f"Options {index}": line for index, line in enumerate(header, 1)}
    for key, value in rows.items():
        metadata[html.escape(key)] = html.escape(value)


def environment_rows(config: pytest.Config) -> tuple[tuple[str, str], ...]:
    """The rows of pytest-metadata's table as plain text, redacted as pytest-html does it."""
    from pytest_metadata.plugin import metadata_key

    metadata: Mapping[str, Any] = config.stash.get(metadata_key, {})
    return tuple((html.unescape(str(key)), html.unescape(_shown(value))) for key, value in metadata.items())


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def header_cells(cells: list[str]) -> None:
    """Set the heading for the columns of ``row_cells``."""
    cells[1] = '<th class="sortable" data-column-type="testId">Step</th>'
    del cells[3:]


def row_cells(report: pytest.TestReport, cells: list[str]) -> None:
    """Replace the test id, which pytest-html does not escape, by step, model and what the step proves."""
    del cells[3:]
    evidence = evidence_of(report)
    if evidence is None:
        cells[1] = f'<td class="col-testId">{html.escape(report.nodeid)}</td>'
        return
    step = next(step for step in STEPS if step.name == evidence.step)
    shown = html.escape(f"{step.section}  {step.name}")
    model = html.escape(evidence.model)
    if outcome_of(evidence, report.outcome) == INCONCLUSIVE:
        # the style sheet shows the right word: pytest-html's filters hide a row with a result that it does not know
        cells[0] = f'<td class="col-result dsb-inconclusive" title="{INCONCLUSIVE.upper()}">Skipped</td>'
    cells[1] = (
        f'<td class="col-testId"><b>{shown}</b> <span class="dsb-model">{model}</span>'
        f'<br><span class="dsb-proves">{html.escape(step.title)}</span></td>'
    )


def row_log(report: pytest.TestReport, data: list[str]) -> None:
    """Remove pytest's log if the evidence has the same; unexpected exceptions keep their traceback."""
    evidence = evidence_of(report)
    if evidence is not None and (report.passed or report.skipped or evidence.failure is not None):
        data.clear()
