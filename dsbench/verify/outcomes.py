"""Outcomes of the steps against what they rest on: the steps before, and the verdicts of the raw data."""

from __future__ import annotations

from collections.abc import Iterator

from dsbench.base.errors import Code
from dsbench.base.options import MIN_STREAMS
from dsbench.base.steps import STEPS
from dsbench.judge import gate
from dsbench.judge.accuracy import verdict
from dsbench.judge.accuracy.verdict import GateState
from dsbench.judge.imports import parity
from dsbench.judge.imports.parity import ParityOutcome
from dsbench.judge.run.measurement import State
from dsbench.record.ledger import DESELECTED, Ledger, SkipCause
from dsbench.record.schema import Record
from dsbench.verify.mismatch import FoundBy, RecordMismatch
from dsbench.verify.recompute import benchmark, confirmed_streams, scan_of
from dsbench.verify.runs import RunAgain, named

_MODEL = "model"


def mismatches(record: Record, runs: tuple[RunAgain, ...]) -> Iterator[RecordMismatch]:
    """Steps that ran or were skipped without cause, and verdicts that the raw data do not give."""
    yield from _skipped(record)
    yield from _excuses(record)
    found = {step.evidence.step: (place, step) for place, step in enumerate(record.steps)}
    for name, code, fails in _verdicts(record, runs):
        if name not in found or found[name][1].outcome == "skipped":
            continue
        place, step = found[name]
        stated = step.evidence.failure.code if step.evidence.failure else ""
        other = step.outcome == "failed" and stated != code  # it failed for another reason, or before
        if (fails and step.outcome != "failed") or (not fails and stated == code):
            expected = f"failed [{code}]" if fails else "no such failure"
            said = f"{step.outcome} [{stated}]" if stated else step.outcome
            path = f"steps[{place}].outcome"
            if not other:
                yield RecordMismatch(path, said, expected, FoundBy.RECOMPUTED, f"{name}, from its raw data")


def _skipped(record: Record) -> Iterator[RecordMismatch]:
    """The reasons to skip, from the outcomes of the steps before."""
    ledger, known = Ledger(), {step.name: step for step in STEPS}
    for name in _deselected(record):
        ledger.deselect(_MODEL, name)
    for place, step in enumerate(record.steps):
        evidence = step.evidence
        if evidence.step not in known:
            yield RecordMismatch(f"steps[{place}].step", evidence.step, "a known step", FoundBy.CONTRADICTION)
            continue
        cause = ledger.cause_to_skip(_MODEL, known[evidence.step])
        wanted = str(cause) if cause else ""
        if evidence.skipped_for != wanted:
            path = f"steps[{place}].skipped_for"
            yield RecordMismatch(path, evidence.skipped_for or "nothing", wanted or "nothing", FoundBy.RECOMPUTED)
        reported = "passed" if step.outcome == "inconclusive" else step.outcome
        ledger.note(_MODEL, evidence.step, reported, evidence.failure)


def _excuses(record: Record) -> Iterator[RecordMismatch]:
    """Only a failed step can say that its failure leaves the import unknown."""
    for place, step in enumerate(record.steps):
        if step.evidence.import_unknown and step.outcome != "failed":
            said = step.evidence.import_unknown
            yield RecordMismatch(f"steps[{place}].import_unknown", said, "nothing", FoundBy.CONTRADICTION)


def _deselected(record: Record) -> Iterator[str]:
    """Steps without a record that some step names as excluded by the user: nothing else states it."""
    named = {step.evidence.skipped_for for step in record.steps}
    for step in STEPS:
        if step.name not in record.outcomes and str(SkipCause(step.name, DESELECTED)) in named:
            yield step.name


def _verdicts(record: Record, runs: tuple[RunAgain, ...]) -> Iterator[tuple[str, str, bool]]:
    """(step, code, whether the raw data make it fail with that code)."""
    raw = record.raw
    if raw.gate is not None:
        yield "kitti_gate", Code.KITTI_GATE, not gate.evaluate(scan_of(raw.gate), raw.gate.min_rate).passed
    if (found := raw.import_parity) is not None:
        matter = tuple(cost.matters for cost in found.costs)
        said = parity.outcome(found.usual, found.configured or found.usual, matter, approximate=found.approximate)
        yield "import_parity", Code.IMPORT_PARITY, said is ParityOutcome.DIFFERENT
    if raw.accuracy is not None:
        state = verdict.judge(raw.accuracy.precision, raw.accuracy.gate).state
        yield "accuracy", Code.ACCURACY, state is GateState.FAIL
    if raw.stream_parity is not None:
        yield "stream_parity", Code.STREAM_PARITY, bool(raw.stream_parity.verdict)
    wanted = next((option.value for option in record.options if option.name == MIN_STREAMS.name), None)
    if isinstance(wanted, int) and benchmark(record, runs) is not None:
        yield "run2_validation", Code.TOO_FEW_STREAMS, confirmed_streams(record, runs) < wanted
    for step, names in (("run1_calibration", ("Run 1",)), ("run2_validation", ("Retry", "Run 2"))):
        run = next((one for name in names if (one := named(runs, name))), None)
        if run is not None and run.figures is not None and run.raw.stopped:
            yield step, Code.MEASUREMENT_INVALID, run.measurement.state is State.INVALID
