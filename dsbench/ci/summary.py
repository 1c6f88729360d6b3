"""The job summary: Markdown that GitHub shows on the page of a run, under its limit of 1 MiB a step.

Texts of failures stand in fenced blocks, so that they read as they are; every other text of a model or a file is
escaped. A section of a model is a row of ``SECTIONS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from dsbench.base.text import last_line
from dsbench.ci.escape import clipped, markdown, markdown_block, markdown_code
from dsbench.ci.outcome import ModelOutcome, SessionOutcome
from dsbench.record import baseline
from dsbench.record.schema import INCONCLUSIVE, StreamFigures
from dsbench.report.collector import StepResult

MAX_BYTES = 1_000_000
"""Less than the limit of 1 MiB: GitHub drops a larger summary altogether."""

_LONGEST_TEXT, _LONGEST_LINE = 6000, 600
_MAX_MODELS, _MAX_WARNINGS = 50, 30


def job_summary(session: SessionOutcome, environment: Mapping[str, str], limit: int = MAX_BYTES) -> str:
    """The summary of a session in at most ``limit`` bytes. What does not fit is left out, and a line says so."""
    blocks = [_head(session), *(_section(model) for model in session.worst_first)]
    end = _links(session, environment)
    cut = "\nThe rest does not fit into a job summary: see the report.\n"
    room = limit - len((end + cut).encode())
    kept: list[str] = []
    for block in blocks:
        room -= len(block.encode())
        if room < 0:
            return "".join([*kept, cut, end])
        kept.append(block)
    return "".join([*kept, end])


def failed_start(what: str) -> str:
    """The summary of a run that did not start."""
    return f"## dsbench: ERROR\n\n{markdown_block(clipped(what, _LONGEST_TEXT))}\n"


def nothing_to_do(what: str) -> str:
    """The summary of a job that has no model to check."""
    return f"## dsbench\n\n{markdown(what)}\n"


def _head(session: SessionOutcome) -> str:
    lines = [f"## dsbench: {session.word.upper()}", ""]
    if session.interrupted_in:
        lines += [f"Interrupted in {markdown_code(session.interrupted_in)}.", ""]
    for text in session.troubles:
        lines += [f"**Error:** {markdown(clipped(text, _LONGEST_LINE))}", ""]
    lines += ["| model | result | is the import right? | real-time streams |", "|---|---|---|---|"]
    for model in session.worst_first[:_MAX_MODELS]:
        verdict = model.verdict
        cells = (markdown_code(model.name), model.shown_word)
        answers = (markdown(clipped(text, _LONGEST_LINE)) for text in (verdict.import_answer, verdict.streams_answer))
        lines.append(f"| {' | '.join((*cells, *answers))} |")
    if len(session.models) > _MAX_MODELS:
        lines += ["", f"{len(session.models) - _MAX_MODELS} more models: see the report."]
    return "\n".join(lines) + "\n"


def _section(model: ModelOutcome) -> str:
    left_out = [one.evidence.step for one in model.results if one.shown_outcome != one.outcome]
    counts = {word: len(model.with_outcome(word)) for word in ("passed", "failed", INCONCLUSIVE, "skipped")}
    counts["passed"] -= len(left_out)
    steps = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    steps += f"; nothing to do for {', '.join(left_out)}" if left_out else ""
    lines = [f"\n### {markdown_code(model.name)}: {model.shown_word}", ""]
    lines += [f"Steps: {steps}. Runtime: {markdown(model.verdict.runtime)}.", ""]
    for section in SECTIONS:
        lines += section(model)
    return "\n".join(lines) + "\n"


def _failures(model: ModelOutcome) -> Iterator[str]:
    for result in model.with_outcome("failed"):
        failure = result.evidence.failure
        code = f" {markdown_code(failure.code)}" if failure is not None else ""
        yield from (f"**{markdown_code(result.evidence.step)} FAILED**{code}", "")
        if failure is None:
            yield from (markdown_block(clipped(last_line(result.detail, "no text"), _LONGEST_TEXT)), "")
            continue
        yield from _cause_and_fix(failure.what, failure.where, failure.fix)


def _undecided(model: ModelOutcome) -> Iterator[str]:
    for result in model.with_outcome(INCONCLUSIVE):
        for one in result.evidence.undecided:
            yield from (f"**{markdown_code(result.evidence.step)} INCONCLUSIVE** {markdown_code(one.code)}", "")
            yield from _cause_and_fix(one.what, "", one.fix)


def _cause_and_fix(what: str, where: str, fix: str) -> Iterator[str]:
    yield from (markdown_block(clipped(what, _LONGEST_TEXT)), "")
    if where:
        yield from (f"Where: {markdown_code(clipped(where, _LONGEST_LINE))}", "")
    if fix:
        yield from ("Fix:", "", markdown_block(clipped(fix, _LONGEST_TEXT)), "")


def _streams(model: ModelOutcome) -> Iterator[str]:
    figures = model.figures
    runs = (("run 1", figures.run1), ("run 2, first attempt", figures.run2_first), ("run 2", figures.run2))
    rows = [_run_row(name, run) for name, run in runs if run is not None and run.total_fps is not None]
    if rows:
        yield from ("| run | streams | FPS in all | FPS per stream | % of the model alone |", "|---|--:|--:|--:|--:|")
        yield from (*rows, "")


def _run_row(name: str, run: StreamFigures) -> str:
    values = (run.streams, run.total_fps, run.fps_per_stream, run.efficiency)
    return f"| {name} | {' | '.join('' if value is None else f'{value:g}' for value in values)} |"


def _comparison(model: ModelOutcome) -> Iterator[str]:
    """Against the baseline: the result, and a row for each measure."""
    if model.compared is None:
        return
    yield from (f"**Compared with the baseline:** {markdown(clipped(model.compared.line, _LONGEST_LINE))}", "")
    tables = (table for one in model.results if one.evidence.step == baseline.ENTRY for table in one.evidence.tables)
    for table in tables:
        if table.title == baseline.TABLE and table.rows:
            yield from (_row(table.columns), f"|{'---|' * len(table.columns)}")
            yield from (*(_row(row) for row in table.rows), "")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(markdown(clipped(cell, _LONGEST_LINE)) for cell in cells)} |"


def _warnings(model: ModelOutcome) -> Iterator[str]:
    every = [(result, text) for result in model.results for text in result.evidence.warnings]
    if not every:
        return
    yield from (f"<details><summary>{len(every)} warning{'s' if len(every) > 1 else ''}</summary>", "")
    yield from (_warning(result, text) for result, text in every[:_MAX_WARNINGS])
    if len(every) > _MAX_WARNINGS:
        yield f"- {len(every) - _MAX_WARNINGS} more: see the report"
    yield from ("", "</details>", "")


def _warning(result: StepResult, text: str) -> str:
    return f"- {markdown_code(result.evidence.step)}: {markdown(clipped(text, _LONGEST_LINE))}"


Section = Callable[[ModelOutcome], Iterator[str]]
SECTIONS: tuple[Section, ...] = (_failures, _undecided, _streams, _comparison, _warnings)
"""What a model's part of the summary has, in this order; a section without content yields nothing."""


def _links(session: SessionOutcome, environment: Mapping[str, str]) -> str:
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    values = [environment.get(name, "") for name in names]
    paths = [session.report] if session.report else []
    paths += [model.record for model in session.models[:_MAX_MODELS] if model.record]
    lines = [f"- {markdown_code(clipped(path, _LONGEST_LINE))}" for path in paths]
    if all(values):
        server, repository, run = values
        lines.append(f"\n[Artifacts of this run]({server}/{repository}/actions/runs/{run}#artifacts)")
    shown = ["\nReport and records:\n", *lines] if paths else []
    if session.command:
        shown += ["\nThe same run on your machine:\n", markdown_block(clipped(session.command, _LONGEST_TEXT))]
    return "\n".join(shown) + "\n" if shown else ""


def append(path: Path, text: str) -> None:
    """Append to a file of the service, which other programs write too. Raises OSError."""
    with open(path, "a", encoding="utf-8", errors="replace") as file:
        file.write(text)
