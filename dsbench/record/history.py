"""``reports/history/``: every finished record of a model directory, a bounded number, and the one that is the baseline.

The names begin with the time, so that they sort. Other files of the folder are left alone.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import places, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.reading import FileKind
from dsbench.record import store
from dsbench.record.schema import Record

FOLDER = "history"
BLESSED = "baseline.json"
MAX_KEPT = 50
_NAME = re.compile(r"\d{8}T\d{6}Z?_[0-9a-f]{8}\.json")


@dataclass(frozen=True)
class KeptRecord:
    """A record and its file."""

    path: Path
    record: Record


def folder(record_path: Path) -> Path:
    """The history of the record at ``record_path``."""
    return record_path.parent / FOLDER


def keep(record_path: Path, record: Record) -> Path:
    """Copy the finished record at ``record_path`` into the history; remove the oldest beyond the limit.

    Raises NOT_WRITABLE.
    """
    target = folder(record_path) / _name(record)
    copy(record_path, target)
    for path in paths(record_path)[MAX_KEPT:]:
        with suppress(OSError):
            places.remove(path)
    return target


def copy(source: Path, target: Path) -> None:
    """Write the content of ``source`` to ``target``, atomically. Raises NOT_WRITABLE."""
    try:
        content = reading.read_bytes(source, FileKind.RECORD)
    except OSError as error:
        what = f"{source.name} cannot be read: {error.strerror}"
        raise DsbenchError(Code.NOT_WRITABLE, what, where=str(source), fix="run again") from error
    replace_file(target, content)


def paths(record_path: Path) -> list[Path]:
    """The files of the history, the newest first."""
    try:
        names = os.listdir(folder(record_path))
    except OSError:
        return []
    return [folder(record_path) / name for name in sorted(names, reverse=True) if _NAME.fullmatch(name)]


def kept(record_path: Path) -> list[KeptRecord]:
    """The records of the history, the newest first; files that cannot be read are left out."""
    found = (load(path) for path in paths(record_path))
    return [one for one in found if one is not None]


def load(path: Path) -> KeptRecord | None:
    """A record; None if it cannot be read."""
    try:
        return KeptRecord(path, store.load(path))
    except DsbenchError:
        return None


def _name(record: Record) -> str:
    digits = re.sub(r"[^0-9T]", "", record.started.partition("+")[0])[:15]
    session = re.sub(r"[^0-9a-f]", "", record.session)[:8].ljust(8, "0")
    return f"{digits.ljust(15, '0')}Z_{session}.json"
