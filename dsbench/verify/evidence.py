"""Lines, facts and tables of the steps that follow from raw data, written again and compared."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from dsbench.base.option import Value
from dsbench.judge import gate, streams
from dsbench.judge.imports import parity
from dsbench.judge.run import stream_facts
from dsbench.record.evidence import Evidence, EvidenceLog, Fact
from dsbench.record.schema import INCONCLUSIVE, Record
from dsbench.record.verdict import DECISION
from dsbench.steps import accuracy, benchmark_run, import_parity, kitti_gate, summary
from dsbench.steps.rows import measurement_rows
from dsbench.verify import extra_evidence, stated_evidence
from dsbench.verify.mismatch import FoundBy, RecordMismatch
from dsbench.verify.recompute import benchmark, confirmed_streams, decided_streams, scan_of
from dsbench.verify.runs import RunAgain, last_of_run_2, named

_RUN_1 = "Run 1"


def mismatches(record: Record, runs: tuple[RunAgain, ...]) -> Iterator[RecordMismatch]:
    """Where a step's evidence is not what its raw data give. ``runs``: those of the record, judged again."""
    made: dict[str, Callable[[EvidenceLog], None]] = {
        "kitti_gate": lambda log: _gate(log, record),
        "run1_calibration": lambda log: _run1(log, record, runs),
        "import_parity": lambda log: _import_parity(log, record),
        "accuracy": lambda log: _accuracy(log, record),
        "run2_validation": lambda log: _run2(log, record, runs),
        "stream_parity": lambda log: extra_evidence.own_boxes(log, record),
        "throughput_limit": lambda log: extra_evidence.limit(log, record, runs),
        "stream_sweep": lambda log: extra_evidence.stream_counts(log, record, runs),
        "frame_latency": lambda log: extra_evidence.frame_times(log, record, runs),
        "summary": lambda log: _summary(log, record, runs),
        "regression": lambda log: extra_evidence.baseline(log, record),
    }
    stated = {
        "preflight": stated_evidence.preflight,
        "model_outputs": stated_evidence.model_outputs,
        "parser_build": stated_evidence.parser_build,
        "nvinfer_config": stated_evidence.nvinfer_config,
        "benchmark_config": stated_evidence.benchmark_config,
    }
    for place, step in enumerate(record.steps):
        name, path = step.evidence.step, f"steps[{place}]"
        log = EvidenceLog(name, "", "", "")
        with contextlib.redirect_stdout(io.StringIO()):
            if name in made and step.outcome != "skipped":
                made[name](log)
            if name in stated and step.outcome in ("passed", INCONCLUSIVE):  # a failed step may have stated less
                stated[name](log, record)
        yield from _compare(path, step.evidence, log.snapshot())
        if step.evidence.commands:
            yield from _missing(
                f"{path}.commands", step.evidence.commands, stated_evidence.commands(step.evidence, record)
            )


def _compare(path: str, stated: Evidence, again: Evidence) -> Iterator[RecordMismatch]:
    for name in ("lines", "notes", "warnings"):
        yield from _missing(f"{path}.{name}", getattr(stated, name), getattr(again, name))
    if again.left_out and stated.left_out != again.left_out:
        yield RecordMismatch(f"{path}.left_out", stated.left_out, again.left_out, _AGAIN)
    for fact in again.facts:
        called = [(place, one) for place, one in enumerate(stated.facts) if one.name == fact.name]
        if any(one.value == fact.value and fact.origin in ("", one.origin) for _, one in called):
            continue  # several facts may have one name
        place, found = called[0] if called else (len(stated.facts), Fact(fact.name, ""))
        key = "value" if found.value != fact.value else "origin"
        at, why = f"{path}.facts[{place}].{key}", f"fact {fact.name!r} from the raw data"
        yield RecordMismatch(at, getattr(found, key), getattr(fact, key), FoundBy.RECOMPUTED, why)
    tables = {table.title: (place, table) for place, table in enumerate(stated.tables)}
    for table in again.tables:
        place, rows = next(((at, one.rows) for title, (at, one) in tables.items() if title == table.title), (0, None))
        why = f"table {table.title!r} from the raw data"
        if rows is None or len(rows) != len(table.rows):
            yield RecordMismatch(
                f"{path}.tables[{place}]", f"{len(rows or ())} rows", f"{len(table.rows)} rows", _AGAIN, why
            )
            continue
        for number, (row, wanted) in enumerate(zip(rows, table.rows, strict=True)):
            if row != wanted:
                yield RecordMismatch(
                    f"{path}.tables[{place}].rows[{number}]", ", ".join(row), ", ".join(wanted), _AGAIN, why
                )


_AGAIN = FoundBy.RECOMPUTED


def _missing(path: str, stated: tuple[str, ...], again: Iterable[str]) -> Iterator[RecordMismatch]:
    """Texts that are not among the stated ones."""
    for line in again:
        if line not in stated:
            start = re.split(r"[0-9=]", line, maxsplit=1)[0]
            place = next((at for at, other in enumerate(stated) if start and other.startswith(start)), None)
            found = stated[place] if place is not None else ""
            yield RecordMismatch(f"{path}[{place if place is not None else len(stated)}]", found, line, _AGAIN)


# --- the steps' own functions, on raw data ----------------------------------------------------------------------------


def _gate(log: EvidenceLog, record: Record) -> None:
    data = record.raw.gate
    if data is None:
        return
    scan = scan_of(data)
    verdict = gate.evaluate(scan, data.min_rate)
    median = data.median_score if not data.scores else verdict.median_score
    log.print(*verdict.lines)
    log.fact("Frames requested", data.frames_asked or "the whole video")
    log.fact("Frames written", scan.files)
    kitti_gate.add_figures(log, scan, replace(verdict, median_score=median), Value(data.min_rate, ""))
    seconds = record.handover.durations.step_6
    if seconds is not None:
        log.print(kitti_gate.Step6Duration(seconds).line)


def _run1(log: EvidenceLog, record: Record, runs: tuple[RunAgain, ...]) -> None:
    run, max_bs = named(runs, _RUN_1), record.figures.max_bs
    if run is None or max_bs is None:
        return
    if run.figures is not None and record.figures.run1.total_fps is not None:
        rt_streams = streams.rt_streams(run.figures, max_bs)
        log.print(*streams.run1_lines(run.figures, rt_streams))
        log.fact("RT_STREAMS", rt_streams)
        _measured(log, run)
    _windows(log, run)


def _run2(log: EvidenceLog, record: Record, runs: tuple[RunAgain, ...]) -> None:
    known = record.figures.run2.total_fps is not None
    for name in ("Run 2", "Retry"):
        if (run := named(runs, name)) is None:
            continue
        _windows(log, run)
        if run.figures is not None and run.raw.stopped and known:
            log.print(*(streams.run2_lines(run.figures) if name == "Run 2" else (streams.retry_line(run.figures),)))
            _measured(log, run)
    if known and named(runs, DECISION) is None and (result := benchmark(record, runs)) is not None:
        every = confirmed_streams(record, runs)
        log.fact("Real-time streams confirmed", f"by stream 0: {result.confirmed_streams}; by every stream: {every}")
    if (run := named(runs, DECISION)) is not None and any(one.name == DECISION for one in record.measurements):
        measurement_rows.facts(log, DECISION, run.measurement, asked=True)
        title = f"{DECISION} at {run.raw.streams} streams"
        log.print(measurement_rows.line(title, run.measurement, asked=True))


def _import_parity(log: EvidenceLog, record: Record) -> None:
    data = record.raw.import_parity
    if data is None or record.raw.gate is None:
        return
    configured, matter = data.configured or data.usual, tuple(cost.matters for cost in data.costs)
    outcome = parity.outcome(data.usual, configured, matter, approximate=data.approximate)
    match, frames = parity.shown(data.usual, configured, outcome), len(record.raw.gate.per_frame)
    log.print(import_parity.line(match, frames, outcome))
    log.fact("F1 against the reference", import_parity.f1_text(match))
    log.fact("Frames compared", f"{len(match.frames)} of {frames}")
    log.fact("Frames in which the reference finds objects", data.usual.frames_with_reference)
    import_parity.add_figures(log, match)


def _accuracy(log: EvidenceLog, record: Record) -> None:
    data = record.raw.accuracy
    if data is not None:
        accuracy.add_figures(log, data.precision, data.errors, Value(data.gate, ""))


def _measured(log: EvidenceLog, run: RunAgain) -> None:
    """The specification's figures, and the line about all streams."""
    if run.figures is not None and run.efficiency is not None:
        benchmark_run.add_figures(log, run.raw.name, run.figures, run.efficiency)
    log.print(measurement_rows.line(run.raw.name, run.measurement, asked=run.raw.name != _RUN_1))


def _windows(log: EvidenceLog, run: RunAgain) -> None:
    windows, target = run.raw.windows, run.measurement.target_fps
    found = run.measurement if run.raw.stopped else None
    facts = stream_facts.stream_facts(windows, target)
    benchmark_run.add_windows(log, run.raw.name, windows, facts, run.series, found)


def _summary(log: EvidenceLog, record: Record, runs: tuple[RunAgain, ...]) -> None:
    """The closing block; engine and directory are shown as the user gave them."""
    result, final = benchmark(record, runs), last_of_run_2(runs)
    stated = next((step.evidence.lines for step in record.steps if step.evidence.step == "summary"), ())
    step6_s, engine = record.handover.durations.step_6, record.figures.engine
    shown = next((line.partition("Engine: ")[2] for line in stated if line.startswith("Model: ")), "")
    if step6_s is not None:
        log.fact("STEP6_DURATION", f"{step6_s:.2f} s")
    if result is None or step6_s is None or engine is None or not shown.endswith(engine):
        return
    given = shown.removesuffix(engine).rstrip("/")
    log.print(*streams.closing_block(record.model_name, shown, given, result, step6_s))
    if final is not None and (remark := summary.remark(result, final.measurement, decided_streams(runs))):
        log.print(remark)
