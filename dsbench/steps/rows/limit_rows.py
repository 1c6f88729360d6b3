"""What limits throughput, as evidence: the ceilings beside the run, and how each was measured."""

from __future__ import annotations

from dsbench.judge.bottleneck import BottleneckEvidence, Limit
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.extra_runs import ExtraRun
from dsbench.steps.rows import engine_rows, telemetry_rows
from dsbench.steps.rows.evidence_rows import file_text
from dsbench.steps.throughput_limit import ThroughputLimit


def throughput_limit(log: EvidenceLog, layout: ModelLayout, result: ThroughputLimit) -> None:
    """The verdict, the run beside its ceilings, and the runs that they come from."""
    evidence, verdict = result.evidence, result.verdict
    if evidence is None or verdict is None:
        log.fact("Limit", f"not measured: {result.not_run}")
        return
    log.fact("Limit", verdict.name, verdict.sentences[0])
    log.table(
        "The run beside its ceilings",
        ("what", "streams", "frames per second", "the run's share of it"),
        _rows(evidence),
    )
    for run in result.runs:
        extra_run(log, layout, run)
    if verdict.limit is Limit.UNCLEAR:
        log.note("unclear is an answer: the evidence does not decide, and nothing is guessed (docs/limits.md)")


def _rows(evidence: BottleneckEvidence) -> list[tuple[str, ...]]:
    infer, shares = evidence.infer, (evidence.decode_share, evidence.infer_share)
    rows: list[tuple[str, ...]] = [("run 1", str(evidence.streams), f"{evidence.fps:.1f}", "")]
    for one in evidence.decode:
        share = _share(shares[0]) if one.streams == evidence.streams else ""
        rows.append(("decoding alone", str(one.streams), f"{one.fps:.1f}", share))
    if infer is not None:
        rows.append((f"inference alone, {infer.source}", f"batch {infer.batch}", f"{infer.fps:.1f}", _share(shares[1])))
    return rows


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def extra_run(log: EvidenceLog, layout: ModelLayout, run: ExtraRun) -> None:
    """One run beside the specification's two: command, files, figures, load."""
    plan, perf, measured = run.plan, run.perf, run.measurement
    name = f"{plan.title}, {plan.streams} stream{'s' * (plan.streams != 1)}"
    log.note(*run.notes)
    log.command(*perf.finished.command)
    log.fact(f"{name}: log", layout.given_path(perf.plan.log), f"app: {perf.finished.seconds:.1f} s")
    total = measured.total
    if total is not None:
        spread = f"95 % interval {total.low:.1f} to {total.high:.1f}, {measured.windows} windows"
        log.fact(f"{name}: all streams together", f"{total.mean:.1f} FPS", spread)
    log.note(*(f"{name}: {reason.text}" for reason in measured.reasons))
    engine_rows.engine(log, name, perf.console, build_s=perf.build_s)
    telemetry_rows.run(log, name, run.series, perf.windows)
    file_text(log, layout.ds_extra_app_config(plan.name))
    file_text(log, perf.plan.log)
