"""Evidence of the steps beyond the specification, written again from raw data."""

from __future__ import annotations

from dsbench.base.options import BLESS
from dsbench.judge import bottleneck, latency, sweep
from dsbench.record import comparable
from dsbench.record.evidence import EvidenceLog
from dsbench.record.schema import Record
from dsbench.steps import extra_runs, frame_latency, regression, stream_parity, stream_sweep, throughput_limit
from dsbench.verify.recompute import limit_evidence, sweep_trials
from dsbench.verify.runs import RunAgain, named


def limit(log: EvidenceLog, record: Record, runs: tuple[RunAgain, ...]) -> None:
    found = limit_evidence(record, runs)
    if found is None:
        return
    judged = bottleneck.judge(found)
    throughput_limit.print_verdict(log, found, judged)
    throughput_limit.add_verdict(log, found, judged)
    _runs(log, runs, ("Decode only",))


def stream_counts(log: EvidenceLog, record: Record, runs: tuple[RunAgain, ...]) -> None:
    """The sweep."""
    trials, max_bs = sweep_trials(record, runs), record.figures.max_bs
    if trials is None or max_bs is None:
        return
    own = (stream_sweep.SWEEP, stream_sweep.REPEAT)
    log.print(*(sweep.trial_line(one) for one in trials if one.source in own))
    log.print(sweep.answer(trials, max_bs))
    stream_sweep.add_trials(log, trials, max_bs)
    failed = {place for place, one in enumerate(one for one in trials if one.source in own) if one.failure}
    made = [run for run in runs if run.raw.name in own]
    _runs(log, tuple(run for place, run in enumerate(made) if place not in failed), own)


def frame_times(log: EvidenceLog, record: Record, runs: tuple[RunAgain, ...]) -> None:
    """The latency run."""
    data, run = record.raw.latency, named(runs, "Latency")
    if data is None or not data.by_stream or run is None:
        return
    frames = {int(stream): values for stream, values in data.by_stream.items()}
    summary = latency.summarise(frames)
    if summary is not None:
        log.print(frame_latency.line(data.streams, summary, run.measurement))
        frame_latency.add_summary(log, summary, frames)
        _runs(log, runs, ("Latency",))


def own_boxes(log: EvidenceLog, record: Record) -> None:
    """Each stream in the batch and alone. Which frames a clip has is stated only here."""
    found = record.raw.stream_parity
    stated = next((step.evidence for step in record.steps if step.evidence.step == "stream_parity"), None)
    table = next((one for one in stated.tables if one.title == stream_parity.TABLE), None) if stated else None
    if found is None:
        return
    place = table.columns.index(stream_parity.CLIP) if table and stream_parity.CLIP in table.columns else 0
    clips = [row[place] for row in table.rows if place < len(row)] if table else []
    clips += [""] * (len(found.streams) - len(clips))
    stream_parity.add_figures(log, found, clips[: len(found.streams)], "")


def baseline(log: EvidenceLog, record: Record) -> None:
    """The comparison with an earlier run."""
    data = record.raw.baseline
    if data is not None:
        found = regression.compared(comparable.of_record(record), data)
        regression.add_evidence(log, data, found)
        bless = any(one.name == BLESS.name and one.value is True for one in record.options)
        log.warn(*regression.warned(found, failed=regression.fails(found, data, bless=bless)))


def _runs(log: EvidenceLog, runs: tuple[RunAgain, ...], names: tuple[str, ...]) -> None:
    for run in runs:
        if run.raw.name in names:
            name = extra_runs.called(run.raw.name, run.raw.streams)
            extra_runs.add_figures(log, name, run.measurement, run.series, run.raw.windows)
