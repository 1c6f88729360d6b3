"""How the steps of a session ended: why a later one is skipped, and what the session's exit code must say."""

from __future__ import annotations

from dataclasses import dataclass, field

from dsbench.base.steps import Step
from dsbench.record.evidence import StepFailure

_NOT_RUN = "did not run"


@dataclass(frozen=True)
class SkipCause:
    """A step that did not pass, as the reason to skip another; ``code`` is empty where no DsbenchError was raised."""

    step: str
    outcome: str
    code: str = ""

    def __str__(self) -> str:
        return f"{self.step} {self.outcome}" + (f" [{self.code}]" if self.code else "")


@dataclass
class Ledger:
    """Outcomes by model and step. A step that never ran has no entry."""

    _passed: set[tuple[str, str]] = field(default_factory=set)
    _causes: dict[tuple[str, str], SkipCause] = field(default_factory=dict)

    def note(self, model_key: str, step: str, outcome: str, failure: StepFailure | None) -> None:
        """Outcome of a step as pytest reports it: passed, failed or skipped."""
        if outcome == "passed":
            self._passed.add((model_key, step))
        elif outcome == "failed":
            self._causes[model_key, step] = SkipCause(step, outcome, failure.code if failure else "")

    def cause_to_skip(self, model_key: str, step: Step) -> SkipCause | None:
        """Why ``step`` cannot run: the step that failed at the beginning of the chain; None if it can."""
        for need in step.needs:
            if (model_key, need) not in self._passed:
                cause = self._causes.get((model_key, need), SkipCause(need, _NOT_RUN))
                self._causes[model_key, step.name] = cause
                return cause
        return None

    @staticmethod
    def proves_nothing(skipped_for: str) -> bool:
        """Whether a step was skipped because another one did not run: such a session must never exit 0."""
        return skipped_for.endswith(_NOT_RUN)
