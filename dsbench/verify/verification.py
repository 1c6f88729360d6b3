"""A record checked as a whole: what follows from its raw data, what contradicts itself, what the digests say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import dsbench
from dsbench.base.errors import DsbenchError
from dsbench.record import codec, digests, totals
from dsbench.record.schema import FIRST_WITH_RAW_DATA, SCHEMA_VERSION, Record
from dsbench.verify import checks, evidence, outcomes, recompute, schema_check
from dsbench.verify.mismatch import FoundBy, RecordMismatch, differences, shown
from dsbench.verify.runs import judged_again


@dataclass(frozen=True)
class Verification:
    """The result. ``record`` is None if the file could not be read as one."""

    record: Record | None
    mismatches: tuple[RecordMismatch, ...]
    notes: tuple[str, ...] = ()
    """What could not be checked, and why."""
    checked: tuple[str, ...] = ()
    """What was checked beyond the file itself."""

    @property
    def holds(self) -> bool:
        return not self.mismatches


def verify(text: str, where: str = "") -> Verification:
    """Check the text of a record. Raises RECORD_INVALID if it is no JSON of a record, RECORD_VERSION for a newer one.

    A value of a wrong type is a mismatch.
    """
    data = codec.parse(text, where=where)
    version = data["schema_version"]
    if version < FIRST_WITH_RAW_DATA:
        what = f"schema_version {version} has no raw data: nothing can be computed again"
        oldest = str(FIRST_WITH_RAW_DATA)
        return Verification(None, (RecordMismatch("schema_version", str(version), oldest, _BY, what),))
    stated = {key: value for key, value in data.items() if key not in (digests.KEY, totals.KEY)}
    stated["schema_version"] = SCHEMA_VERSION
    try:
        record = codec.from_data(data, where=where)
    except DsbenchError as error:
        return Verification(None, (RecordMismatch("", error.what, "", FoundBy.CONTRADICTION), *_digests(data, ())))
    found = [*_recomputed(record, stated), *_caught("raw", checks.mismatches, record)]
    if version == SCHEMA_VERSION:
        found += [*_totals(data), *schema_check.mismatches(data)]
    found = list({(one.path, one.expected or one.why): one for one in found}.values())
    found += _digests(data, found)
    return Verification(record, tuple(found), tuple(_notes(record)))


_BY = FoundBy.CONTRADICTION


def _recomputed(record: Record, stated: dict[str, Any]) -> Iterator[RecordMismatch]:
    try:
        runs = judged_again(record)
        again = codec.document(recompute.expected(record, runs))
    except Exception as error:  # damaged raw data may break any rule: that is the finding
        yield _unusable("raw", error)
        return
    yield from differences(stated, again)
    for check in (evidence.mismatches, outcomes.mismatches):
        yield from _caught("steps", lambda one, check=check: check(one, runs), record)  # type: ignore[misc]


def _caught(path: str, check: Callable[[Record], Iterable[RecordMismatch]], record: Record) -> list[RecordMismatch]:
    """The mismatches of a check; one more where the values break it."""
    found: list[RecordMismatch] = []
    try:
        found.extend(check(record))
    except Exception as error:  # as above
        found.append(_unusable(path, error))
    return found


def _unusable(path: str, error: Exception) -> RecordMismatch:
    why = f"it cannot be computed again: {type(error).__name__}: {error}"
    return RecordMismatch(path, "damaged", "", FoundBy.CONTRADICTION, why)


def _totals(data: dict[str, Any]) -> Iterator[RecordMismatch]:
    """Lists whose control total is another one."""
    stated, real = data.get(totals.KEY), totals.totals(data)
    if not isinstance(stated, dict):
        yield RecordMismatch(totals.KEY, shown(stated), "", _BY, "the control totals of the lists are missing")
        return
    for place in sorted(stated.keys() | real.keys()):
        if stated.get(place) != real.get(place):
            why = "values, numbers and their sum in this list, by its control total and as they are"
            total = shown(stated.get(place, "nothing")), shown(real.get(place, "nothing"))
            yield RecordMismatch(f"{totals.KEY}.{place}", *total, _BY, why)


def _digests(data: dict[str, Any], found: Iterable[RecordMismatch]) -> list[RecordMismatch]:
    """Sections whose digest does not match. A section in which something else was found is left out."""
    stated = data.get(digests.KEY)
    try:
        real = digests.digests(data)
    except ValueError as error:
        return [_unusable("", error)]
    if stated == real:
        return []
    sections = stated.get("sections") if isinstance(stated, dict) else None
    sections = sections if isinstance(sections, dict) else {}
    named = {one.path for one in found}
    changed = [name for name in (*real["sections"], *sections) if real["sections"].get(name) != sections.get(name)]
    new = [name for name in dict.fromkeys(changed) if not any(path.startswith(name) for path in named)]
    made = [RecordMismatch(name, "a value was edited", "", FoundBy.DIGEST) for name in new]
    if made or named:
        return made
    whole = stated.get("record") if isinstance(stated, dict) else stated
    return [RecordMismatch(f"{digests.KEY}.record", shown(whole), shown(real["record"]), FoundBy.DIGEST)]


def _notes(record: Record) -> Iterator[str]:
    if record.dsbench_version != dsbench.__version__:
        yield f"written by dsbench {record.dsbench_version}, checked by {dsbench.__version__}: rules may differ"
    if record.ended is None:
        yield "the run was killed: the record is that of its last complete step"
    elif record.interrupted_in:
        yield f"the run was interrupted in {record.interrupted_in}"
