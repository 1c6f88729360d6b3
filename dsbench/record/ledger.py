"""Outcomes of a session's steps: why a step is skipped, and whether the session may exit with 0."""

from __future__ import annotations

from dataclasses import dataclass, field

from dsbench.base.steps import Step
from dsbench.record.evidence import StepFailure

_NOT_RUN = "did not run"
DESELECTED = "was deselected"


@dataclass(frozen=True)
class SkipCause:
    """A step that did not pass: the reason to skip another step."""

    step: str
    outcome: str
    code: str = ""
    """Code of the step's DsbenchError; empty without one."""

    def __str__(self) -> str:
        return f"{self.step} {self.outcome}" + (f" [{self.code}]" if self.code else "")


@dataclass
class Ledger:
    """Outcomes by model and step; a step that did not run has none."""

    _passed: set[tuple[str, str]] = field(default_factory=set)
    _causes: dict[tuple[str, str], SkipCause] = field(default_factory=dict)

    def note(self, model_key: str, step: str, outcome: str, failure: StepFailure | None) -> None:
        """Add a step's outcome: passed, failed or skipped."""
        if outcome == "passed":
            self._passed.add((model_key, step))
        elif outcome == "failed":
            self._causes[model_key, step] = SkipCause(step, outcome, failure.code if failure else "")

    def deselect(self, model_key: str, step: str) -> None:
        """Add a step that the user excluded by name."""
        self._causes[model_key, step] = SkipCause(step, DESELECTED)

    def cause_to_skip(self, model_key: str, step: Step) -> SkipCause | None:
        """The first failed step that ``step`` depends on, directly or not; None if ``step`` can run."""
        for need in step.needs:
            if (model_key, need) not in self._passed:
                cause = self._causes.get((model_key, need), SkipCause(need, _NOT_RUN))
                self._causes[model_key, step.name] = cause
                return cause
        return None

    @staticmethod
    def proves_nothing(skipped_for: str) -> bool:
        """True if the reason to skip is a step that did not run; such a session must not exit with 0."""
        return skipped_for.endswith(_NOT_RUN)
