"""What came back of a fleet: results of jobs, and records without one. Of several results of one job, one is chosen."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from dsbench.base import reading
from dsbench.fleet import result
from dsbench.fleet.job import FleetJob
from dsbench.fleet.result import RECORD, RESULT_FILE, JobResult, JobState

_OWN_NAME = os.path.basename(RECORD)
_HEAD = 16 << 10
_RECORD_KEYS = (b'"model_name"', b'"schema_version"')
"""Near the beginning of every record, however it is laid out."""
_OF_THE_DISK = "lost+found"
"""At the top of a disk, and only for its administrator."""
_EPOCH = datetime.fromtimestamp(0, UTC)


class StateSource(StrEnum):
    """Where a state comes from: ``result.json``, the verdict of a record, or a plan whose job has no result."""

    RESULT = "result"
    RECORD = "record"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class FoundResult:
    """A job, or a record without a job. Paths are real paths, empty if there is none.

    ``result`` of a record has no state of its own: the record is read later, because it is large.
    """

    source: StateSource
    result: JobResult
    folder: str = ""
    record: str = ""
    """Of a record without ``result.json``."""
    runtime: str = ""
    gpu_kind: str = ""
    """As the plan has them; empty without a plan."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The jobs that are merged, in a fixed order. ``others``: paths of results and records that are not of the plan."""

    jobs: tuple[FoundResult, ...]
    others: tuple[str, ...] = ()


def find(given: Iterable[Path], trouble: list[str]) -> Iterator[FoundResult]:
    """Every result and record at or below the given paths, each once. What cannot be read is added to ``trouble``.
    Links to directories and hidden directories, where results are being written, are not followed."""
    seen: set[str] = set()
    for path in given:
        for found in _below(os.path.realpath(path), trouble):
            place = found.record or found.folder
            if place not in seen:
                seen.add(place)
                yield found


def _below(path: str, trouble: list[str]) -> Iterator[FoundResult]:
    if os.path.isfile(path):
        yield from _file(path, trouble)
        return

    unread: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=unread.append):
        record = os.path.join(folder, RECORD)
        if RESULT_FILE in names:
            folders.clear()
            yield _result(folder)
        elif os.path.isfile(record) or _OWN_NAME in names:  # its reports/ alone came back: history/ holds earlier runs
            folders.clear()
            yield _record(record if os.path.isfile(record) else os.path.join(folder, _OWN_NAME))
        else:
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name != _OF_THE_DISK)
            candidates = (os.path.join(folder, name) for name in sorted(names) if name.endswith(".json"))
            yield from (_record(each) for each in candidates if _looks_like_a_record(each, trouble))
    yield from (_unread(error) for error in unread if os.path.lexists(error.filename))


def _unread(error: OSError) -> FoundResult:
    """A directory that nobody can look into: it may hold a failure."""
    folder = str(error.filename)
    return _invalid(folder, f"the directory of results cannot be read: {error.strerror}")


def _file(path: str, trouble: list[str]) -> Iterator[FoundResult]:
    """What a file is that was given by its name, as by a shell's ``results/*``."""
    folder, name = os.path.split(path)
    job = path.removesuffix(f"/{RECORD}")
    if name == RESULT_FILE or os.path.isfile(os.path.join(job, RESULT_FILE)):
        yield _result(folder if name == RESULT_FILE else job)
    elif job != path or _looks_like_a_record(path, trouble):
        yield _record(path)
    else:
        trouble.append(f"{path}: neither a result nor a record")


def _result(folder: str) -> FoundResult:
    try:
        return FoundResult(StateSource.RESULT, result.read(Path(folder)), folder)
    except OSError as error:
        reason = f"{RESULT_FILE} cannot be read: {error.strerror}"
    except (ValueError, RecursionError) as error:
        reason = f"{RESULT_FILE} is not valid: {error}"
    return _invalid(folder, reason)


def _invalid(folder: str, reason: str) -> FoundResult:
    name = os.path.basename(folder)
    return FoundResult(StateSource.RESULT, JobResult(name, "", name, JobState.INVALID, reason), folder)


def _record(path: str) -> FoundResult:
    folder, name = os.path.split(path)
    home = os.path.dirname(folder) if path.endswith(f"/{RECORD}") else ""
    shown = os.path.basename(home or folder) if name == _OWN_NAME else name.removesuffix(".json")
    return FoundResult(StateSource.RECORD, JobResult(shown, "", shown, JobState.INVALID), home, path)


def _looks_like_a_record(path: str, trouble: list[str]) -> bool:
    try:
        head = reading.read_head(path, _HEAD)
    except OSError as error:
        trouble.append(f"{path}: {error.strerror}")
        return False
    return all(key in head for key in _RECORD_KEYS)


def choose(found: Iterable[FoundResult], plan: Iterable[FleetJob] | None = None) -> Chosen:
    """One result of each job: the newest that is PASSED or FAILED, else the newest that is INVALID.

    Results of another key are other jobs. With a plan, its jobs are merged and nothing else: a job without a result is
    INVALID. The choice depends on the results only, not on their order.
    """
    best: dict[tuple[str, str], FoundResult] = {}
    for one in found:
        mine = _identity(one)
        if mine not in best or _rank(one) > _rank(best[mine]):
            best[mine] = one
    every = sorted(best.values(), key=_order)
    return Chosen(tuple(every)) if plan is None else _of_plan(every, plan)


def _identity(one: FoundResult) -> tuple[str, str]:
    """Two model directories of the same name and content have equal keys, but ids of their own."""
    return (one.result.key, one.result.id) if one.result.key else ("", one.record or one.folder)


def _rank(one: FoundResult) -> tuple[bool, datetime, datetime, str]:
    found = one.result
    return found.state is not JobState.INVALID, _time(found.ended), _time(found.started), one.folder


def _order(one: FoundResult) -> tuple[str, str, str, str]:
    return one.result.model, one.result.id, one.result.key, one.record or one.folder


def _time(text: str) -> datetime:
    """Of ISO 8601, UTC if it names no zone; long ago if it is no time."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return _EPOCH


def _of_plan(every: Sequence[FoundResult], plan: Iterable[FleetJob]) -> Chosen:
    results = [one for one in every if one.source is StateSource.RESULT]
    exact = {_identity(one): one for one in results}
    by_key = {one.result.key: one for one in sorted(results, key=_rank) if one.result.key}
    by_id = {one.result.id: one for one in sorted(every, key=lambda one: one.source is StateSource.RESULT)}
    jobs, used = [], set()
    for job in plan:
        mine = exact.get((job.key, job.id))
        if mine is None or mine.result.state is JobState.INVALID:
            mine = by_key.get(job.key)  # equal hashes: the result of a job with another id is this one's, too
        near = mine or by_id.get(job.id)
        used.add(id(near))
        found = _missing(job, near) if mine is None else mine
        named = replace(found.result, id=job.id, model=job.model)
        jobs.append(replace(found, result=named, runtime=job.runtime, gpu_kind=job.needs.gpu_kind))
    others = (one.folder or one.record for one in every if id(one) not in used)
    return Chosen(tuple(sorted(jobs, key=_order)), tuple(others))


def _missing(job: FleetJob, near: FoundResult | None) -> FoundResult:
    """``near``: what is there with the job's id: a result with another key, one that cannot be read, a record alone."""
    if near is None:
        reason = "no result"
    elif near.source is StateSource.RECORD:
        reason = f"no result: {RESULT_FILE} is missing, the job did not end"
    else:
        reason = near.result.reason or "no result"
        if near.result.key:
            reason = "no result of the planned inputs and options: the one that is there is of others"
    return FoundResult(StateSource.PLAN, JobResult(job.id, job.key, job.model, JobState.INVALID, reason, attempts=0))
