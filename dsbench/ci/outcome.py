"""A session as CI sees it: one outcome for each model, one word for all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.steps import STEPS, position
from dsbench.record import baseline
from dsbench.record.baseline import ShownComparison
from dsbench.record.schema import INCONCLUSIVE, Figures
from dsbench.report.collector import StepResult
from dsbench.report.verdict import ModelVerdict, interrupted_step, model_verdict

PASSED, FAILED, INCOMPLETE, ERROR, NO_MODEL = "passed", "failed", "incomplete", "error", "no-model"
_WORST_FIRST = (FAILED, INCONCLUSIVE, INCOMPLETE, PASSED)
COMPARISONS = ("regression", "not judged", "not comparable", baseline.NOTHING, "no regression")
"""Results of the comparison with a baseline, the one that needs a look first."""
IMPORT_STEPS = tuple(step.name for step in STEPS[: position("benchmark_config")])
"""Pre-flight and the steps that ask whether the import is right; those after them measure."""


@dataclass(frozen=True)
class ModelOutcome:
    """The results of one model's steps."""

    name: str
    results: tuple[StepResult, ...]
    verdict: ModelVerdict
    record: str
    """Path of the record, empty if this run wrote none; as all paths here relative to where pytest was started, if
    it lies below."""
    interrupted: bool = False

    @property
    def figures(self) -> Figures:
        """The figures after the last step."""
        return next((one.record.figures for one in reversed(self.results) if one.record is not None), Figures())

    @property
    def word(self) -> str:
        """``failed`` if a step failed; ``inconclusive`` if one is that; ``passed`` if every selected step passed;
        else ``incomplete``: a step was skipped or interrupted.

        The record calls a run of selected steps incomplete; ``shown_word`` says how many there were.
        """
        outcomes = {one.evidence.step: one.outcome for one in self.results}
        if FAILED in outcomes.values():
            return FAILED
        if INCONCLUSIVE in outcomes.values():
            return INCONCLUSIVE
        every = all(outcome == PASSED for outcome in outcomes.values())
        return PASSED if every and not self.interrupted else INCOMPLETE

    @property
    def shown_word(self) -> str:
        """``word`` in capitals; for a passed run of selected steps also how many there were."""
        ran = len({one.evidence.step for one in self.results})
        of_all = f" ({ran} of {len(STEPS)} steps)" if self.word == PASSED and ran < len(STEPS) else ""
        return self.word.upper() + of_all

    @property
    def compared(self) -> ShownComparison | None:
        """The comparison with the baseline; None if the step did not run."""
        return baseline.shown(one.evidence for one in self.results)

    @property
    def comparison(self) -> str:
        """One of ``COMPARISONS``; empty if the step did not run."""
        return "" if self.compared is None else self.compared.word

    @property
    def import_word(self) -> str:
        """``yes``, ``no`` or ``unknown``."""
        words = {"passed": "yes", "failed": "no"} if self._judged else {}
        return words.get(self.verdict.import_color, "unknown")

    @property
    def _judged(self) -> bool:
        """False if pre-flight failed: it stops the run before the import is looked at."""
        return not any(one.evidence.step == "preflight" and one.outcome == FAILED for one in self.results)

    def with_outcome(self, outcome: str) -> tuple[StepResult, ...]:
        """The results of one outcome, in the order of the steps."""
        return tuple(one for one in self.results if one.outcome == outcome)


@dataclass(frozen=True)
class SessionOutcome:
    """Every model of a session."""

    models: tuple[ModelOutcome, ...]
    report: str = ""
    """Path of the HTML report, empty if none was written."""
    interrupted_in: str = ""
    """The step that was running when the session ended, and its model directory."""
    troubles: tuple[str, ...] = ()
    """Why the record of a model or the report could not be written."""
    command: str = ""
    """The command that repeats the session."""

    @property
    def word(self) -> str:
        """The worst word of any model; ``incomplete`` for an interrupted session in which nothing failed."""
        words = {model.word for model in self.models} | ({INCOMPLETE} if self.interrupted_in else set())
        words |= {FAILED} if self.troubles else set()
        return next((word for word in _WORST_FIRST if word in words), INCOMPLETE)

    @property
    def worst_first(self) -> tuple[ModelOutcome, ...]:
        """The models by their words, each group in the order of the session."""
        return tuple(sorted(self.models, key=lambda model: _WORST_FIRST.index(model.word)))

    @property
    def comparison(self) -> str:
        """The first of ``COMPARISONS`` that any model has; empty if none was compared."""
        words = {model.comparison for model in self.models}
        return next((word for word in COMPARISONS if word in words), "")

    @property
    def streams(self) -> int | None:
        """The smallest number of confirmed real-time streams of any model; None if one has no such number."""
        counts = [model.verdict.streams for model in self.models]
        known = [count for count in counts if count is not None]
        return min(known) if known and len(known) == len(counts) else None


def session_outcome(
    results: Sequence[StepResult], start: Path, *, report: Path | None = None, running: str = "", trouble: str = ""
) -> SessionOutcome:
    """What a session's results say. ``start``: where pytest was started; ``running``: the step that was interrupted;
    ``trouble``: why the report could not be written."""
    keys = dict.fromkeys(one.evidence.model_key for one in results)
    last = next(reversed(keys), "")
    models = tuple(
        _model([one for one in results if one.evidence.model_key == key], start, running if key == last else "")
        for key in keys
    )
    records = dict.fromkeys(one.record.trouble for one in _latest(models) if one.record is not None)
    troubles = tuple(text for text in (*records, trouble) if text)
    return SessionOutcome(models, shown_path(str(report), start) if report else "", running, troubles)


def _latest(models: Sequence[ModelOutcome]) -> list[StepResult]:
    """The latest result of each model that has a record."""
    found = (next((one for one in reversed(model.results) if one.record is not None), None) for model in models)
    return [one for one in found if one is not None]


def _model(results: list[StepResult], start: Path, running: str) -> ModelOutcome:
    path = next((one.record.path for one in reversed(results) if one.record is not None), "")
    written = path if os.path.isfile(path) else ""
    return ModelOutcome(
        name=results[0].evidence.model,
        results=tuple(results),
        verdict=model_verdict(results, interrupted_step(results, running)),
        record=shown_path(written, start),
        interrupted=bool(running),
    )


def shown_path(path: str, start: Path) -> str:
    """``path`` relative to ``start`` if it lies below, else as it is."""
    if not path:
        return ""
    relative = os.path.relpath(path, start)
    return path if relative == os.pardir or relative.startswith(os.pardir + os.sep) else relative
