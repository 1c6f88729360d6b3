"""pytest-html: where the report goes, and each step's evidence as escaped HTML in its row."""

from __future__ import annotations

import html
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dsbench import collection, resources
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import Evidence
from dsbench.record.schema import RecordState
from dsbench.report import charts, verdict
from dsbench.report.collector import Collector, StepResult, evidence_of
from dsbench.report.verdict import Verdict
from dsbench.runtimes.select import Selected
from dsbench.session import RunOptions
from dsbench.steps import STEPS

if TYPE_CHECKING:
    import jinja2


def configure(config: pytest.Config, layouts: Sequence[ModelLayout], start: Path) -> Path | None:
    """Send the report to ``reports/<model>.html`` below ``start``, self-contained; returns the path.

    A user's ``--html`` stays. No report with --collect-only (it would overwrite a good one) or on xdist workers.
    """
    if config.option.collectonly or hasattr(config, "workerinput"):
        return None
    if config.option.htmlpath:
        return Path(config.option.htmlpath).expanduser().absolute()
    path = start / "reports" / collection.report_name(layouts)
    config.option.htmlpath = str(path)
    config.option.self_contained_html = True
    return path


@contextmanager
def older_report_kept(config: pytest.Config, path: Path | None, collector: Collector) -> Iterator[None]:
    """Around pytest-html's writing: a session that executed no step never replaces a report, and leaves none.

    pytest-html cannot be told not to write once it is loaded, so the older report steps aside meanwhile.
    """
    if path is None or any(result.outcome != "skipped" for result in collector.results):
        yield
        return
    aside = path.with_name(f".{path.name}.older")
    with suppress(FileNotFoundError):
        os.replace(path, aside)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            path.unlink()
        with suppress(FileNotFoundError):
            os.replace(aside, path)
        with suppress(OSError):
            path.parent.rmdir()  # pytest-html makes it at start; empty, it is of no use
        _unload(config)


def _unload(config: pytest.Config) -> None:
    """Take pytest-html's report out of the session, so that its last line does not promise a file."""
    from pytest_html.basereport import BaseReport

    for plugin in list(config.pluginmanager.get_plugins()):
        if isinstance(plugin, BaseReport):
            config.pluginmanager.unregister(plugin)


def step_html(evidence: Evidence, target_fps: float | None = None) -> str:
    """A step's evidence as HTML; every text in it is escaped. ``target_fps`` is drawn into the charts."""
    tables = [(table, charts.chart_of(table, target_fps)) for table in evidence.tables]
    return _template("step.html.j2").render(evidence=evidence, tables=tables)


def summary_html(results: Sequence[StepResult], interrupted_in: str) -> str:
    """The part above the table: what was tried on which runtime, and how it ended, for each model."""
    by_model = [
        [result for result in results if result.evidence.model_key == key]
        for key in dict.fromkeys(result.evidence.model_key for result in results)
    ]
    models = [_model_summary(mine, interrupted=bool(interrupted_in)) for mine in by_model]
    return _template("summary.html.j2").render(models=models, interrupted_in=interrupted_in)


def _model_summary(results: Sequence[StepResult], *, interrupted: bool) -> ModelSummary:
    record = next((result.record for result in reversed(results) if result.record is not None), None)
    chart = charts.capacity_chart(record.figures) if record is not None else None
    return ModelSummary(verdict.of(results, interrupted), tuple(results), record, chart)


@dataclass(frozen=True)
class ModelSummary:
    """One model above the table. ``chart`` is an SVG, base64-encoded."""

    verdict: Verdict
    results: tuple[StepResult, ...]
    record: RecordState | None
    chart: str | None


def row_cells(report: pytest.TestReport, cells: list[str]) -> None:
    """Result, step, model, what it proves, duration: pytest-html would put the raw test id into the page."""
    del cells[3:]
    evidence = evidence_of(report)
    if evidence is None:
        cells[1] = f'<td class="col-testId">{html.escape(report.nodeid)}</td>'
        return
    step = next(step for step in STEPS if step.name == evidence.step)
    shown = html.escape(f"{step.section}  {step.name}")
    model = html.escape(evidence.model)
    cells[1] = (
        f'<td class="col-testId"><b>{shown}</b> <span class="dsb-model">{model}</span>'
        f'<br><span class="dsb-proves">{html.escape(step.title)}</span></td>'
    )


def header_cells(cells: list[str]) -> None:
    """The heading that belongs to ``row_cells``."""
    cells[1] = '<th class="sortable" data-column-type="testId">Step</th>'
    del cells[3:]


def row_log(report: pytest.TestReport, data: list[str]) -> None:
    """Drop pytest's log where the evidence already says it all; a traceback of ours to mend stays."""
    evidence = evidence_of(report)
    if evidence is not None and (report.passed or report.skipped or evidence.failure is not None):
        data.clear()


def add_evidence(report: pytest.TestReport, evidence: Evidence, target_fps: float | None = None) -> None:
    """Attach a step's evidence to its row."""
    from pytest_html import extras

    report.extras = [*getattr(report, "extras", []), extras.html(step_html(evidence, target_fps))]  # type: ignore[attr-defined]


def add_summary(prefix: list[str], collector: Collector) -> None:
    """Put the verdicts above pytest-html's table."""
    if collector.results:
        prefix.append(summary_html(collector.results, collector.running))


def set_title(report: Any) -> None:
    """A title for people, rows in the order of the steps, nothing collapsed."""
    report.title = "dsbench report"
    report.set_data("initialSort", "original")
    report.set_data("renderCollapsed", ["none"])


def environment(config: pytest.Config, options: RunOptions, selected: Selected) -> None:
    """Add runtime, versions and options to pytest-metadata's table, which pytest-html shows without escaping."""
    from pytest_metadata.plugin import metadata_key

    metadata: dict[str, Any] = config.stash.get(metadata_key, {})
    for key, value in list(metadata.items()):
        if isinstance(value, str):
            metadata[key] = html.escape(value)
    rows = {
        "Runtime": selected.runtime.label,
        "Command": shlex.join(("pytest", *config.invocation_params.args)),
    }
    rows |= {version.component: version.version for version in selected.runtime.versions()}
    rows |= {f"Options {index}": line for index, line in enumerate(options.header(), 1)}
    for key, value in rows.items():
        metadata[html.escape(key)] = html.escape(value)


@cache
def _template(name: str) -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.data_folder("templates") / "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
