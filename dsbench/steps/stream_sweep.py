"""Beyond the specification, with ``--sweep``: the largest number of real-time streams up to MAX_BS."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base.errors import Code, DsbenchError
from dsbench.judge import sweep
from dsbench.judge.sweep import Trial
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import extra_runs
from dsbench.steps.benchmark_config import BenchmarkConfig
from dsbench.steps.benchmark_runs import Calibration, Validation
from dsbench.steps.extra_runs import ExtraPlan, ExtraRun
from dsbench.steps.model_run import ModelRun

SWEEP, REPEAT = "Sweep", "Sweep, repeat"
_DIED = (Code.APP_CRASHED, Code.APP_FAILED, Code.APP_TIMEOUT)


@dataclass(frozen=True)
class Sweep:
    """All trials, those of runs 1 and 2 included, and the sweep's own runs; ``largest`` is 0 if no count is real-time,
    None if that is not known. ``not_run`` says why nothing was run (empty: it was)."""

    trials: tuple[Trial, ...]
    runs: tuple[ExtraRun, ...]
    largest: int | None
    max_bs: int
    answer: str
    not_run: str = ""


def run(model: ModelRun, log: EvidenceLog) -> Sweep:
    """Search and print each run as it ends. A count with which the app dies is one that is not real-time."""
    max_bs = model.get(PreflightFacts).max_bs
    if not model.options.sweep.value:
        return Sweep((), (), None, max_bs, "", not_run="not asked for (--sweep)")
    trials, runs = list(_known(model)), list[ExtraRun]()
    while (streams := sweep.next_streams(trials, max_bs)) is not None:
        earlier = [trial.source for trial in trials if trial.streams == streams and trial.confirms]
        title = REPEAT if earlier else SWEEP
        try:
            made = extra_runs.run(model, _plan(model, streams, title, earlier.count(REPEAT)))
        except DsbenchError as error:
            if error.code not in _DIED:
                raise
            trials.append(Trial(streams, title, None, error.what.splitlines()[0]))
        else:
            runs.append(made)
            trials.append(Trial(streams, title, made.measurement))
        log.print(sweep.trial_line(trials[-1]))
    log.print(sweep.answer(trials, max_bs))
    return Sweep(tuple(trials), tuple(runs), sweep.largest(trials, max_bs), max_bs, sweep.answer(trials, max_bs))


def _known(model: ModelRun) -> tuple[Trial, ...]:
    """The specification's runs, made with the same app and config: the search begins with what they say."""
    first, validation = model.get(Calibration), model.get(Validation)
    trials = [Trial(first.run.figures.streams, "Run 1", first.run.measurement, confirms=False)]
    trials.append(Trial(validation.run.figures.streams, "Run 2", validation.run.measurement))
    if validation.retry is not None:
        trials.append(Trial(validation.retry.figures.streams, "Retry", validation.retry.measurement))
    return tuple(trials)


def _plan(model: ModelRun, streams: int, title: str, repeats: int) -> ExtraPlan:
    """``repeats``: how many of this count there were before; each keeps its files."""
    options = model.get(BenchmarkConfig).options
    name = f"s{streams}_sweep"
    if title == REPEAT:
        name += "_repeat" + (str(repeats + 1) if repeats else "")
    seconds, interval = options.perf_seconds.value, options.perf_interval.value
    return ExtraPlan(title, name, streams, seconds, interval, confirms=True)
