"""Raw values against each other: counts and their sums, times that only grow, options and what was done with them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from statistics import fmean

from dsbench.base.steps import STEPS
from dsbench.judge import streams
from dsbench.judge.accuracy.errors_of_run import BACKGROUND, MISSED
from dsbench.judge.imports.match_tally import MatchTally
from dsbench.judge.imports.matching import CLOSE, PAIRED
from dsbench.record.raw import TOO_MANY, AccuracyData, AppRun, GateData
from dsbench.record.schema import Record, RunTelemetry
from dsbench.verify import relations, stated_twice
from dsbench.verify.mismatch import FoundBy, RawCheck, RecordMismatch, holds, shown

_CLOCK_SLACK_S, _CLOCK_SLACK = 5.0, 0.05
"""The wall clock may be set during a run; times of the steps are of a clock that is not."""
_RUN_SLACK_S = 1.0
"""Seconds between the last look at the log and the end of the run."""


def mismatches(record: Record) -> Iterator[RecordMismatch]:
    """Every value that another one contradicts."""
    for check in _checks(record):
        if check.stated != check.expected:
            expected = "" if check.expected is True else shown(check.expected)
            stated = "this does not hold" if check.stated is False else shown(check.stated)
            yield RecordMismatch(check.path, stated, expected, FoundBy.CONTRADICTION, check.why)


def _checks(record: Record) -> Iterator[RawCheck]:
    yield from _times(record)
    yield from _options(record)
    yield from _stream_counts(record)
    raw = record.raw
    yield RawCheck("telemetry", len(record.telemetry), len(raw.runs), "one series for each run of raw.runs")
    for place, run in enumerate(raw.runs):
        yield from _run(f"raw.runs[{place}]", run)
    for place, series in enumerate(record.telemetry):
        yield from _telemetry(f"telemetry[{place}]", series)
    if raw.gate is not None:
        yield from _gate("raw.gate", raw.gate)
    if raw.import_parity is not None:
        # DeepStream may drop frames, so that a frame's number is not its place in the dump
        dump = raw.gate if record.runtime == "embedded" else None
        yield from _tally("raw.import_parity.usual", raw.import_parity.usual, dump)
        if raw.import_parity.configured is not None:
            yield from _tally("raw.import_parity.configured", raw.import_parity.configured, dump)
    if raw.accuracy is not None:
        yield from _accuracy("raw.accuracy", raw.accuracy)
    if raw.latency is not None and raw.latency.by_stream:
        frames = sum(map(len, raw.latency.by_stream.values()))
        yield RawCheck("raw.latency.frames", raw.latency.frames, frames, "the number of latencies")
    yield from stated_twice.checks(record)
    yield from relations.checks(record)


def _grows(values: Iterable[float]) -> bool:
    return all(first <= second for first, second in pairwise(values))


# --- the run as a whole -----------------------------------------------------------------------------------------------


def _times(record: Record) -> Iterator[RawCheck]:
    try:
        started, updated = datetime.fromisoformat(record.started), datetime.fromisoformat(record.updated)
        ended = datetime.fromisoformat(record.ended) if record.ended else updated
        took = (updated - started).total_seconds()
    except (ValueError, TypeError):
        yield holds("started", False, "started, updated and ended are times of ISO 8601")
        return
    yield holds("updated", started <= updated, "it is not before `started`")
    yield holds("ended", abs((updated - ended).total_seconds()) <= _CLOCK_SLACK_S, "it is about `updated`")
    spent = sum(step.seconds for step in record.steps)
    fits = spent <= took * (1 + _CLOCK_SLACK) + _CLOCK_SLACK_S
    yield holds("steps", fits, f"the steps took {spent:.1f} s, from `started` to `updated` are {took:.0f} s")
    yield holds("steps", all(step.seconds >= 0 for step in record.steps), "no step takes less than no time")
    known = [step.name for step in STEPS]
    places = [known.index(step.evidence.step) for step in record.steps if step.evidence.step in known]
    yield holds("steps", _grows(places), "they are in the order of the run")


def _options(record: Record) -> Iterator[RawCheck]:
    """Options against what the run did with them."""
    known = {option.name: option.value for option in record.options}
    raw, figures = record.raw, record.figures
    if figures.target_fps is not None:
        yield RawCheck("target_fps", figures.target_fps, known.get("target-fps"), "the option target-fps")
    if raw.gate is not None:
        yield RawCheck("raw.gate.min_rate", raw.gate.min_rate, known.get("min-detection-rate"), "min-detection-rate")
        yield RawCheck("raw.gate.frames_asked", raw.gate.frames_asked, known.get("kitti-frames"), "kitti-frames")
    if raw.accuracy is not None:
        yield RawCheck("raw.accuracy.gate", raw.accuracy.gate, known.get("min-map"), "the option min-map")
    for place, run in enumerate(raw.runs):
        if run.name in ("Run 1", "Run 2", "Retry"):
            path = f"raw.runs[{place}].windows.interval_s"
            yield RawCheck(path, run.windows.interval_s, known.get("perf-interval"), "the option perf-interval")


def _stream_counts(record: Record) -> Iterator[RawCheck]:
    """The numbers of streams follow from the run before."""
    figures = record.figures
    first = figures.run1
    if first.streams is None or figures.max_bs is None or figures.peak_gpu_streams is None:
        return
    wanted = _halved(record, "Run 1", streams.run1_streams(figures.peak_gpu_streams, figures.max_bs))
    yield RawCheck("deepstream.run1.streams", first.streams, wanted, "min(PEAK_GPU_STREAMS, MAX_BS), at least 1")
    attempt = figures.run2_first or figures.run2
    if attempt.streams is None or first.total_fps is None or not figures.target_fps:
        return
    rt_streams = min(math.floor(first.total_fps / figures.target_fps), figures.max_bs)
    path = "deepstream.run2_first.streams" if figures.run2_first else "deepstream.run2.streams"
    made_for = _halved(record, "Run 2", max(1, rt_streams))
    yield RawCheck(path, attempt.streams, made_for, "RT_STREAMS of run 1, at least 1")
    if figures.run2_first:
        yield RawCheck("deepstream.run2.streams", figures.run2.streams, streams.halved(made_for), "half of RT_STREAMS")


def _halved(record: Record, name: str, count: int) -> int:
    """Streams of a run that was to be made with ``count``: half of them for each attempt that did not come up."""
    for run in record.raw.runs:
        if run.name == f"{name}{TOO_MANY}" and run.streams == count:
            count = streams.halved(count)
    return count


# --- raw blocks -------------------------------------------------------------------------------------------------------


def _run(path: str, run: AppRun) -> Iterator[RawCheck]:
    windows = run.windows
    rows = len(windows.fps)
    yield RawCheck(f"{path}.windows.streams", windows.streams, run.streams, "the streams of the run")
    yield RawCheck(f"{path}.windows.at_s", len(windows.at_s), rows, "one time for each row")
    if windows.avg:
        yield RawCheck(f"{path}.windows.avg", len(windows.avg), rows, "one row for each row of fps")
    if windows.number:
        yield RawCheck(f"{path}.windows.number", len(windows.number), rows, "one number for each row")
        yield holds(f"{path}.windows.number", _grows(windows.number), "the numbers of the rows grow")
    for name in ("fps", "avg"):
        same = all(len(row) == run.streams for row in getattr(windows, name))
        yield holds(f"{path}.windows.{name}", same, "a value for each stream")
    yield holds(f"{path}.windows.at_s", _grows(windows.at_s), "times grow")
    yield holds(f"{path}.windows.begun_s", _grows(windows.begun_s), "times grow")
    last = max((*windows.at_s[-1:], *windows.begun_s[-1:]), default=0.0)
    yield holds(f"{path}.took_s", last <= run.took_s + _RUN_SLACK_S, f"the last row was seen after {last:.1f} s")
    yield holds(f"{path}.lasted_s", 0 <= run.lasted_s <= run.took_s + _RUN_SLACK_S, "not longer than the run")
    builds = all(0 <= begin <= end for begin, end in run.builds)
    yield holds(f"{path}.builds", builds, "a build ends after it begins")
    if not (windows.broken or windows.repaired or windows.earlier):
        column = [row[0] for row in windows.fps if row]
        yield RawCheck(f"{path}.stream0", list(run.stream0), column, "the first column of windows.fps")


def _telemetry(path: str, run: RunTelemetry) -> Iterator[RawCheck]:
    rows = run.series.rows
    yield holds(f"{path}.rows", all(len(row) == len(run.series.columns) for row in rows), "a value for each column")
    times = [row[0] for row in rows if row and row[0] is not None]
    yield holds(f"{path}.rows", _grows(times), "times grow")


def _gate(path: str, data: GateData) -> Iterator[RawCheck]:
    objects, some = sum(data.per_frame), sum(count > 0 for count in data.per_frame)
    yield RawCheck(f"{path}.classes", sum(data.classes.values()), objects, "the objects of all frames")
    if data.scores:
        yield RawCheck(f"{path}.scores", len(data.scores), objects, "a score for each object")
    yield holds(f"{path}.zero_area", 0 <= data.zero_area <= objects, "at most the objects of all frames")
    if not data.invalid_lines:
        yield RawCheck(f"{path}.with_objects", data.with_objects, some, "the frames with objects")
    yield holds(f"{path}.with_objects", some <= data.with_objects <= len(data.per_frame), "frames with objects")


def _tally(path: str, tally: MatchTally, dump: GateData | None) -> Iterator[RawCheck]:
    yield RawCheck(f"{path}.ious", len(tally.ious), tally.paired, "an IoU for each pair")
    yield RawCheck(f"{path}.drifts", len(tally.drifts), tally.paired, "a score difference for each pair")
    close = sum(frame.close for frame in tally.frames)
    yield RawCheck(f"{path}.frames", close, sum(iou >= CLOSE for iou in tally.ious), "the pairs of IoU 0.9 or more")
    inside = all(PAIRED - 1e-4 <= iou <= 1 + 1e-4 for iou in tally.ious)
    yield holds(f"{path}.ious", inside, "between 0.5 and 1")
    whole = dump is not None and len(dump.per_frame) == dump.frames_expected and not dump.invalid_lines
    for place, frame in enumerate(tally.frames):
        fits = frame.paired + max(frame.missed, 0) <= frame.reference and frame.paired + frame.extra <= frame.found
        fits = fits and min(frame) >= 0 and frame.close <= frame.paired and frame.duplicates <= frame.found
        yield holds(f"{path}.frames[{place}]", fits, "its counts fit together")
        if whole and dump is not None and frame.frame < len(dump.per_frame):
            count = dump.per_frame[frame.frame]
            yield RawCheck(f"{path}.frames[{place}][2]", frame.found, count, "the objects of this frame in raw.gate")


def _accuracy(path: str, data: AccuracyData) -> Iterator[RawCheck]:
    known = [one for one in data.precision.classes if one.ap is not None and one.ap50 is not None]
    for name, values in (("map", [one.ap for one in known]), ("map50", [one.ap50 for one in known])):
        mean = fmean(value for value in values if value is not None) if known else 0.0
        stated = getattr(data.precision, name)
        yield holds(f"{path}.precision.{name}", math.isclose(stated, mean, abs_tol=1e-9), "the mean of the classes")
    pairs = data.errors.confusion
    names = [one.name for one in data.errors.classes]
    if len({*names, MISSED, BACKGROUND}) < len(names) + 2:
        return  # pairs are known by names: classes of one name cannot be told apart
    for place, one in enumerate(data.errors.classes):
        at = f"{path}.errors.classes[{place}]"
        objects = sum(pair.count for pair in pairs if pair.truth == one.name)
        found = sum(pair.count for pair in pairs if pair.found == one.name)
        yield RawCheck(f"{at}.objects", one.objects, objects, "the objects of the confusion")
        yield RawCheck(f"{at}.detections", one.detections, found, "the detections of the confusion")
        yield RawCheck(f"{at}.right", one.right, data.errors.count(one.name, one.name), "the diagonal of the confusion")
    frames = data.errors.frames
    wrong = sum(pair.count for pair in pairs if pair.truth != pair.found)
    lost = sum(pair.count for pair in pairs if pair.found == MISSED)
    extra = sum(pair.count for pair in pairs if pair.truth == BACKGROUND)
    for name, count in (("missed", lost), ("background", extra), ("confused", wrong - lost - extra)):
        of_frames = sum(getattr(frame, name) for frame in frames)
        yield RawCheck(f"{path}.errors.frames", of_frames, count, f"{name} in the confusion")
