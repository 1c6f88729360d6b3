"""The three answers at the top of a report: is the import right, how many real-time streams, on which runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base.errors import Code
from dsbench.base.steps import STEPS, position
from dsbench.record.schema import INCONCLUSIVE, Figures
from dsbench.report.collector import StepResult

_IMPORT_STEPS = tuple(step.name for step in STEPS[: position("benchmark_config")] if step.name != "preflight")
"""Steps that prove the import: those between pre-flight and the benchmark."""

_MEASURING_STEPS = ("run1_calibration", "run2_validation")
"""Steps whose warnings put their figures in doubt: such figures are never green."""

_INVALID = Code.MEASUREMENT_INVALID


@dataclass(frozen=True)
class ModelVerdict:
    """The verdict of one model. Colours: passed (green), failed (red), amber (in doubt or not known)."""

    color: str
    import_answer: str
    import_color: str
    streams_answer: str
    streams_color: str
    runtime: str


def model_verdict(results: Sequence[StepResult], interrupted: bool = False) -> ModelVerdict:
    """The verdict of one model from the results of its steps."""
    outcomes = {result.evidence.step: result.outcome for result in results}
    figures = next((r.record.figures for r in reversed(results) if r.record is not None), Figures())
    import_answer, import_color = _import(outcomes, _undecided(results))
    warned = any(r.evidence.warnings for r in results if r.evidence.step in _MEASURING_STEPS)
    invalid = [r.evidence.step for r in results if r.evidence.failure and r.evidence.failure.code == _INVALID]
    if invalid:
        streams_answer, streams_color = f"Not known: the measurement is invalid, see {invalid[0]}", "failed"
    else:
        streams_answer, streams_color = _streams(figures, outcomes, warned=warned)
    if "failed" in outcomes.values():
        color = "failed"
    elif INCONCLUSIVE in outcomes.values():
        color = "amber"
    elif import_color == streams_color == "passed" and not interrupted and "skipped" not in outcomes.values():
        color = "passed"
    else:
        color = "amber"
    return ModelVerdict(color, import_answer, import_color, streams_answer, streams_color, results[0].evidence.runtime)


def _undecided(results: Sequence[StepResult]) -> str:
    """Codes of what the import steps could not decide, with the step."""
    return ", ".join(
        f"{one.code}, see {result.evidence.step}"
        for result in results
        if result.evidence.step in _IMPORT_STEPS
        for one in result.evidence.undecided
    )


def _import(outcomes: dict[str, str], undecided: str) -> tuple[str, str]:
    failed = [name for name in _IMPORT_STEPS if outcomes.get(name) == "failed"]
    if failed:
        return f"No: {', '.join(failed)} failed", "failed"
    if outcomes.get("preflight") == "failed":
        return "Not known: pre-flight stopped the run", "failed"
    if undecided:
        return f"Not known: {undecided}", "amber"
    if all(outcomes.get(name) == "passed" for name in _IMPORT_STEPS):
        return "Yes: every import step passed", "passed"
    return "Not known: some import steps did not run", "amber"


def _streams(figures: Figures, outcomes: dict[str, str], *, warned: bool) -> tuple[str, str]:
    target = f"{figures.target_fps:g}" if figures.target_fps is not None else "?"
    run2 = figures.run2
    if figures.confirmed_streams:
        count = figures.confirmed_streams
        few = outcomes.get("run2_validation") == "failed"
        answer = f"{count} at {target} FPS or more"
        if figures.every_stream in ("NO", "UNSURE"):
            answer += f" by stream 0; every stream: {figures.every_stream}"
            warned = True
        answer += ", fewer than --min-streams asks for" if few else ""
        answer += "; the measurement has warnings, see runs 1 and 2" if warned else ""
        return answer, "failed" if few else "amber" if warned else "passed"
    if figures.confirmed_streams == 0:
        plural = "stream" if run2.streams == 1 else "streams"
        return f"None confirmed: {run2.fps_per_stream} of {target} FPS with {run2.streams} {plural}", "amber"
    if figures.measured:
        return "Not known: run 2 has no result", "amber"
    return "Not measured", "amber"
