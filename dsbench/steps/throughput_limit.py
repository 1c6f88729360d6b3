"""Beyond the specification: what limits run 1, by comparison with decoding alone and inference alone."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base.cpus import usable_cpus
from dsbench.base.options import LIMITS, PERF_SECONDS
from dsbench.base.text import counted
from dsbench.judge import bottleneck
from dsbench.judge.bottleneck import Bottleneck, BottleneckEvidence, Ceiling, InferCeiling, Limit
from dsbench.judge.run.measurement import Measurement, State
from dsbench.judge.run.telemetry import TelemetrySummary
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes import throughput_run
from dsbench.runtimes.throughput_run import ThroughputJob
from dsbench.steps import extra_runs, working
from dsbench.steps.app_run import Telemetry
from dsbench.steps.benchmark_config import BenchmarkConfigResult
from dsbench.steps.extra_runs import ExtraPlan, ExtraRun
from dsbench.steps.model_run import ModelRun
from dsbench.steps.run1_calibration import Run1CalibrationResult

SHORTEST_S, SHORTEST_ON_GPU_S, LONGEST_S = 5, 10, 15
"""Dozens of streams on a GPU take seconds to start."""
_PART = 4
"""A decode-only run lasts a quarter of a benchmark run: it loads no engine, and only an upper bound is needed."""
_ALONE_S, _ALONE_WARM_UP_S = 2.0, 0.3


@dataclass(frozen=True)
class ThroughputLimitResult:
    """The verdict and what it is based on; both None if nothing was measured."""

    evidence: BottleneckEvidence | None
    verdict: Bottleneck | None
    runs: tuple[ExtraRun, ...] = ()
    """The decode-only runs."""
    not_run: str = ""
    """Why nothing was measured; empty if it was."""


@dataclass(frozen=True)
class CeilingRecord:
    """Throughput of one stage alone."""

    stage: str
    streams: int | None
    """None for inference alone."""
    batch: int | None
    """None for decoding alone."""
    fps: float
    source: str


@dataclass(frozen=True)
class LimitRecord:
    """The record's entry ``limit``."""

    limit: str
    """decode, compute, CPU, batch wait, throttled or unclear."""
    plateau: bool
    streams: int
    fps: float
    """Run 1, all streams together."""
    decode_share: float | None
    """``fps`` as a fraction of decoding alone."""
    infer_share: float | None
    """``fps`` as a fraction of inference alone."""
    ceilings: tuple[CeilingRecord, ...]
    evidence: tuple[str, ...]
    """Sentences with the figures that the verdict follows from."""


def run(model: ModelRun, log: EvidenceLog) -> ThroughputLimitResult:
    """Measure both ceilings and judge; prints the verdict. Raises what a run of the app raises."""
    result = model.keep(_measured(model, log))
    evidence, verdict = result.evidence, result.verdict
    model.record("limit", record_entry(evidence, verdict) if evidence and verdict else None)
    add_evidence(log, model.layout, result)
    return result


def _measured(model: ModelRun, log: EvidenceLog) -> ThroughputLimitResult:
    if (limits := model.option(LIMITS)).value == "never":
        return ThroughputLimitResult(None, None, not_run=f"not requested, --limits {limits}")
    first = model.get(Run1CalibrationResult).run
    runs = tuple(_decode(model, streams) for streams in _counts(model, first.figures.streams))
    other_engine = _other_engine(model)
    evidence = BottleneckEvidence(
        on_gpu=model.runtime.name == "deepstream",
        streams=first.figures.streams,
        fps=first.measurement.total.mean if first.measurement.total else first.figures.total_fps,
        decode=tuple(found for one in runs if (found := _ceiling(one)) is not None),
        infer=None if other_engine else _infer_alone(model),
        load=_load_of_run1(model),
        cores=usable_cpus(),
        interval=model.get(BenchmarkConfigResult).config.interval,
        distrust=distrust(first.measurement),
        notes=tuple(note for note in (*map(_no_ceiling, runs), other_engine) if note),
    )
    verdict = bottleneck.judge(evidence)
    print_verdict(log, evidence, verdict)
    return ThroughputLimitResult(evidence, verdict, runs)


def distrust(first: Measurement) -> str:
    """Why run 1's figure of all streams does not hold; empty where it does."""
    return _reasons(first) or ("" if first.total else "run 1 has no steady window")


def print_verdict(log: EvidenceLog, evidence: BottleneckEvidence, verdict: Bottleneck) -> None:
    """The limit, and the sentences that it follows from."""
    log.print(f"Limit of run 1 ({evidence.streams} streams, {evidence.fps:.1f} frames/s): {verdict.name}")
    log.print(*(f"  {sentence}" for sentence in verdict.sentences))


def seconds(perf_seconds: int, *, on_gpu: bool) -> int:
    """Seconds of a decode-only run."""
    shortest = SHORTEST_ON_GPU_S if on_gpu else SHORTEST_S
    return min(perf_seconds, max(shortest, min(LONGEST_S, perf_seconds // _PART)))


def _counts(model: ModelRun, streams: int) -> tuple[int, ...]:
    """Stream counts to decode with: run 1's; on a GPU also half of it, which shows whether decoding is saturated."""
    half = (streams // 2,) if model.runtime.name == "deepstream" and streams > 1 else ()
    return (streams, *half)


def _decode(model: ModelRun, streams: int) -> ExtraRun:
    lasts = seconds(model.option(PERF_SECONDS).value, on_gpu=model.runtime.name == "deepstream")
    plan = ExtraPlan("Decode only", f"s{streams}_decode", streams, lasts, interval_s=1, infer=False)
    return extra_runs.measure(model, plan)


def _other_engine(model: ModelRun) -> str:
    """Why inference alone is no upper bound: the run may have used OpenVINO instead of ONNX Runtime; "" if not."""
    from dsbench.embedded.bench import fast  # it loads numpy

    if model.runtime.name == "deepstream" or not fast.wanted():
        return ""
    return (
        f"inference alone was not measured: with {fast.VARIABLE}=fast the app may run on OpenVINO, and ONNX Runtime's "
        "figure is no upper bound for that; unset the variable to measure both"
    )


def _infer_alone(model: ModelRun) -> InferCeiling:
    """Images per second of inference alone.

    On DeepStream trtexec's figure of Steps 4-5. On the embedded runtime the larger of the figure of engine preparation
    and a measurement made now, with the app's batch: noise only lowers a figure.
    """
    facts, throughput = model.get(PreflightFacts), model.get(BenchmarkConfigResult).throughput
    if model.runtime.name == "deepstream":
        return InferCeiling(throughput.imgs_per_sec, facts.max_bs, "trtexec, Steps 4-5")
    size = facts.height, facts.width
    job = ThroughputJob(facts.onnx.path, size, facts.onnx.batch or 1, _ALONE_S, _ALONE_WARM_UP_S)
    with working.device(model), working.seconds(model, "inference alone", _ALONE_S + _ALONE_WARM_UP_S, announced=False):
        measured = throughput_run.measure(job, model.scratch)
    if throughput.imgs_per_sec > measured.images_per_second:
        return InferCeiling(throughput.imgs_per_sec, facts.max_bs, "ONNX Runtime alone, engine preparation")
    return InferCeiling(measured.images_per_second, measured.batch, "ONNX Runtime alone, measured now")


def _load_of_run1(model: ModelRun) -> TelemetrySummary | None:
    kept = model.find(Telemetry)
    series = next((run.series for run in kept.runs if run.name == "Run 1"), None) if kept else None
    return extra_runs.load_of(model.get(Run1CalibrationResult).run.perf, series) if series else None


def _ceiling(run: ExtraRun) -> Ceiling | None:
    """Throughput of decoding alone; None if ``_no_ceiling`` has a reason."""
    return None if run.fps is None or _no_ceiling(run) else Ceiling(run.plan.streams, run.fps, run.load)


def _no_ceiling(run: ExtraRun) -> str:
    """Why a decode-only run does not measure decoding alone; "" if it does."""
    plan = run.plan
    streams = counted(plan.streams, "stream")
    if wrong := _reasons(run.measurement):
        return f"decoding alone, {streams}, was not measured: {wrong}"
    if run.fps is None:
        late = f"no PERF window with all streams running within {plan.seconds} s"
        return f"decoding alone, {streams}, was not measured: {late}"
    return ""


def _reasons(measured: Measurement) -> str:
    """The reasons of an INVALID measurement, and what leaves no figure although its answer is clear; "" for any
    other."""
    found = (*measured.reasons, *measured.remarks)
    return "; ".join(one.text for one in found) if any(one.state is State.INVALID for one in found) else ""


def add_evidence(log: EvidenceLog, layout: ModelLayout, result: ThroughputLimitResult) -> None:
    """The verdict, run 1 and its ceilings, and the decode-only runs."""
    evidence, verdict = result.evidence, result.verdict
    if evidence is None or verdict is None:
        log.left_out = result.not_run
        log.fact("Limit", f"not measured: {result.not_run}")
        return
    add_verdict(log, evidence, verdict)
    for run in result.runs:
        extra_runs.add_evidence(log, layout, run)


def add_verdict(log: EvidenceLog, evidence: BottleneckEvidence, verdict: Bottleneck) -> None:
    """The verdict, run 1 and its ceilings."""
    log.fact("Limit", verdict.name, verdict.sentences[0])
    log.table(
        "Run 1 and its ceilings",
        ("what", "streams", "frames per second", "run 1 as a fraction of it"),
        _rows(evidence),
    )
    if verdict.limit is Limit.UNCLEAR:
        log.note("unclear: the evidence is not enough to name the limit (docs/limits.md)")


def _rows(evidence: BottleneckEvidence) -> list[tuple[str, ...]]:
    infer = evidence.infer
    rows: list[tuple[str, ...]] = [("run 1", str(evidence.streams), f"{evidence.fps:.1f}", "")]
    for one in evidence.decode:
        fraction = _percent(evidence.decode_fraction) if one.streams == evidence.streams else ""
        rows.append(("decoding alone", str(one.streams), f"{one.fps:.1f}", fraction))
    if infer is not None:
        fraction = _percent(evidence.infer_fraction)
        rows.append((f"inference alone, {infer.source}", f"batch {infer.batch}", f"{infer.fps:.1f}", fraction))
    return rows


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{fraction:.0%}"


def record_entry(evidence: BottleneckEvidence, verdict: Bottleneck) -> LimitRecord:
    """The entry; the record's raw data give the same one again."""
    ceilings = [CeilingRecord("decode", one.streams, None, one.fps, "decode only") for one in evidence.decode]
    if (infer := evidence.infer) is not None:
        ceilings.append(CeilingRecord("inference", None, infer.batch, infer.fps, infer.source))
    return LimitRecord(
        limit=str(verdict.limit),
        plateau=verdict.plateau,
        streams=evidence.streams,
        fps=evidence.fps,
        decode_share=evidence.decode_fraction,
        infer_share=evidence.infer_fraction,
        ceilings=tuple(ceilings),
        evidence=verdict.sentences,
    )
