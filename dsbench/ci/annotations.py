"""GitHub's annotations of a session: failed steps, what is undecided, warnings, one verdict for each model.

GitHub shows at most ten annotations of a kind for each step of a job, so the tenth says how many there are more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.text import last_line
from dsbench.ci.escape import clipped, workflow_command
from dsbench.ci.outcome import ModelOutcome, SessionOutcome, shown_path
from dsbench.record.schema import INCONCLUSIVE
from dsbench.report.collector import StepResult

MAX_OF_A_KIND = 10
_KINDS = ("error", "warning", "notice")
_LONGEST = 3000
_WHERE = re.compile(r"(?P<path>[^\n]+?)(?::(?P<line>\d+))?(?::\d+)?:?\s*")


@dataclass(frozen=True)
class Annotation:
    """One annotation. ``kind``: error, warning or notice. ``file`` is relative to the repository; empty if there is
    none, or if it lies outside."""

    kind: str
    title: str
    message: str
    file: str = ""
    line: str = ""

    def command(self) -> str:
        """The line that makes the runner show it."""
        place: Mapping[str, str] = {"file": self.file, "line": self.line if self.file else "", "title": self.title}
        return workflow_command(self.kind, clipped(self.message, _LONGEST), place)


def annotations_of(session: SessionOutcome, start: Path, workspace: Path) -> tuple[Annotation, ...]:
    """The annotations, at most ten of a kind. ``start``: where pytest was started; ``workspace``: the repository."""
    models = session.models
    every = [one for model in models for one in _findings(model, start, workspace)]
    every += [*_session(session), *(one for model in models for one in _notes(model))]
    return tuple(one for kind in _KINDS for one in _at_most_ten([each for each in every if each.kind == kind]))


def _session(session: SessionOutcome) -> Iterator[Annotation]:
    yield from (Annotation("error", "dsbench", text) for text in session.troubles)
    if session.interrupted_in:
        yield Annotation("error", "dsbench", f"interrupted in {session.interrupted_in}")


def _findings(model: ModelOutcome, start: Path, workspace: Path) -> Iterator[Annotation]:
    for result in model.with_outcome("failed"):
        yield _failed(model.name, result, start, workspace)
    for result in model.with_outcome(INCONCLUSIVE):
        for one in result.evidence.undecided:
            title = f"{model.name}: {result.evidence.step} {INCONCLUSIVE.upper()} [{one.code}]"
            yield Annotation("warning", title, f"{one.what}\nFix: {one.fix}")


def _notes(model: ModelOutcome) -> Iterator[Annotation]:
    for result in model.results:
        for text in result.evidence.warnings:
            yield Annotation("warning", f"{model.name}: {result.evidence.step}", text)
    yield Annotation("notice", f"{model.name}: {model.shown_word}", "\n".join(verdict_lines(model)))


def verdict_lines(model: ModelOutcome) -> Iterator[str]:
    """The two answers about one model, and its comparison with the baseline."""
    verdict = model.verdict
    yield f"Is the import right? {verdict.import_answer}"
    yield f"How many real-time streams? {verdict.streams_answer}"
    if model.compared is not None:
        yield f"Compared with the baseline: {model.compared.line}"


def _failed(name: str, result: StepResult, start: Path, workspace: Path) -> Annotation:
    step, failure = result.evidence.step, result.evidence.failure
    if failure is None:
        return Annotation("error", f"{name}: {step} FAILED", last_line(result.detail, "no text"))
    lines = [failure.what]
    lines += [f"Where: {failure.where}"] if failure.where else []
    lines += [f"Fix: {failure.fix}"] if failure.fix else []
    file, line = place_of(failure.where, start, workspace)
    return Annotation("error", f"{name}: {step} FAILED [{failure.code}]", "\n".join(lines), file, line)


def place_of(where: str, start: Path, workspace: Path) -> tuple[str, str]:
    """File and line that ``where`` names, the file relative to ``workspace``; both empty if it names no file in it."""
    found = _WHERE.fullmatch(where)
    if found is None:
        return "", ""
    try:
        path = (start / found["path"]).resolve()
        if not path.is_file() or not path.is_relative_to(workspace.resolve()):
            return "", ""
    except (OSError, ValueError):  # too long for a file name, or with a null character
        return "", ""
    return shown_path(str(path), workspace.resolve()), found["line"] or ""


def _at_most_ten(every: Sequence[Annotation]) -> Sequence[Annotation]:
    if len(every) <= MAX_OF_A_KIND:
        return every
    shown = every[: MAX_OF_A_KIND - 1]
    rest = len(every) - len(shown)
    return [*shown, Annotation(every[0].kind, "dsbench", f"{rest} more: see the job summary and the report")]
