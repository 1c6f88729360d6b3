"""The files of a model directory against the record: digests, the KITTI dump, the logs of the benchmark runs."""

from __future__ import annotations

from collections.abc import Iterator

from dsbench.base import logs, reading
from dsbench.base.errors import DsbenchError
from dsbench.formats import kitti
from dsbench.formats.perf.stream0 import stream0_values
from dsbench.formats.perf.windows import Collector
from dsbench.model.layout import ModelLayout
from dsbench.record.raw import AppRun, FileRecord
from dsbench.record.schema import Record
from dsbench.steps.record_files import dump_digest
from dsbench.verify.mismatch import FoundBy, RecordMismatch, shown

_FIX = "the run's file was changed or replaced after the run"


def mismatches(record: Record, layout: ModelLayout) -> Iterator[RecordMismatch]:
    """Files that are there and are not those of the run. A file that is not there is in ``missing``."""
    for place, file in enumerate(record.files):
        path = layout.root / file.path
        if path.is_file() and (digest := reading.sha256(path)) != file.sha256:
            yield RecordMismatch(
                f"files[{place}].sha256", file.sha256[:16], digest[:16], FoundBy.FILES, f"{file.path}: {_FIX}"
            )
    for place, run in enumerate(record.raw.runs):
        yield from _log(f"raw.runs[{place}]", run, layout)
    yield from _dump(record, layout)


def missing(record: Record, layout: ModelLayout) -> tuple[str, ...]:
    """Files of the record that are not there."""
    return tuple(file.path for file in record.files if not (layout.root / file.path).is_file())


def present(record: Record, layout: ModelLayout) -> tuple[FileRecord, ...]:
    """Files of the record that are there and have the record's digest."""
    paths = ((file, layout.root / file.path) for file in record.files)
    return tuple(file for file, path in paths if path.is_file() and reading.sha256(path) == file.sha256)


def has_dump(record: Record, layout: ModelLayout) -> bool:
    """Whether the KITTI dump of the run is there."""
    data = record.raw.gate
    names = [file.path.name for file in kitti.list_frames(layout.kitti_dir)]
    return data is not None and bool(names) and dump_digest(layout.kitti_dir, names) == data.dump_sha256


def _dump(record: Record, layout: ModelLayout) -> Iterator[RecordMismatch]:
    """The dump's digest, and its counts read again."""
    data = record.raw.gate
    names = [file.path.name for file in kitti.list_frames(layout.kitti_dir)]
    if data is None or not names:
        return
    digest = dump_digest(layout.kitti_dir, names)
    if digest != data.dump_sha256:
        why = f"samples/kitti_output: {_FIX}"
        yield RecordMismatch("raw.gate.dump_sha256", data.dump_sha256[:16], digest[:16], FoundBy.FILES, why)
        return
    scan = kitti.scan(layout.kitti_dir)
    pairs: tuple[tuple[str, object, object], ...] = (
        ("per_frame", list(data.per_frame), list(scan.per_frame)),
        ("with_objects", data.with_objects, scan.with_objects),
        ("classes", dict(data.classes), dict(scan.classes)),
        ("zero_area", data.zero_area, scan.zero_area),
        ("invalid_lines", data.invalid_lines, scan.invalid_count),
        ("scores", list(data.scores) or None, [round(one, 6) for one in scan.confidences] if data.scores else None),
    )
    for name, stated, real in pairs:
        if stated != real:
            yield RecordMismatch(
                f"raw.gate.{name}", shown(stated), shown(real), FoundBy.FILES, "read again from the dump"
            )


def _log(path: str, run: AppRun, layout: ModelLayout) -> Iterator[RecordMismatch]:
    """PERF rows of a log that is there."""
    log = layout.root / run.log
    if not log.is_file():
        return
    try:
        stream0 = list(stream0_values(log, run.log_bytes))
    except DsbenchError:
        return
    if stream0 != list(run.stream0):
        yield RecordMismatch(
            f"{path}.stream0", shown(list(run.stream0)), shown(stream0), FoundBy.FILES, f"{run.log} read again"
        )
    if run.windows.earlier or logs.unread(log.stat().st_size):
        return
    reader = Collector(run.streams, run.windows.interval_s)
    for line in logs.lines(log, logs.FIGURES, run.log_bytes):
        reader.feed(line, 0.0)
    reader.finish(0.0)
    for name in ("fps", "avg", "broken", "repaired"):
        stated, real = getattr(run.windows, name), getattr(reader.windows(), name)
        if stated != real:
            at = f"{path}.windows.{name}"
            yield RecordMismatch(at, shown(stated), shown(real), FoundBy.FILES, f"{run.log} read again")
