"""The verdict of one model from the results of its steps: what its record says after the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from dsbench.record import verdict
from dsbench.record.schema import Figures, ModelVerdict, Record, StepRecord
from dsbench.report.collector import StepResult

__all__ = ["ModelVerdict", "model_verdict"]


def model_verdict(results: Sequence[StepResult], running: str = "") -> ModelVerdict:
    """The verdict in the last state of the record. ``running``: the model's step in which the session was
    interrupted."""
    states = [result.record for result in results if result.record is not None]
    found = states[-1].verdict if states else None
    if found is None:
        found = verdict.of_record(_without_figures(results))
    if not running:
        return found
    outcomes = {result.evidence.step: result.outcome for result in results}
    return verdict.cut(found, outcomes, states[-1].figures if states else Figures(), running)


def interrupted_step(results: Sequence[StepResult], running: str) -> str:
    """The step of this model that was interrupted, maybe while its result was being shown; empty if it was none of
    this model's.

    ``running``: ``STEP of DIRECTORY``, as the collector has it.
    """
    step, _, given = running.partition(" of ")
    mine = PurePath(given).name in ("", ".", "..", results[0].evidence.model)
    return step if mine and all(result.evidence.step != step for result in results[:-1]) else ""


def _without_figures(results: Sequence[StepResult]) -> Record:
    first = results[0].evidence
    steps = tuple(StepRecord(result.evidence, result.outcome, result.seconds) for result in results)
    return Record(first.model, "", "", first.runtime, "", "", "", "", steps=steps)
