"""Files of a step as evidence."""

from __future__ import annotations

import os
from pathlib import Path

from dsbench.base import logs, reading, text
from dsbench.base.files import Status, Written
from dsbench.record.evidence import EvidenceLog

_MAX_TEXT_BYTES = 20_000


def owner(written: Written) -> str:
    """The owner of a file that is generated unless the user has one."""
    return "the user's own, unchanged" if written.status is Status.USER_OWNED else f"generated, {written.status}"


def file_text(log: EvidenceLog, path: Path) -> None:
    """Record a file's text; of a long file only the beginning and the end are read."""
    half = _MAX_TEXT_BYTES // 2
    try:
        with reading.open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(_MAX_TEXT_BYTES if size <= _MAX_TEXT_BYTES else half)
            if size > _MAX_TEXT_BYTES:
                file.seek(-half, os.SEEK_END)
                data += f"\n[... {size - _MAX_TEXT_BYTES} bytes ...]\n".encode() + file.read(half)
    except OSError as error:
        log.text(path.name, f"cannot be read: {error.strerror}")
        return
    log.text(path.name, data.decode("utf-8", "replace"))


def log_text(log: EvidenceLog, path: Path) -> None:
    """Record a program's log: repeated lines once with their count, of a long one the beginning and the end."""
    if not path.is_file():
        file_text(log, path)
        return
    lines = text.folded(logs.lines_to_search(path))
    whole, half = "\n".join(lines), _MAX_TEXT_BYTES // 2
    if len(whole) > _MAX_TEXT_BYTES:
        whole = f"{whole[:half]}\n[... {len(whole) - _MAX_TEXT_BYTES} characters ...]\n{whole[-half:]}"
    log.text(path.name, whole)
