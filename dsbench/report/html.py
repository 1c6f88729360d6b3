"""A step's evidence and the summary above the table as HTML. Every text in it is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dsbench.base import resources
from dsbench.record.evidence import Evidence
from dsbench.record.schema import RecordState
from dsbench.report import answers, charts
from dsbench.report.collector import StepResult
from dsbench.report.verdict import ModelVerdict, model_verdict

if TYPE_CHECKING:
    import jinja2


@dataclass(frozen=True)
class ModelSummary:
    """One model in the part above the table."""

    verdict: ModelVerdict
    results: tuple[StepResult, ...]
    record: RecordState | None
    chart: str | None
    """The capacity chart: an SVG, base64-encoded."""
    answers: tuple[tuple[str, str], ...]
    """(question, answer) of single steps."""


def step_html(evidence: Evidence, target_fps: float | None = None) -> str:
    """A step's evidence as HTML; every text in it is escaped. ``target_fps`` is drawn into the charts."""
    tables = [(table, charts.chart_of(table, target_fps)) for table in evidence.tables]
    return _template("step.html.j2").render(evidence=evidence, tables=tables)


def summary_html(results: Sequence[StepResult], interrupted_in: str) -> str:
    """The part above the table: verdict, runtime and failures of each model, as HTML."""
    by_model = [
        [result for result in results if result.evidence.model_key == key]
        for key in dict.fromkeys(result.evidence.model_key for result in results)
    ]
    models = [_model_summary(mine, interrupted=bool(interrupted_in)) for mine in by_model]
    return _template("summary.html.j2").render(models=models, interrupted_in=interrupted_in)


def diff_html(page: object) -> str:
    """The page of `dsbench diff`: every text in it is escaped, no script, pictures within it."""
    return _template("diff.html.j2").render(page=page)


def _model_summary(results: Sequence[StepResult], *, interrupted: bool) -> ModelSummary:
    record = next((result.record for result in reversed(results) if result.record is not None), None)
    chart = charts.capacity_chart(record.figures) if record is not None else None
    return ModelSummary(
        model_verdict(results, interrupted), tuple(results), record, chart, answers.step_answers(results)
    )


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
