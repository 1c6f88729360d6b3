"""A record as it is compared with another: its key and its measures, from the raw data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import PurePath
from statistics import median

from dsbench.base.text import counted
from dsbench.judge import rank_test
from dsbench.judge.regression import COST, STREAMS, THROUGHPUT, ComparableRun, KeyPart, RunMeasure
from dsbench.judge.run import steady
from dsbench.judge.run.measurement import Measurement
from dsbench.record import verdict
from dsbench.record.raw import AppRun
from dsbench.record.schema import Record, RunTelemetry

_CONFIG = (
    *("net-scale-factor", "offsets", "model-color-format", "maintain-aspect-ratio", "symmetric-padding"),
    *("network-mode", "interval", "cluster-mode", "pre-cluster-threshold", "nms-iou-threshold", "topk", "target_fps"),
)
"""Facts that decide what is measured: keys of the config as nvinfer reads them, and the target."""
_NOTED = (
    *("dsbench", "onnxruntime", "TensorRT Version", "CUDA Runtime Version", "NVIDIA driver"),
    *("DeepStreamSDK", "OS", "Kernel"),
)
"""Versions that may differ."""
_FIRST = "Run 1"
_PIECES = 20
"""Pieces that a run's latencies are cut into: latencies of neighbouring frames are not independent."""


def of_record(record: Record) -> ComparableRun:
    """What is known of a record. A record of version 1 has no machine: it can be compared with no other."""
    return ComparableRun(tuple(_parts(record)), tuple(_notes(record)), tuple(_measures(record)), _held_up(record))


def _parts(record: Record) -> Iterator[KeyPart]:
    yield KeyPart("model", record.model_name, required=True)
    yield KeyPart("runtime", record.runtime, required=True)
    found = record.machine
    if record.runtime == "deepstream":
        memory = f", {found.gpu_memory_mib} MiB" if found and found.gpu_memory_mib else ""
        yield KeyPart("GPU", f"{found.gpu}{memory}" if found else "", required=True)
        yield KeyPart("DeepStream", found.deepstream if found else "", required=True)
    else:
        yield KeyPart("CPU", found.cpu if found else "", required=True)
        quota = found.cgroup_cpus if found else None
        usable = min(found.cores, quota) if found and quota else (found.cores if found else None)
        yield KeyPart("usable cores", "" if usable is None else f"{usable:g}", required=True)
    yield from _video(record)
    for name in _CONFIG:
        fact = record.fact(name)
        if fact is not None and fact.value is not None:
            yield KeyPart(name, f"{fact.value:g}" if isinstance(fact.value, float) else str(fact.value))


def _video(record: Record) -> Iterator[KeyPart]:
    file, clip = record.file("video"), record.video
    if clip is None:
        return
    name = PurePath(clip.path).name
    # the same content under another name is the same clip
    yield KeyPart("video", f"sha256 {file.sha256[:12]}" if file else f"{name}, {clip.width}x{clip.height}")


def _notes(record: Record) -> Iterator[KeyPart]:
    for role in ("onnx", "labels", "parser_source"):
        if (file := record.file(role)) is not None:
            yield KeyPart(role.replace("_", " "), f"sha256 {file.sha256[:12]}")
    if record.figures.max_bs is not None:
        yield KeyPart("MAX_BS", str(record.figures.max_bs))
    versions = {"dsbench": record.dsbench_version, **dict(record.environment)}
    yield from (KeyPart(name, versions[name]) for name in _NOTED if name in versions)


def _measures(record: Record) -> Iterator[RunMeasure]:
    streams = verdict.confirmed(record)
    if streams is not None:
        yield RunMeasure(STREAMS, float(streams))
    yield from _of_run_1(record)
    parity, accuracy = record.entry("import_parity"), record.entry("accuracy")
    if accuracy is not None:
        basis = f"{accuracy.get('frames')} frames, {accuracy.get('objects')} objects"
        for key in ("map", "map50"):
            if (value := _number(accuracy.get(key))) is not None:
                low, high = _number(accuracy.get(f"{key}_low")), _number(accuracy.get(f"{key}_high"))
                yield RunMeasure(key, value, (), low, high, basis=basis)
    if parity is not None and (value := _number(parity.get("f1"))) is not None:
        yield RunMeasure("f1", value)  # on how many frames depends on the machine's load; the clip is in the key
    yield from _latency(record)


def _of_run_1(record: Record) -> Iterator[RunMeasure]:
    place, found = _run_1(record)
    if place is None or found is None:
        return
    run = record.raw.runs[place]
    totals = _steady_totals(run, found)
    if not totals:
        return
    fps, doubts = math.fsum(totals) / len(totals), tuple(dict.fromkeys(str(one.code) for one in found.reasons))
    total = found.total if found.total and math.isfinite(found.total.high) else None
    low, high = (total.low, total.high) if total else (None, None)
    yield RunMeasure(THROUGHPUT, fps, rank_test.independent(totals), low, high, doubts=doubts)
    if place >= len(record.telemetry):
        return
    telemetry, basis = _steady(record.telemetry[place], found), counted(run.streams, "stream")
    if record.runtime == "deepstream":
        yield from _peak("gpu_memory", _column(telemetry, "gpu_memory_mib"), basis)
        return
    yield from _peak("memory", _column(telemetry, "app_rss_mib"), basis)
    used = [value for value in _column(telemetry, "app_cpu_pct") if value > 0]
    if used and fps > 0:
        costs = [10 * value / fps for value in used]  # percent of a core to milliseconds per frame
        yield RunMeasure(COST, math.fsum(costs) / len(costs), rank_test.independent(costs))


def _run_1(record: Record) -> tuple[int | None, Measurement | None]:
    """Its place among the runs, and its measurement."""
    place = next((number for number, run in enumerate(record.raw.runs) if run.name == _FIRST), None)
    return place, next((one.measurement for one in record.measurements if one.name == _FIRST), None)


def _held_up(record: Record) -> float | None:
    """Of run 1 on a CPU: the factor by which the app's threads would have run faster without waiting for a core."""
    place, found = _run_1(record)
    if record.runtime == "deepstream" or place is None or found is None or place >= len(record.telemetry):
        return None
    telemetry = _steady(record.telemetry[place], found)
    used, waited, stolen = (
        math.fsum(_column(telemetry, name)) for name in ("app_cpu_pct", "app_wait_pct", "steal_pct")
    )
    if used <= 0 or not _column(telemetry, "app_wait_pct"):
        return None
    stolen /= max(1, len(_column(telemetry, "steal_pct"))) * 100
    return (used + waited) / used / max(0.01, 1 - stolen)


def _steady_totals(run: AppRun, found: Measurement) -> list[float]:
    """FPS of all streams in each steady window, in real-time FPS."""
    return [value / found.clock for value in steady.totals(run.windows)[steady.warm_up(run.windows) :]]


def _steady(telemetry: RunTelemetry, found: Measurement) -> RunTelemetry:
    """Without warm-up."""
    if telemetry.window is None:
        return telemetry
    begin, end = telemetry.window
    return replace(telemetry, window=(min(max(begin, found.warm_up_s), end), end))


def _column(telemetry: RunTelemetry, name: str) -> list[float]:
    """Samples of one column in the windows that the run's figures cover."""
    if telemetry.window is None:
        return []
    begin, end = telemetry.window
    times, values = telemetry.series.of("seconds"), telemetry.series.of(name)
    pairs = zip(times, values, strict=False)
    return [value for at, value in pairs if at is not None and value is not None and begin <= at <= end]


def _peak(key: str, values: list[float], basis: str) -> Iterator[RunMeasure]:
    if values:
        yield RunMeasure(key, max(values), rank_test.independent(values), basis=basis)


def _latency(record: Record) -> Iterator[RunMeasure]:
    found = record.raw.latency
    if found is None or not found.by_stream:
        return
    values = [value for stream in found.by_stream.values() for value in stream]
    pieces = [piece for stream in found.by_stream.values() for piece in _pieces(stream)]
    if values:
        basis = counted(found.streams, "stream")
        yield RunMeasure("latency", median(values), tuple(pieces), basis=basis)


def _pieces(values: tuple[float, ...]) -> list[float]:
    """Medians of equal parts in the order of time."""
    count = min(_PIECES, len(values))
    cuts = [len(values) * number // count for number in range(count + 1)] if count else []
    return [median(values[begin:end]) for begin, end in pairwise(cuts)]


def _number(value: object) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable and isinstance(value, int | float) else None
