"""pytest-html: where the report goes, and each step's evidence as escaped HTML in its row."""

from __future__ import annotations

import html
import os
import shlex
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dsbench.base import resources
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.steps import STEPS
from dsbench.model.layout import ModelLayout
from dsbench.plugin import collection
from dsbench.record.evidence import Evidence
from dsbench.record.schema import RecordState
from dsbench.report import answers, charts, verdict
from dsbench.report.collector import Collector, StepResult, evidence_of
from dsbench.report.verdict import Verdict
from dsbench.runtimes.select import Selected

if TYPE_CHECKING:
    import jinja2


def configure(config: pytest.Config, layouts: Sequence[ModelLayout], start: Path) -> Path | None:
    """Send the report to ``reports/<model>.html`` below ``start``, self-contained; returns the path.

    Raises NOT_WRITABLE where no file can be made there. A user's ``--html`` stays. No report with --collect-only (it
    would overwrite a good one), on xdist workers, or where the user has left pytest-html out (``-p no:html``).
    """
    if config.option.collectonly or hasattr(config, "workerinput") or not hasattr(config.option, "htmlpath"):
        return None
    if config.option.htmlpath:
        path = Path(os.path.expandvars(config.option.htmlpath)).expanduser().absolute()
        _require_place(path)
        return path
    path = start / "reports" / collection.report_name(layouts)
    _require_place(path)
    config.option.htmlpath = str(path)
    config.option.self_contained_html = True
    return path


@dataclass
class ReportFile:
    """The report's place, and what became of it. Written whole or not at all: an older report is there until then.

    A session that executed no step, or none but on a directory that another session holds, leaves no report.
    """

    path: Path
    collector: Collector
    written: bool = False
    trouble: str = ""

    def write(self, text: str) -> None:
        """In the place of pytest-html's own writing; a file that cannot be written is told, never raised."""
        if not _worth_a_report(self.collector.results):
            return
        try:
            replace_file(self.path, text.encode("utf-8", "replace"))
        except DsbenchError as error:
            self.trouble = f"the report is not written: {error.what} ({error.where}); {error.fix}"
            return
        self.written, self.trouble = True, ""


def _worth_a_report(results: Sequence[StepResult]) -> bool:
    """Whether a step was executed on a directory that no other session holds."""
    busy = {
        result.evidence.model_key
        for result in results
        if result.evidence.failure is not None and result.evidence.failure.code == Code.DIRECTORY_BUSY
    }
    return any(result.outcome != "skipped" and result.evidence.model_key not in busy for result in results)


def take_over_writing(config: pytest.Config, file: ReportFile) -> None:
    """Let ``file`` write what pytest-html has rendered: pytest-html writes in place and raises out of the session."""
    from pytest_html.basereport import BaseReport

    for plugin in config.pluginmanager.get_plugins():
        if isinstance(plugin, BaseReport):
            plugin._write_report = file.write  # no public way to say it


def close(config: pytest.Config, file: ReportFile) -> None:
    """At the end: where no report was written, pytest-html's last line must not promise one."""
    from pytest_html.basereport import BaseReport

    if file.written:
        return
    for plugin in list(config.pluginmanager.get_plugins()):
        if isinstance(plugin, BaseReport):
            config.pluginmanager.unregister(plugin)
    with suppress(OSError):
        file.path.parent.rmdir()  # pytest-html makes it at start; empty, it is of no use


def _require_place(path: Path) -> None:
    """NOT_WRITABLE now rather than after minutes of work."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"the report has no place: {error.strerror}",
            where=str(path),
            fix="give another place with --html=FILE, or start pytest in a directory that you may write to",
        ) from error


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
    return ModelSummary(verdict.of(results, interrupted), tuple(results), record, chart, answers.beside(results))


@dataclass(frozen=True)
class ModelSummary:
    """One model above the table. ``chart`` is an SVG, base64-encoded."""

    verdict: Verdict
    results: tuple[StepResult, ...]
    record: RecordState | None
    chart: str | None
    beside: tuple[tuple[str, str], ...]
    """Further questions with their answers."""


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


def environment(config: pytest.Config, header: Sequence[str], selected: Selected, gpu_id: int = 0) -> None:
    """Add runtime, versions, hardware and options to pytest-metadata's table; pytest-html shows it without escaping."""
    from pytest_metadata.plugin import metadata_key

    metadata: dict[str, Any] = config.stash.get(metadata_key, {})
    for key, value in list(metadata.items()):
        if isinstance(value, str):
            metadata[key] = html.escape(value)
    rows = {
        "Runtime": selected.runtime.label,
        "Command": shlex.join(("pytest", *config.invocation_params.args)),
    }
    rows |= {version.component: version.version for version in selected.runtime.versions(gpu_id)}
    rows |= {f"Options {index}": line for index, line in enumerate(header, 1)}
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
