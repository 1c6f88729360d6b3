"""The verdict of a run in words: is the import right, how many real-time streams. Terminal, page and CI say the same.

Pure functions over a record. Green only what was proved: what was not run, not decided or not measured is amber.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dsbench.base.errors import Code
from dsbench.base.steps import STEPS, position
from dsbench.base.text import counted
from dsbench.judge.run.measurement import Measurement, RealTime
from dsbench.record import open_questions
from dsbench.record.evidence import Evidence
from dsbench.record.schema import INCONCLUSIVE, Figures, ModelVerdict, Record, StepRecord

IMPORT_STEPS = tuple(step.name for step in STEPS[: position("benchmark_config")] if step.name != "preflight")
"""Steps that prove the import: those between pre-flight and the benchmark."""
_MEASURING_STEPS = ("run1_calibration", "run2_validation")
"""Steps whose warnings put their figures in doubt: such figures are never green."""
_NAMED = 3
"""Steps that are named before "and N more"."""
_RUN_2, _RETRY = "Run 2", "Retry"
"""Names of runs; a warning about one run begins with its name."""
DECISION = "Decision"
"""Name of the run that decides ``--min-streams`` where run 2 does not."""


def of_record(record: Record) -> ModelVerdict:
    """The verdict of one run on one model."""
    outcomes = {step.evidence.step: step.outcome for step in record.steps}
    import_answer, import_color = _import(record, outcomes)
    streams_answer, streams_color = _streams(record, outcomes)
    if "failed" in outcomes.values():
        color = "failed"
    elif INCONCLUSIVE in outcomes.values() or record.interrupted_in or "skipped" in outcomes.values():
        color = "amber"
    else:
        color = "passed" if import_color == streams_color == "passed" else "amber"
    found = ModelVerdict(
        color, import_answer, import_color, streams_answer, streams_color, record.runtime_label, confirmed(record)
    )
    return cut(found, outcomes, record.figures, record.interrupted_in) if record.interrupted_in else found


def cut(found: ModelVerdict, outcomes: Mapping[str, str], figures: Figures, step: str) -> ModelVerdict:
    """The verdict of a run that was interrupted in ``step``: what is missing is not known for that reason."""
    said = f"Not known: the run was interrupted in {step}"
    judged = {INCONCLUSIVE, "failed"} & set(outcomes.values())
    if found.import_color == "amber" and not judged and not outcomes.keys() >= set(IMPORT_STEPS):
        found = replace(found, import_answer=said)
    if found.streams_color == "amber" and figures.run2.total_fps is None and "run2_validation" not in outcomes:
        found = replace(found, streams_answer=said)
    return replace(found, color="amber") if found.color == "passed" else found


def listed(names: Sequence[str]) -> str:
    """``a, b and c``; at most three are named: ``a, b, c and 4 more``."""
    if len(names) > _NAMED + 1:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


# --- is the import right? ---------------------------------------------------------------------------------------------


def _import(record: Record, outcomes: Mapping[str, str]) -> tuple[str, str]:
    steps = [step for step in record.steps if step.evidence.step in IMPORT_STEPS]
    if failed := [step.evidence for step in steps if step.outcome == "failed"]:
        return _failed(failed)
    if outcomes.get("preflight") == "failed":
        return "Not known: pre-flight stopped the run", "failed"
    if undecided := [(step.evidence.step, one) for step in steps for one in step.evidence.undecided]:
        return f"Not known: {open_questions.in_words(undecided)}", "amber"
    if missing := [name for name in IMPORT_STEPS if outcomes.get(name) != "passed"]:
        return f"Not known: {listed(missing)} did not run", "amber"
    return f"Yes: {_proof(record)}{_warned(steps)}", "passed"


def _failed(failed: Sequence[Evidence]) -> tuple[str, str]:
    """No, unless each of the failed steps says that its failure does not show that the import is wrong."""
    names = listed([one.step for one in failed])
    if all(one.import_unknown for one in failed):
        why = "; ".join(dict.fromkeys(one.import_unknown for one in failed))
        return f"Not known: {why}, see {names}", "amber"
    return f"No: {names} failed", "failed"


def _proof(record: Record) -> str:
    """What shows that the import is right, in figures."""
    parts = []
    if parity := _entry(record, "import_parity"):
        over = f"{parity['reference']} reference boxes in {counted(parity['frames'], 'frame')}"
        parts.append(f"the boxes are the model's (F1 {parity['f1']:.3f} over {over})")
    else:
        parts.append("every import step passed, but the boxes were not compared with a reference")
    accuracy = _entry(record, "accuracy")
    if accuracy.get("map") is not None and accuracy.get("map50") is not None:
        parts.append(f"mAP@0.5 {accuracy['map50']:.3f}, mAP@0.5:0.95 {accuracy['map']:.3f}")
    return "; ".join(parts)


def _warned(steps: Sequence[StepRecord]) -> str:
    names = [step.evidence.step for step in steps if step.evidence.warnings]
    return f"; with warnings, see {listed(names)}" if names else ""


def _entry(record: Record, key: str) -> Mapping[str, Any]:
    return record.beyond.get(key) or {}


# --- how many real-time streams? --------------------------------------------------------------------------------------


def _streams(record: Record, outcomes: Mapping[str, str]) -> tuple[str, str]:
    failed = {step.evidence.step: step.evidence.failure for step in record.steps if step.evidence.failure}
    invalid = [name for name, failure in failed.items() if failure and failure.code == Code.MEASUREMENT_INVALID]
    if invalid:
        return f"Not known: the measurement is invalid, see {invalid[0]}", "failed"
    figures = record.figures
    if figures.run2.total_fps is None:
        return ("Not known: run 2 has no result" if figures.measured else "Not measured"), "amber"
    too_few = outcomes.get("run2_validation") == "failed"
    answer, color = _answer(record)
    if too_few:
        answer, color = f"{answer}; fewer than --min-streams asks for", "failed"
    elif color == "passed" and not _decided(record) and (doubt := _doubts(record)):
        answer, color = f"{answer}; {doubt}", "amber"
    return f"{answer}; {_where(record)}", color


def confirmed(record: Record) -> int | None:
    """The number of real-time streams that the answer confirms; 0: none; None: not known or not measured."""
    figures = record.figures
    if figures.run2.total_fps is None or any(
        step.evidence.failure and step.evidence.failure.code == Code.MEASUREMENT_INVALID for step in record.steps
    ):
        return None
    if (decision := _decided(record)) is not None:
        return decision.streams
    if figures.real_time and figures.every_stream == RealTime.YES:
        return figures.run2.streams
    return 0 if figures.every_stream == RealTime.NO else None


def _answer(record: Record) -> tuple[str, str]:
    """How many streams keep up, and how surely; the colour."""
    figures, found = record.figures, _measurement(record)
    target, streams = figures.target_fps or 0.0, figures.run2.streams or 0
    decision = _decided(record)
    if decision is not None:
        why = f"decided by one more run, since run 2 with {_count(streams)} did not decide"
        return f"{_count(decision.streams)} in real time ({target:g} FPS), {_how_surely(decision)}; {why}", "passed"
    if figures.real_time and figures.every_stream == RealTime.YES:
        surely = f", {_how_surely(found)}" if found else ""
        return f"{_count(streams)} in real time ({target:g} FPS){surely}", "passed"
    if figures.real_time and figures.every_stream is None:
        return f"{_count(streams)} at {target:g} FPS or more, by stream 0", "amber"
    if figures.every_stream == RealTime.UNSURE and (figures.real_time or (found and found.disturbed)):
        reasons = f": {listed(_codes(found))}" if found and found.reasons else ""
        fps = f" (slowest stream {_bounds(found)}, target {target:g})" if found and found.per_stream else ""
        return f"Not known: run 2 with {_count(streams)} does not decide{reasons}{fps}", "amber"
    return _none(record, found, target, streams), "amber"


def _decided(record: Record) -> Measurement | None:
    """The run that confirmed ``--min-streams`` where run 2 did not decide."""
    made = [run.measurement for run in record.measurements if run.name == DECISION]
    return next((one for one in made if one.real_time is RealTime.YES), None)


def _none(record: Record, found: Measurement | None, target: float, streams: int) -> str:
    """Run 2 does not keep up."""
    fewer = "" if streams == 1 else "; fewer were not tried"
    if record.figures.real_time and found and found.slowest is not None:
        slow = f"stream {found.slowest} reaches {found.per_stream[found.slowest].mean:.1f} of {target:g} FPS"
        return f"None confirmed: with {_count(streams)} {slow}{fewer}"
    return f"None confirmed: {record.figures.run2.fps_per_stream} of {target:g} FPS with {_count(streams)}{fewer}"


def _how_surely(found: Measurement) -> str:
    if found.every_window:
        whose = "every window of every stream" if found.streams > 1 else "every window"
        return f"{whose} {min(found.lowest):.1f} FPS or more"
    return f"slowest stream {_bounds(found)}"


def _bounds(found: Measurement) -> str:
    assert found.slowest is not None, "there are intervals"
    slow = found.per_stream[found.slowest]
    return f"{slow.low:.1f} to {slow.high:.1f} FPS"


def _doubts(record: Record) -> str:
    """Why the number may be another one although run 2 keeps up; empty without a doubt."""
    first = next((run.measurement for run in record.measurements if run.name == "Run 1"), None)
    if first is not None and first.reasons:
        return f"maybe more, since run 1 is in doubt ({listed(_codes(first))})"
    replaced = _replaced(record)
    if replaced is not None and replaced.disturbed:
        return f"maybe more, since run 2 with {_count(replaced.streams)} is in doubt ({listed(_codes(replaced))})"
    prefix = f"{_RUN_2}: " if replaced is not None else None
    warned = [
        step.evidence.step
        for step in record.steps
        if step.evidence.step in _MEASURING_STEPS
        and any(prefix is None or not text.startswith(prefix) for text in step.evidence.warnings)
    ]
    return f"with warnings, see {listed(warned)}" if warned else ""


def _replaced(record: Record) -> Measurement | None:
    """The first attempt of run 2 where a retry took its place: its warnings are not about the retry's figures."""
    runs = {run.name: run.measurement for run in record.measurements}
    return runs.get(_RUN_2) if _RETRY in runs else None


def _where(record: Record) -> str:
    if record.runtime == "deepstream":
        return "DeepStream"
    cores = dict(record.environment).get("CPU cores")
    on = f" on {cores} CPU core{'s' * (cores != '1')}" if cores else ""
    return f"{record.runtime} runtime{on}, not a DeepStream figure"


def _measurement(record: Record) -> Measurement | None:
    """Of run 2, or of its retry."""
    runs = [run.measurement for run in record.measurements if run.name in (_RUN_2, _RETRY)]
    return runs[-1] if runs else None


def _codes(found: Measurement | None) -> list[str]:
    return list(dict.fromkeys(str(reason.code) for reason in found.reasons)) if found else []


def _count(streams: int) -> str:
    return counted(streams, "stream")
