"""The record as it must be, from its raw data: figures, measurements, entries, outcomes.

Everything is computed by the functions that the run itself used.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dsbench.base import jsonable
from dsbench.base.errors import Code
from dsbench.formats.kitti import Scan
from dsbench.judge import bottleneck, gate, latency, streams
from dsbench.judge.bottleneck import BottleneckEvidence, Ceiling
from dsbench.judge.run.measurement import RealTime
from dsbench.judge.streams import Benchmark
from dsbench.judge.sweep import SweepTrial
from dsbench.record import comparable
from dsbench.record.handover import ClassCount, DetectionSummary
from dsbench.record.raw import GateData, median_score
from dsbench.record.schema import INCONCLUSIVE, Figures, Record, RunMeasurement, StepRecord, StreamFigures
from dsbench.record.verdict import DECISION
from dsbench.steps import (
    accuracy,
    decision_run,
    frame_latency,
    import_parity,
    regression,
    stream_parity,
    stream_sweep,
    throughput_limit,
)
from dsbench.verify.runs import RunAgain, last_of_run_2, named

_STILL_MEASURED = (Code.MEASUREMENT_INVALID, Code.TOO_FEW_STREAMS)
"""Failures of runs 1 and 2 after which their figures are on record all the same."""


def expected(record: Record, runs: tuple[RunAgain, ...]) -> Record:
    """``record`` with everything computed again that follows from raw data. ``runs``: those of the record, again."""
    figures = _figures(record, runs)
    record = replace(
        record,
        figures=figures,
        measurements=tuple(
            RunMeasurement(run.raw.name, run.measurement) for run in runs if run.measured and _kept(record, run)
        ),
        telemetry=tuple(
            replace(kept, name=run.raw.name, streams=run.raw.streams, window=run.window)
            for kept, run in zip(record.telemetry, runs, strict=False)
        ),
        steps=tuple(replace(step, outcome=_outcome(step)) for step in record.steps),
        raw=replace(record.raw, gate=_gate(record.raw.gate), limit=limit_evidence(record, runs)),
    )
    return replace(record, beyond=_beyond(record, runs), handover=_handover(record, runs))


def _kept(record: Record, run: RunAgain) -> bool:
    """Whether a run's measurement is on record: that of the run that decides ``--min-streams`` only if it succeeded."""
    return run.raw.name != DECISION or completed(record, "run2_validation") is not False


def confirmed_streams(record: Record, runs: tuple[RunAgain, ...]) -> int:
    """Real-time streams that stream 0's figure and every stream confirm."""
    result, final = benchmark(record, runs), last_of_run_2(runs)
    sure = final is not None and final.measurement.real_time is RealTime.YES
    return max(result.confirmed_streams if result is not None and sure else 0, decided_streams(runs))


def decided_streams(runs: tuple[RunAgain, ...]) -> int:
    """Real-time streams that the run for ``--min-streams`` confirms; 0 without such a run."""
    made = named(runs, DECISION)
    return made.raw.streams if made is not None and decision_run.confirms(made.raw.stream0, made.measurement) else 0


# --- Step 8's figures -------------------------------------------------------------------------------------------------


def _figures(record: Record, runs: tuple[RunAgain, ...]) -> Figures:
    stated, target = record.figures, record.figures.target_fps
    found = stated
    for name, batch in (("bs1", 1), ("bsmax", stated.max_bs)):
        one = getattr(stated, name)
        if one.qps is not None and batch is not None:
            found = replace(found, **{name: replace(one, imgs_per_sec=round(one.qps * batch, 2))})
    if stated.bsmax.qps is not None and stated.max_bs is not None and target:
        found = replace(found, peak_gpu_streams=math.floor(stated.bsmax.qps * stated.max_bs / target))
    first = completed(record, "run1_calibration")
    if first is not None:
        found = replace(found, run1=_stream_figures(named(runs, "Run 1")) if first else StreamFigures())
    second = completed(record, "run2_validation")
    if named(runs, DECISION) is not None:
        second = True  # it is made after the figures are known
    return found if second is None else replace(found, **_run2(runs, second=second))


def _run2(runs: tuple[RunAgain, ...], *, second: bool) -> dict[str, Any]:
    """The figures of run 2; ``second``: its step came to a result."""
    run, retry = named(runs, "Run 2"), named(runs, "Retry")
    final = retry or run
    if not second or final is None or final.figures is None:
        nothing = dict.fromkeys(("run2_first", "real_time", "confirmed_streams", "every_stream"))
        return {"run2": StreamFigures(), **nothing}
    return {
        "run2": _stream_figures(final),
        "run2_first": _stream_figures(run) if retry else None,
        "real_time": final.figures.real_time,
        "confirmed_streams": final.figures.streams if final.figures.real_time else 0,
        "every_stream": str(final.measurement.real_time),
    }


def _stream_figures(run: RunAgain | None) -> StreamFigures:
    if run is None or run.figures is None:
        return StreamFigures()
    return StreamFigures(run.figures.streams, run.figures.total_fps, run.figures.fps, run.efficiency)


def completed(record: Record, step: str) -> bool | None:
    """Whether a step of runs 1 and 2 came to a result; None where an unexpected exception ended it."""
    found = next((one for one in record.steps if one.evidence.step == step), None)
    if found is None or found.outcome == "skipped":
        return False
    if found.evidence.failure is None:
        return None if found.outcome == "failed" else True
    return found.evidence.failure.code in _STILL_MEASURED


def benchmark(record: Record, runs: tuple[RunAgain, ...]) -> Benchmark | None:
    """Step 7 as the closing block shows it; None unless both runs have figures."""
    run1, run2, retry = (run.figures if run else None for run in (named(runs, n) for n in ("Run 1", "Run 2", "Retry")))
    figures = record.figures
    if run1 is None or run2 is None or figures.max_bs is None or figures.peak_gpu_streams is None:
        return None
    imgs = figures.bsmax.imgs_per_sec
    rt_streams = streams.made_for(streams.rt_streams(run1, figures.max_bs), run2.streams)
    if imgs is None:
        return None
    return Benchmark(figures.max_bs, figures.peak_gpu_streams, imgs, run1, rt_streams, run2, retry)


# --- steps ------------------------------------------------------------------------------------------------------------


def _outcome(step: StepRecord) -> str:
    """By its evidence. A failure without a DsbenchError and a skip without a cause leave none."""
    evidence = step.evidence
    if evidence.failure is not None:
        return "failed"
    if evidence.skipped_for:
        return "skipped"
    if step.outcome in ("failed", "skipped"):
        return step.outcome
    return INCONCLUSIVE if evidence.undecided else "passed"


def _gate(data: GateData | None) -> GateData | None:
    if data is None or not data.scores:
        return data
    return replace(data, median_score=median_score(data.scores))


def scan_of(data: GateData) -> Scan:
    """The dump's summary, as the gate judges it."""
    return Scan(
        files=len(data.per_frame),
        with_objects=data.with_objects,
        objects=sum(data.per_frame),
        classes=Counter(data.classes),
        confidences=array("f", data.scores),
        per_frame=array("I", data.per_frame),
        zero_area=data.zero_area,
        invalid_count=data.invalid_lines,
    )


# --- entries of the steps beyond the specification --------------------------------------------------------------------


def _beyond(record: Record, runs: tuple[RunAgain, ...]) -> Mapping[str, Any]:
    raw = record.raw
    made: dict[str, Any] = {}
    parity = raw.import_parity
    # the comparison is made in 6g: its entry is there only if the step ran
    ran = record.outcomes.get("import_parity") not in (None, "skipped")
    made["import_parity"] = import_parity.record_entry(parity) if parity and ran else None
    found = raw.accuracy
    made["accuracy"] = accuracy.record_entry(found.precision, found.errors, found.gate) if found else None
    made["parity"] = stream_parity.record_entry(raw.stream_parity) if raw.stream_parity else None
    evidence = raw.limit
    made["limit"] = throughput_limit.record_entry(evidence, bottleneck.judge(evidence)) if evidence else None
    if raw.baseline is not None:
        made["regression"] = regression.record_entry(comparable.of_record(record), raw.baseline)
    trials, max_bs = sweep_trials(record, runs), record.figures.max_bs
    if trials is not None and max_bs is not None:
        made["sweep"] = stream_sweep.record_entry(trials, max_bs)
    made["latency"] = _latency(record)
    return {key: jsonable.encode(made[key]) if key in made else stated for key, stated in record.beyond.items()}


def limit_evidence(record: Record, runs: tuple[RunAgain, ...]) -> BottleneckEvidence | None:
    """The evidence with what the runs say now."""
    stated, first = record.raw.limit, named(runs, "Run 1")
    if stated is None or first is None or first.figures is None:
        return stated
    total = first.measurement.total
    return replace(
        stated,
        streams=first.figures.streams,
        fps=total.mean if total else first.figures.total_fps,
        decode=tuple(_decode_again(one, runs) for one in stated.decode),
        load=first.load,
        distrust=throughput_limit.distrust(first.measurement),
    )


def _decode_again(ceiling: Ceiling, runs: tuple[RunAgain, ...]) -> Ceiling:
    run = next((one for one in runs if (one.raw.name, one.raw.streams) == ("Decode only", ceiling.streams)), None)
    if run is None or run.measurement.total is None:
        return ceiling
    return Ceiling(ceiling.streams, run.measurement.total.mean, run.load)


def sweep_trials(record: Record, runs: tuple[RunAgain, ...]) -> tuple[SweepTrial, ...] | None:
    """The trials in the order of the runs; a run in which the app died has no measurement. None without a sweep."""
    failures = record.raw.sweep_failures
    if failures is None:
        return None
    first = [run for name in ("Run 1", "Run 2", DECISION, "Retry") if (run := named(runs, name)) is not None]
    tried = [*first, *(run for run in runs if run.raw.name in (stream_sweep.SWEEP, stream_sweep.REPEAT))]
    return tuple(
        SweepTrial(
            run.raw.streams,
            run.raw.name,
            None if failure else run.measurement,
            failure,
            confirms=run.raw.name != "Run 1",
        )
        for run, failure in zip(tried, failures, strict=False)
    )


def _latency(record: Record) -> object:
    data = record.raw.latency
    if data is None or not data.by_stream:
        return record.beyond.get("latency")
    summary = latency.summarise({int(stream): values for stream, values in data.by_stream.items()})
    return frame_latency.record_entry(data.streams, summary) if summary else None


# --- what Step 8 reports ----------------------------------------------------------------------------------------------


def _handover(record: Record, runs: tuple[RunAgain, ...]) -> Any:
    stated = record.handover
    seconds = {
        key: round(run.figures.seconds, 2)
        for key, name in (("run1", "Run 1"), ("run2", "Run 2"), ("retry", "Retry"))
        if getattr(stated.durations, key) is not None and (run := named(runs, name)) and run.figures
    }
    durations = replace(stated.durations, **seconds)
    detections, engine = stated.detections, stated.engine
    if detections is not None and record.raw.gate is not None:
        detections = _detections(detections, record.raw.gate)
    if engine is not None and record.figures.target_fps:
        target = record.figures.target_fps
        derivations = tuple(
            replace(one, imgs_per_sec=round(qps * one.batch, 2), peak_gpu_streams=int(qps * one.batch // target))
            if (qps := _qps(record, one.batch)) is not None
            else one
            for one in engine.derivations
        )
        engine = replace(engine, derivations=derivations)
    return replace(stated, durations=durations, detections=detections, engine=engine)


def _qps(record: Record, batch: int) -> float | None:
    return record.figures.bsmax.qps if batch == record.figures.max_bs else None


def _detections(stated: DetectionSummary, data: GateData) -> DetectionSummary:
    scan = scan_of(data)
    return replace(
        stated,
        frames=scan.files,
        frames_with_detections=scan.with_objects,
        objects=scan.objects,
        required_rate=data.min_rate,
        passed=gate.evaluate(scan, data.min_rate).passed,
        classes=tuple(ClassCount(name, count) for name, count in scan.classes.most_common(len(stated.classes))),
    )
