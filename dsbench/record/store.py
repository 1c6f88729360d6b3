"""``reports/benchmark_data.json``: written atomically; an older record with figures is kept."""

from __future__ import annotations

import os
from pathlib import Path

from dsbench.base import places, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.reading import FileKind
from dsbench.record import codec
from dsbench.record.schema import Record

_RUN_AGAIN = "run pytest --model-dir on this directory again"


def load(path: Path) -> Record:
    """Read a record. Raises RECORD_INVALID if it is missing, unreadable or no record, RECORD_VERSION if newer."""
    return codec.from_json(read_text(path), where=str(path))


def read_text(path: Path) -> str:
    """The text of a record's file. Raises RECORD_INVALID if it is missing, unreadable or no file of text."""
    try:
        return reading.read_text(path, FileKind.RECORD)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise DsbenchError(
            Code.RECORD_INVALID,
            f"the record cannot be read: {reason}",
            where=str(path),
            fix=_RUN_AGAIN,
        ) from error


def write(path: Path, record: Record) -> None:
    """Write the record atomically. Raises NOT_WRITABLE."""
    replace_file(path, codec.to_json(record).encode("ascii"))


def recorded_runtime(path: Path) -> str | None:
    """The runtime of the record at ``path``; None without a record."""
    try:
        return load(path).runtime
    except DsbenchError:
        return None


def keep_older(path: Path, runtime: str) -> Path | None:
    """Give an older record a second name before a new one replaces it; returns that path, None if it is not kept.

    - A record of the other runtime: ``benchmark_data.<runtime>.json``.
    - A record of this runtime: ``benchmark_data.previous.json``. A record without figures does not replace one with
      figures there, and one of a run that failed in pre-flight replaces none.
    - Any other file: ``benchmark_data.unread.json``.

    Raises NOT_WRITABLE.
    """
    if not os.path.lexists(path):
        return None
    name = "unread"
    try:
        older = load(path)
    except DsbenchError:
        older = None
    if older is not None and older.runtime != runtime:
        name = "deepstream" if older.runtime == "deepstream" else "embedded"
    elif older is not None:
        name = "previous"
    target = path.with_name(f"{path.stem}.{name}{path.suffix}")
    if older is not None and target.is_file() and older.only_preflight:
        return target
    if older is not None and not older.figures.measured and _measured(target):
        return None
    try:
        copy(path, target)
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"the older {path.name} cannot be renamed to keep it: {error.strerror}",
            where=str(path),
            fix="make reports/ of the model directory writable",
        ) from error
    return target


def copy(path: Path, target: Path) -> None:
    """Make ``target`` a hard link to the file, or a copy if the file system has no hard links."""
    try:
        places.link(path, target)
    except OSError:
        replace_file(target, reading.read_bytes(path, FileKind.RECORD))


def _measured(path: Path) -> bool:
    try:
        return load(path).figures.measured
    except DsbenchError:
        return False
