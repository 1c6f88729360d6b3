"""Generated files of a model directory, and their marker.

The first line is a comment with a marker and the SHA-256 of everything after it. A file without a marker, or whose hash
does not match, is the user's: it is used unchanged and never overwritten.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from dsbench.base import places, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind

_MARKER = re.compile(rb"^(?:#|//) dsbench-generated sha256:([0-9a-f]{64})\r?\n")


class Status(StrEnum):
    """Result of writing a generated file."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    USER_OWNED = "user-owned"


@dataclass(frozen=True, slots=True)
class Written:
    """A file of the model directory, and whether it was written or is the user's."""

    path: Path
    status: Status


def with_marker(text: str, comment: str) -> str:
    """``text`` with its marker as first line; ``comment`` is ``#`` or ``//``."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{comment} dsbench-generated sha256:{digest}\n{text}"


def is_generated(path: Path) -> bool:
    """True if dsbench wrote the file and it was not edited since. A link is the user's, and so is what is no file."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        content = reading.read_bytes(path, FileKind.SOURCE)
    except OSError:
        return False
    match = _MARKER.match(content)
    return match is not None and hashlib.sha256(content[match.end() :]).hexdigest() == match[1].decode()


def write_generated(path: Path, text: str, comment: str) -> Written:
    """Write ``text`` with its marker unless the file is the user's. Raises NOT_WRITABLE."""
    content = with_marker(text, comment).encode("utf-8", "surrogateescape")
    exists = os.path.lexists(path)
    if exists and not is_generated(path):
        return Written(path, Status.USER_OWNED)
    if exists and reading.read_bytes(path, FileKind.SOURCE) == content:
        return Written(path, Status.UNCHANGED)
    replace_file(path, content)
    return Written(path, Status.UPDATED if exists else Status.CREATED)


def replace_file(path: Path, content: bytes) -> None:
    """Write the file atomically: a reader sees the old content or the new one. Raises NOT_WRITABLE."""
    try:
        places.replace(path, content)
    except OSError as error:
        raise _not_writable(path, error) from error


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """``replace_file`` for a large file: a stream for its content, which is in place at the end. Raises NOT_WRITABLE,
    also for an OSError of the block that uses the stream."""
    try:
        with places.replacing(path) as stream:
            yield stream
    except OSError as error:
        raise _not_writable(path, error) from error


def _not_writable(path: Path, error: OSError) -> DsbenchError:
    """NOT_WRITABLE; names a file that stands where a directory is needed."""
    blocking = next((item for item in path.parents if os.path.lexists(item)), path.parent)
    if not blocking.is_dir():
        return DsbenchError(
            Code.NOT_WRITABLE,
            f"cannot write {path.name}: {blocking.name} is not a directory",
            where=str(path),
            fix=f"move {blocking} away: a directory is needed there",
        )
    return DsbenchError(
        Code.NOT_WRITABLE,
        f"cannot write {path.name}: {error.strerror}",
        where=str(path),
        fix="make the directory writable and check the free space (df -h)",
    )
