"""The page's view from the results of a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dsbench.base.steps import STEPS
from dsbench.record.evidence import Evidence, Table
from dsbench.record.schema import INCONCLUSIVE, Figures
from dsbench.report import charts
from dsbench.report.collector import OtherTest, StepResult
from dsbench.report.page import benchmark, gallery, headlines, media, problems
from dsbench.report.page.size import Room, fitted
from dsbench.report.page.views import Gallery, ModelView, PageView, StepView, TableView
from dsbench.report.verdict import interrupted_step, model_verdict

_FRAME_BYTES, _VIDEO_BYTES = 900_000, 1_200_000
"""Base64 of the gallery, bytes of the videos: of all models together. The whole page stays below 5 MB."""
_PICTURE_BYTES, _GRID_BYTES, _TEXT_CHARS = 500_000, 950_000, 500_000
"""Base64 of pictures and grids, characters of texts: of all models together."""
_LONG = 20
"""Rows of a table that is not folded."""
_STEPS = {step.name: step for step in STEPS}


@dataclass(frozen=True)
class Session:
    """What the page shows beyond the steps' results."""

    folder: Path
    """Of the page."""
    made: str
    """Date and time."""
    interrupted_in: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    others: tuple[OtherTest, ...] = ()


def page_of(results: Sequence[StepResult], session: Session) -> PageView:
    """The page: one part for each model, in the order in which their first steps ended."""
    keys = list(dict.fromkeys(result.evidence.model_key for result in results))
    models = tuple(
        _model([_whole(result) for result in results if result.evidence.model_key == key], number, len(keys), session)
        for number, key in enumerate(keys, 1)
    )
    title = f"dsbench: {models[0].name}" if len(models) == 1 else f"dsbench: {len(models)} models"
    if not models:
        title = "dsbench: interrupted"
    others = tuple(sorted(session.others, key=lambda one: one.outcome != "failed"))
    return PageView(title, session.made, session.interrupted_in, models, session.environment, others)


def _whole(result: StepResult) -> StepResult:
    """The result with the evidence that has pictures and texts."""
    return replace(result, evidence=result.page.evidence) if result.page else result


def _model(results: Sequence[StepResult], number: int, of: int, session: Session) -> ModelView:
    room = Room(_PICTURE_BYTES // of, _GRID_BYTES // of, _TEXT_CHARS // of)
    every = fitted([result.evidence for result in results], room)
    results = [replace(result, evidence=evidence) for result, evidence in zip(results, every, strict=True)]
    anchor, first = f"m{number}", results[0].evidence
    interrupted_in = interrupted_step(results, session.interrupted_in)
    verdict = model_verdict(results, interrupted_in)
    record = next((result.record for result in reversed(results) if result.record is not None), None)
    files = [file for evidence in every for file in evidence.videos]
    figures = record.figures if record else Figures()
    return ModelView(
        anchor=anchor,
        name=first.model,
        runtime=verdict.runtime,
        color=verdict.color,
        headlines=headlines.headlines(results, verdict),
        lines=headlines.lines(results, verdict, session.folder, interrupted_in),
        counts=headlines.counts(results),
        problems=problems.problems(results, anchor),
        warned=problems.warned(results, anchor),
        galleries=_galleries(every, _FRAME_BYTES // of),
        pictures=tuple(picture for evidence in every for picture in evidence.pictures),
        videos=media.videos(files, _VIDEO_BYTES // of, session.folder),
        charts=benchmark.benchmark(results, figures),
        steps=tuple(_step(result, anchor, figures.target_fps) for result in results),
        trouble=record.trouble if record else "",
        then=_then(results),
        diffs=tuple(diff for evidence in every for diff in evidence.diffs),
    )


def _then(results: Sequence[StepResult]) -> tuple[str, ...]:
    """What to run after a problem: the patch, and after a failure the run again; each with its comment."""
    commands = next((result.evidence.commands for result in results if result.evidence.step == "report"), ())
    if any(result.outcome == "failed" for result in results):
        return commands[:4]
    return commands[:2] if any(line.startswith("dsbench fix ") for line in commands[:2]) else ()


def _galleries(every: Sequence[Evidence], max_bytes: int) -> tuple[Gallery, ...]:
    """The frames of each step that has some."""
    mine = [evidence for evidence in every if evidence.frames]
    found = [gallery.of_step(evidence.step, evidence.frames, max_bytes // len(mine)) for evidence in mine]
    return tuple(one for one in found if one is not None)


def _step(result: StepResult, prefix: str, target_fps: float | None) -> StepView:
    evidence, known = result.evidence, _STEPS.get(result.evidence.step)
    drawn_above = evidence.step in benchmark.RUN_STEPS
    tables = tuple(_table(table, target_fps, drawn=not drawn_above) for table in evidence.tables)
    return StepView(
        anchor=f"{prefix}-{evidence.step}",
        section=known.section if known else "",
        title=known.title if known else "",
        outcome=result.shown_outcome,
        seconds=result.seconds,
        evidence=evidence,
        tables=tables,
        opened=result.outcome in ("failed", INCONCLUSIVE),
        traceback=result.detail if result.outcome == "failed" and evidence.failure is None else "",
        amber=result.outcome == "passed" and bool(evidence.warnings),
    )


def _table(table: Table, target_fps: float | None, *, drawn: bool) -> TableView:
    """``drawn``: with its chart, if it has one."""
    svg = charts.svg_of(table, target_fps)
    return TableView(table, svg if drawn and svg else "", folded=svg is not None or len(table.rows) > _LONG)
