"""Sections 5, 6 and 8 to 12: throughput alone, in the pipeline, the comparison, durations and commands."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Iterator

from dsbench.record.schema import Figures, OptionRecord, Record, RunMeasurement, StreamFigures
from dsbench.report.step8 import charts, derived, words
from dsbench.report.step8.document import (
    Block,
    ChartImage,
    Paragraph,
    ReportSection,
    Shell,
    number,
    sheet,
)

_ALL_STREAMS = (
    *("Steady windows", "Streams", "Measurement", "Slowest stream, 95 % confidence interval"),
    *("All streams together", "Every stream in real time"),
)


def trtexec_results(record: Record) -> ReportSection:
    """Section 5: no transfers and no host latency, which --noDataTransfers leaves out."""
    figures, said = record.figures, words.words_of(record)
    one, most = figures.bs1, figures.bsmax
    rows = [
        ("Queries per second (QPS)", number(one.qps), number(most.qps)),
        ("Images per second (QPS x batch)", number(one.imgs_per_sec), number(most.imgs_per_sec)),
        (f"{said.compute} compute time, mean", number(one.gpu_mean_ms, "ms"), number(most.gpu_mean_ms, "ms")),
        (f"{said.compute} compute time, P99", number(one.p99_ms, "ms"), number(most.p99_ms, "ms")),
    ]
    blocks: list[Block] = []
    if said.embedded:
        blocks.append(Paragraph(f"Measured with {said.alone}: times are of a batch on the CPU, not of TensorRT."))
    blocks.append(sheet((f"Measured by {said.alone}", words.batch(1), _largest(figures)), rows))
    if figures.max_bs == 1:
        blocks.append(Paragraph("MAX_BS is 1: both columns are the same measurement."))
    return ReportSection("trtexec Results", (*blocks, *_images(record, charts.TRTEXEC_BATCHES, charts.TRTEXEC_RATE)))


def _largest(figures: Figures) -> str:
    return f"{words.batch(figures.max_bs)} (MAX_BS)"


def peak_derivation(record: Record) -> ReportSection:
    """Section 6: one row for each engine that was measured."""
    figures, engine = record.figures, record.handover.engine
    target = number(figures.target_fps)
    rows = [
        (words.batch(one.batch), number(one.imgs_per_sec), str(one.peak_gpu_streams), one.source)
        for one in (engine.derivations if engine else ())
    ]
    if not rows:
        rows = [(words.batch(figures.max_bs), number(figures.bsmax.imgs_per_sec), number(figures.peak_gpu_streams), "")]
    return ReportSection(
        "PEAK_GPU_STREAMS Derivation",
        (
            Paragraph(f"PEAK_GPU_STREAMS = floor(images per second / {target} FPS)"),
            sheet(("Engine", "Images per second", "PEAK_GPU_STREAMS", "Source"), rows),
            Paragraph(
                f"PEAK_GPU_STREAMS is {number(figures.peak_gpu_streams)}, MAX_BS {number(figures.max_bs)}: "
                f"run 1 played {words.streams(figures.run1.streams)}."
            ),
        ),
    )


def deepstream_results(record: Record) -> ReportSection:
    """Section 8. FPS per stream is stream 0's, as the specification has it; the rows below are of all streams."""
    figures, said = record.figures, words.words_of(record)
    columns = [("Run 1", figures.run1)]
    if figures.run2_first is not None:
        columns.append(("Run 2, first attempt", figures.run2_first))
    columns.append(("Run 2", figures.run2))
    runs = [run for _, run in columns]
    rows = [
        ("Streams", *(number(run.streams) for run in runs)),
        ("FPS per stream (stream 0)", *(number(run.fps_per_stream) for run in runs)),
        ("Total FPS (FPS per stream x streams)", *(number(run.total_fps) for run in runs)),
        (f"At least {number(figures.target_fps)} FPS", *(_reaches(run, figures.target_fps) for run in runs)),
    ]
    blocks: list[Block] = [sheet((f"Measured on {said.label}", *(name for name, _ in columns)), rows)]
    if record.measurements:
        blocks.append(sheet(_ALL_STREAMS, map(_all_streams, record.measurements)))
    blocks.append(
        Paragraph(
            f"Real-time streams confirmed by stream 0: {number(figures.confirmed_streams)}. "
            f"Every stream in real time: {figures.every_stream or 'not recorded'}."
        )
    )
    return ReportSection("DeepStream Benchmark Results", (*blocks, *_images(record, charts.DS_STREAMS)))


def _reaches(run: StreamFigures, target: float | None) -> str:
    if run.fps_per_stream is None or target is None:
        return ""
    return "YES" if run.fps_per_stream >= target else "NO"


def _all_streams(run: RunMeasurement) -> tuple[str, ...]:
    """A row: mean and 95 % confidence interval of the slowest stream and of all together."""
    found = run.measurement
    state = f"{found.state.upper()}" + "".join(f", {reason.code}" for reason in found.reasons)
    slowest = found.per_stream[found.slowest] if found.slowest is not None else None
    return (
        run.name,
        str(found.streams),
        state,
        *("" if one is None else _interval(one.mean, one.low, one.high) for one in (slowest, found.total)),
        str(found.real_time),
    )


def _interval(mean: float, low: float, high: float) -> str:
    """Mean and bounds in FPS; an upper bound may be unknown."""
    upper = f"{high:.2f}" if math.isfinite(high) else "no upper bound"
    return f"{mean:.2f} FPS ({low:.2f} to {upper})"


def comparison(record: Record) -> ReportSection:
    """Section 9: the model alone and both runs, side by side."""
    figures, said = record.figures, words.words_of(record)
    alone, first, second = figures.bsmax, figures.run1, figures.run2
    rows = [
        ("Images per second", number(alone.imgs_per_sec), number(first.total_fps), number(second.total_fps)),
        ("Batch or streams", _largest(figures), words.streams(first.streams), words.streams(second.streams)),
        ("Percent of the model alone", "100 %", number(first.efficiency, "%"), number(second.efficiency, "%")),
    ]
    columns = ("", said.alone, f"{said.app}, run 1", f"{said.app}, run 2")
    return ReportSection("trtexec vs DeepStream Comparison", (sheet(columns, rows), *_images(record, charts.TRT_VS_DS)))


def efficiency(record: Record) -> ReportSection:
    """Section 10: the formula, the gap, and the ceilings that were measured."""
    figures, said = record.figures, words.words_of(record)
    rows = [
        (name, number(run.total_fps), number(run.efficiency, "%"), number(derived.gap(run), "%"))
        for name, run in (("Run 1", figures.run1), ("Run 2", figures.run2))
    ]
    return ReportSection(
        "Efficiency Analysis",
        (
            Paragraph(
                f"Efficiency = total FPS / images per second of {said.tool} x 100. The gap is 100 % - efficiency. "
                f"{said.tool} reaches {number(figures.bsmax.imgs_per_sec)} images per second at "
                f"{words.batch(figures.max_bs)}."
            ),
            sheet((f"On {said.label}", "Total FPS", "Efficiency", "Gap"), rows),
            *_ceilings(record),
            *_images(record, charts.EFFICIENCY),
        ),
    )


def _ceilings(record: Record) -> Iterator[Block]:
    limit = record.entry("limit")
    if limit is None:
        yield Paragraph(f"GPU- or pipeline-bound: {derived.bound(record)}.")
        return
    yield Paragraph(f"GPU- or pipeline-bound: {derived.bound(record)}. The ceilings were measured, not estimated:")
    rows = [
        (
            f"{one.get('stage')} alone",
            words.batch(one["batch"]) if one.get("batch") else words.streams(one.get("streams")),
            _one_decimal(one.get("fps")),
            str(one.get("source", "")),
        )
        for one in limit.get("ceilings", ())
    ]
    yield sheet(("Stage", "Measured at", "Frames per second", "Source"), rows)
    for sentence in limit.get("evidence", ()):
        yield Paragraph(str(sentence))


def _one_decimal(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, int | float) else ""


def timing(record: Record) -> ReportSection:
    """Section 11: wall time in seconds."""
    took = record.handover.durations
    rows = [
        ("Steps 1-3: acquire and export", number(took.steps_1_3)),
        ("Step 4: engine build", number(took.step_4)),
        ("Step 5: trtexec", number(took.step_5)),
    ]
    if took.preparation is not None:
        rows.append(("Engine preparation, in place of Steps 4 and 5", number(took.preparation)))
    rows += [
        ("Step 6: integration", number(took.step_6)),
        ("Step 7: run 1", number(took.run1)),
        ("Step 7: run 2", number(took.run2)),
    ]
    if took.retry is not None:
        rows.append(("Step 7: run 2 again, at half the streams", number(took.retry)))
    rows += [
        ("Step 8: charts of this report", number(took.step_8)),
        ("Total of what is recorded", number(derived.total_seconds(took))),
    ]
    return ReportSection("Pipeline Timing", (sheet(("Step", "Seconds"), rows),))


def commands(record: Record) -> ReportSection:
    """Section 12: full command lines with absolute paths."""
    carried_out = [one for one in record.handover.commands if one.run]
    others = [one for one in record.handover.commands if not one.run]
    blocks: list[Block] = []
    if others:
        why = "for a machine with TensorRT" if words.words_of(record).embedded else "as the specification has them"
        blocks.append(Paragraph(f"Steps 4 and 5, {why}. This run did not carry them out:"))
        blocks.append(Shell(tuple(line for one in others for line in (f"# {one.step}", one.line))))
    if carried_out:
        blocks.append(Paragraph("Carried out by this run:"))
        blocks.append(Shell(tuple(line for one in carried_out for line in (f"# {one.step}", one.line))))
    blocks.append(Paragraph("The whole run again, and this report from its record:"))
    again = ["pytest", f"--model-dir={record.model_dir}", f"--runtime={record.runtime}"]
    if record.video is not None:
        again.append(f"--video={os.path.abspath(record.video.path)}")
    again += [text for one in record.options if (text := _repeated(one))]
    blocks.append(Shell((shlex.join(again), shlex.join(("dsbench", "report", record.model_dir)))))
    return ReportSection("Reference Commands", tuple(blocks))


def _repeated(option: OptionRecord) -> str:
    """The option as it was given on the command line; "" for one that was not."""
    if option.origin != "command line" or option.name == "runtime" or option.value is None or option.value is False:
        return ""
    return f"--{option.name}" if option.value is True else f"--{option.name}={option.value}"


def _images(record: Record, *files: str) -> tuple[ChartImage, ...]:
    titles = {plan.file: plan.title for plan in charts.plans(record)}
    return tuple(ChartImage(f"charts/{file}", titles[file].replace("\n", ": ")) for file in files)
