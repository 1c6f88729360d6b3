"""Beyond the specification, with ``--sweep``: the largest number of real-time streams up to MAX_BS."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base import options
from dsbench.base.errors import Code, DsbenchError
from dsbench.judge import sweep
from dsbench.judge.sweep import SweepTrial
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import extra_runs
from dsbench.steps.extra_runs import ExtraPlan, ExtraRun
from dsbench.steps.model_run import ModelRun
from dsbench.steps.run1_calibration import Run1CalibrationResult
from dsbench.steps.run2_validation import Run2ValidationResult

SWEEP, REPEAT = "Sweep", "Sweep, repeat"
_DIED = (Code.APP_CRASHED, Code.APP_FAILED, Code.APP_TIMEOUT)


@dataclass(frozen=True)
class StreamSweepResult:
    """The search and its answer."""

    trials: tuple[SweepTrial, ...]
    """All trials, runs 1 and 2 included."""
    runs: tuple[ExtraRun, ...]
    """The sweep's own runs."""
    largest: int | None
    """The largest number of real-time streams: 0 if no count is real-time, None if it is not known."""
    max_bs: int
    answer: str
    not_run: str = ""
    """Why nothing was run; empty if it was."""


@dataclass(frozen=True)
class TrialRecord:
    """One run of the search."""

    streams: int
    run: str
    slowest_fps: float | None
    low: float | None
    """The slowest stream's lower bound, in FPS."""
    real_time: str
    """YES, NO or UNSURE."""


@dataclass(frozen=True)
class SweepRecord:
    """The record's entry ``sweep``."""

    largest: int | None
    """0 if no count is real-time, None if the runs do not decide."""
    max_bs: int
    trials: tuple[TrialRecord, ...]


def run(model: ModelRun, log: EvidenceLog) -> StreamSweepResult:
    """Search, printing each run as it ends. A count with which the app fails is not real-time."""
    result = model.keep(_searched(model, log))
    model.record("sweep", None if result.not_run else record_entry(result.trials, result.max_bs))
    add_evidence(log, model.layout, result)
    return result


def _searched(model: ModelRun, log: EvidenceLog) -> StreamSweepResult:
    max_bs = model.get(PreflightFacts).max_bs
    if not model.option(options.SWEEP).value:
        return StreamSweepResult((), (), None, max_bs, "", not_run="not requested (--sweep)")
    trials, runs = list(_known(model)), list[ExtraRun]()
    while (streams := sweep.next_streams(trials, max_bs)) is not None:
        earlier = [trial.source for trial in trials if trial.streams == streams and trial.confirms]
        title = REPEAT if earlier else SWEEP
        try:
            made = extra_runs.measure(model, _plan(model, streams, title, earlier.count(REPEAT)))
        except DsbenchError as error:
            if error.code not in _DIED:
                raise
            trials.append(SweepTrial(streams, title, None, error.what.splitlines()[0]))
        else:
            runs.append(made)
            trials.append(SweepTrial(streams, title, made.measurement))
        log.print(sweep.trial_line(trials[-1]))
    log.print(sweep.answer(trials, max_bs))
    return StreamSweepResult(
        tuple(trials), tuple(runs), sweep.largest(trials, max_bs), max_bs, sweep.answer(trials, max_bs)
    )


def _known(model: ModelRun) -> tuple[SweepTrial, ...]:
    """Runs 1 and 2 as trials: the search starts from them."""
    first, validation = model.get(Run1CalibrationResult), model.get(Run2ValidationResult)
    trials = [SweepTrial(first.run.figures.streams, "Run 1", first.run.measurement, confirms=False)]
    trials.append(SweepTrial(validation.run.figures.streams, "Run 2", validation.run.measurement))
    if validation.decision is not None:
        made = validation.decision
        trials.append(SweepTrial(made.plan.streams, made.plan.title, made.measurement))
    if validation.retry is not None:
        trials.append(SweepTrial(validation.retry.figures.streams, "Retry", validation.retry.measurement))
    return tuple(trials)


def _plan(model: ModelRun, streams: int, title: str, repeats: int) -> ExtraPlan:
    """The plan of a run; ``repeats`` earlier repeats of this count keep their files."""
    name = f"s{streams}_sweep"
    if title == REPEAT:
        name += "_repeat" + (str(repeats + 1) if repeats else "")
    seconds, interval = model.option(options.PERF_SECONDS).value, model.option(options.PERF_INTERVAL).value
    return ExtraPlan(title, name, streams, seconds, interval, confirms=True)


def add_evidence(log: EvidenceLog, layout: ModelLayout, result: StreamSweepResult) -> None:
    """The answer, all trials, and each run of the sweep."""
    if result.not_run:
        log.left_out = result.not_run
        log.fact("Sweep", result.not_run)
        return
    add_trials(log, result.trials, result.max_bs)
    for run in result.runs:
        extra_runs.add_evidence(log, layout, run)


def add_trials(log: EvidenceLog, trials: tuple[SweepTrial, ...], max_bs: int) -> None:
    """The answer, and a row for each trial."""
    largest, answer = sweep.largest(trials, max_bs), sweep.answer(trials, max_bs)
    shown = "not known" if largest is None else largest
    log.fact("Largest number of real-time streams", shown, answer.removeprefix("Sweep: "))
    columns = ("streams", "run", "slowest stream", "95 % confidence interval", "all streams together", "real-time")
    log.table("Runs by number of streams", columns, map(_row, sorted(trials, key=lambda trial: trial.streams)))
    log.warn(*(f"the app failed with {one.streams} streams: {one.failure}" for one in trials if one.failure))
    if not largest:
        log.warn(answer)


def _row(trial: SweepTrial) -> tuple[str, ...]:
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


def record_entry(trials: tuple[SweepTrial, ...], max_bs: int) -> SweepRecord:
    """The entry; the record's raw data give the same one again."""
    return SweepRecord(sweep.largest(trials, max_bs), max_bs, tuple(map(_trial_record, trials)))


def _trial_record(trial: SweepTrial) -> TrialRecord:
    measured = trial.measurement
    slow = measured.per_stream[measured.slowest] if measured and measured.slowest is not None else None
    return TrialRecord(
        trial.streams,
        trial.source,
        slow.mean if slow else None,
        slow.low if slow else None,
        str(trial.real_time),
    )
