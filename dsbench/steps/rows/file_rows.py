"""Files that a step wrote or read, as evidence."""

from __future__ import annotations

import os
from pathlib import Path

from dsbench.base.files import Status, Written
from dsbench.record.evidence import EvidenceLog

_LONGEST_TEXT = 20_000


def owner(written: Written) -> str:
    """Whose a file is that is only generated where the user has none."""
    return "the user's own, untouched" if written.status is Status.USER_OWNED else f"generated, {written.status}"


def file_text(log: EvidenceLog, path: Path) -> None:
    """A file's text as evidence; of a long one its beginning and its end, which is all that is read of it."""
    half = _LONGEST_TEXT // 2
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(_LONGEST_TEXT if size <= _LONGEST_TEXT else half)
            if size > _LONGEST_TEXT:
                file.seek(-half, os.SEEK_END)
                data += f"\n[... {size - _LONGEST_TEXT} bytes ...]\n".encode() + file.read(half)
    except OSError as error:
        log.text(path.name, f"cannot be read: {error.strerror}")
        return
    log.text(path.name, data.decode("utf-8", "replace"))
