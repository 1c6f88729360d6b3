"""7c, run 2: whether RT_STREAMS streams keep up in real time; if not, a retry with half of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dsbench.base import places
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import MIN_STREAMS
from dsbench.base.text import counted
from dsbench.judge import streams
from dsbench.judge.run.measurement import Measurement, RealTime, State
from dsbench.judge.run.reason import named
from dsbench.judge.streams import Benchmark
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import benchmark_run, decision_run
from dsbench.steps.benchmark_config import BenchmarkConfigResult
from dsbench.steps.benchmark_run import MeasuredRun
from dsbench.steps.extra_runs import ExtraRun
from dsbench.steps.model_run import ModelRun
from dsbench.steps.rows import measurement_rows
from dsbench.steps.run1_calibration import Run1CalibrationResult


@dataclass(frozen=True)
class Run2ValidationResult:
    """Run 2, its retry, and the figures of all of Step 7."""

    run: MeasuredRun
    retry: MeasuredRun | None
    """Run 2 at half the streams; None if run 2 kept up."""
    benchmark: Benchmark
    """The specification's figures of Step 7."""
    decision: ExtraRun | None = None
    """One more run at ``--min-streams``; None if run 2 decides."""

    @property
    def final(self) -> MeasuredRun:
        return self.retry or self.run

    @property
    def confirmed_streams(self) -> int:
        """Real-time streams that both the specification's figure and every stream confirm; 0 if one does not."""
        sure = self.final.measurement.real_time is RealTime.YES
        return max(self.benchmark.confirmed_streams if sure else 0, self.decided_streams)

    @property
    def decided_streams(self) -> int:
        """Real-time streams that the run for ``--min-streams`` confirms; 0 without such a run."""
        made = self.decision
        return made.plan.streams if made and decision_run.confirms(made.perf.stream0, made.measurement) else 0


def run(model: ModelRun, log: EvidenceLog) -> Run2ValidationResult:
    """Make run 2 and check it. Raises errors of the app, FPS_PARSE, MEASUREMENT_INVALID, TOO_FEW_STREAMS."""
    result = validate(model, log)
    benchmark_run.require_valid(model, result.final)
    result = decide(model, log, result)
    require_streams(model, result)
    return result


def validate(model: ModelRun, log: EvidenceLog) -> Run2ValidationResult:
    """Run at RT_STREAMS; retry once at half the streams if not real-time, unless the measurement is invalid."""
    facts, config, first = model.get(PreflightFacts), model.get(BenchmarkConfigResult), model.get(Run1CalibrationResult)
    measured = benchmark_run.measure(model, log, max(1, first.rt_streams), "Run 2")
    log.print(*streams.run2_lines(measured.figures))
    retry = None
    if not measured.figures.real_time and measured.measurement.state is not State.INVALID:
        retry = _retry(model, log, measured, streams.halved(measured.figures.streams))
    benchmark = Benchmark(
        max_bs=facts.max_bs,
        peak_gpu_streams=config.throughput.peak_gpu_streams,
        trtexec_imgs=config.throughput.imgs_per_sec,
        run1=first.run.figures,
        rt_streams=streams.made_for(first.rt_streams, measured.figures.streams),
        run2=measured.figures,
        retry=retry.figures if retry else None,
    )
    result = model.keep(Run2ValidationResult(measured, retry, benchmark))
    add_evidence(log, result)
    return result


def decide(model: ModelRun, log: EvidenceLog, result: Run2ValidationResult) -> Run2ValidationResult:
    """Make one more run where ``--min-streams`` is not decided; ``result`` with that run."""
    wanted = model.option(MIN_STREAMS).value
    if wanted is None:
        return result
    confirming = (result.run.measurement, *((result.retry.measurement,) if result.retry else ()))
    made = decision_run.make(model, log, wanted, model.get(Run1CalibrationResult).run.measurement, confirming)
    return result if made is None else model.keep(replace(result, decision=made))


def _retry(model: ModelRun, log: EvidenceLog, first: MeasuredRun, count: int) -> MeasuredRun:
    """Repeat run 2 at ``count`` streams; the first attempt's log is kept under another name."""
    log.print(streams.retry_announcement(count))
    kept = _keep_first_log(first.perf.plan.log)
    log.renamed(*map(model.layout.given_path, (first.perf.plan.log, kept)))
    why = "because Step 8 reads the first file that matches *_run2.log."
    log.note(f"The first attempt's log was renamed to {model.layout.given_path(kept)}, {why}")
    retry = benchmark_run.measure(model, log, count, "Retry")
    log.print(streams.retry_line(retry.figures))
    return retry


def require_streams(model: ModelRun, validation: Run2ValidationResult) -> None:
    """Raise TOO_FEW_STREAMS if fewer real-time streams than ``--min-streams`` were confirmed."""
    wanted = model.option(MIN_STREAMS)
    confirmed = validation.confirmed_streams
    if wanted.value is not None and confirmed < wanted.value:
        fix = "use a smaller model, a larger batch or a faster machine, or lower --min-streams or --target-fps"
        max_bs, first = validation.benchmark.max_bs, validation.benchmark.run1
        if first.total_fps // first.target_fps > max_bs:
            fix = f"use a larger batch first: run 1 could carry more streams than MAX_BS={max_bs}; else {fix}"
        last = validation.decision or validation.final
        found = last.measurement
        if found.disturbed:
            fix = f"close other programs and measure again, see the reasons above; else {fix}"
        elif found.real_time is RealTime.UNSURE:
            fix = f"remove the causes of the reasons above and measure again (docs/measuring.md); else {fix}"
        plural = "s" if confirmed != 1 else ""
        raise DsbenchError(
            Code.TOO_FEW_STREAMS,
            f"{confirmed} real-time stream{plural} confirmed on {model.runtime.label}, --min-streams {wanted} wanted"
            f"{_unconfirmed(validation)}",
            where=str(last.perf.plan.log),
            fix=fix,
        )


def _unconfirmed(validation: Run2ValidationResult) -> str:
    """Why streams that keep up by stream 0's figure are not confirmed, or what disturbed the run."""
    if made := validation.decision:
        reasons = "".join(f"\n  {reason.code}: {reason.text}" for reason in made.measurement.reasons)
        said = f"every stream real-time: {made.measurement.real_time}"
        return f"\n  run 2 did not decide, one more run at {made.plan.streams} streams: {said}{reasons}"
    by_stream0, found = validation.benchmark.confirmed_streams, validation.final.measurement
    if found.real_time is RealTime.YES or not (by_stream0 or found.disturbed):
        return ""
    keeps_up = f"keeps up at {by_stream0} streams" if by_stream0 else "does not keep up"
    reasons = "".join(f"\n  {reason.code}: {reason.text}" for reason in found.reasons)
    return f"\n  stream 0 {keeps_up}; every stream: {found.real_time}{reasons}"


def _keep_first_log(log: Path) -> Path:
    """``ds_s<N>_run2.log`` becomes ``ds_s<N>_run2_first.log``, because Step 8 reads the first ``*_run2.log``."""
    kept = log.with_name(f"{log.stem}_first.log")
    try:
        places.move(log, kept)
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"{log.name} cannot be renamed: {error.strerror}",
            where=str(log),
            fix="make benchmarks/ds of the model directory writable",
        ) from error
    return kept


def add_evidence(log: EvidenceLog, result: Run2ValidationResult) -> None:
    """Figures of the run and its retry, and the number of confirmed real-time streams."""
    for made in (result.run, *((result.retry,) if result.retry else ())):
        benchmark_run.add_figures(log, made.name, made.figures, made.efficiency)
        log.print(measurement_rows.line(made.name, made.measurement, asked=True))
    benchmark, final = result.benchmark, result.final
    counts = f"by stream 0: {benchmark.confirmed_streams}; by every stream: {result.confirmed_streams}"
    said = f"RT: {benchmark.final.confirmed}; every stream: {final.measurement.real_time}"
    log.fact("Real-time streams confirmed", counts, said)
    if verdict := shortfall(benchmark, final.measurement):
        log.warn(f"RT: NO, {verdict} ({final.figures.fps} of {final.figures.target_fps:g} FPS)")
    elif final.facts is not None and final.facts.below_target:
        log.warn(
            f"RT: YES is about stream 0 only; {named(final.facts.below_target)} stayed below "
            f"{final.figures.target_fps:g} FPS"
        )
    elif final.measurement.real_time is RealTime.NO:
        log.warn("RT: YES is about stream 0 only; not every stream keeps up")


def shortfall(result: Benchmark, found: Measurement) -> str:
    """The meaning of ``RT: NO`` in words; "" if the streams keep up. ``found``: the measurement of the last run."""
    final = result.final
    if final.real_time:
        return ""
    if found.disturbed and found.real_time is RealTime.UNSURE:
        return f"the run was disturbed, so whether {counted(final.streams, 'stream')} can be real-time is not known"
    if final.streams == 1:
        return "not real-time at any stream count"
    return f"not real-time at {final.streams} streams; fewer were not tried"
