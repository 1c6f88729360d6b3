"""The verdict of one model from the results of its steps: what its record says after the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dsbench.record import verdict
from dsbench.record.schema import ModelVerdict, Record, StepRecord
from dsbench.report.collector import StepResult

__all__ = ["ModelVerdict", "model_verdict"]


def model_verdict(results: Sequence[StepResult], interrupted: bool = False) -> ModelVerdict:
    """The verdict in the last state of the record; amber at best if the session was interrupted."""
    states = [result.record for result in results if result.record is not None]
    found = states[-1].verdict if states else None
    if found is None:
        found = verdict.of_record(_without_figures(results))
    return replace(found, color="amber") if interrupted and found.color == "passed" else found


def _without_figures(results: Sequence[StepResult]) -> Record:
    first = results[0].evidence
    steps = tuple(StepRecord(result.evidence, result.outcome, result.seconds) for result in results)
    return Record(first.model, "", "", first.runtime, "", "", "", "", steps=steps)
