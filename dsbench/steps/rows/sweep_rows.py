"""The search for the largest number of real-time streams, as evidence: a row for each run."""

from __future__ import annotations

from dsbench.judge.sweep import Trial
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.rows.limit_rows import extra_run
from dsbench.steps.stream_sweep import Sweep


def stream_sweep(log: EvidenceLog, layout: ModelLayout, result: Sweep) -> None:
    """The answer, all runs that it follows from, and each run of the sweep."""
    if result.not_run:
        log.fact("Sweep", result.not_run)
        return
    shown = "not known" if result.largest is None else result.largest
    log.fact("Largest number of real-time streams", shown, result.answer.removeprefix("Sweep: "))
    columns = ("streams", "run", "slowest stream", "95 % interval", "all streams together", "real-time")
    ordered = sorted(result.trials, key=lambda trial: trial.streams)
    log.table("Runs by number of streams", columns, map(_row, ordered))
    log.warn(*(f"the app died with {one.streams} streams: {one.failure}" for one in result.trials if one.failure))
    if not result.largest:
        log.warn(result.answer)
    for run in result.runs:
        extra_run(log, layout, run)


def _row(trial: Trial) -> tuple[str, ...]:
    measured = trial.measurement
    if measured is None or measured.slowest is None or measured.total is None:
        return (str(trial.streams), trial.source, "", "", "", trial.said)
    slow = measured.per_stream[measured.slowest]
    return (
        str(trial.streams),
        trial.source,
        f"{slow.mean:.2f} FPS",
        f"{slow.low:.2f} to {slow.high:.2f}",
        f"{measured.total.mean:.1f} FPS",
        trial.said,
    )
