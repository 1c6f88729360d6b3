"""SHA-256 of many files, in threads. A file that several paths lead to is read once."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dsbench.base import reading
from dsbench.base.cpus import usable_cpus
from dsbench.fleet.walk import FileIdentity

_BLOCK = 1 << 20
_SMALL = 256 << 10
"""Bytes up to which a thread costs more than it saves: threads wait for one another between system calls."""
_ATTEMPTS = 3
"""A file that changes while it is read is read again."""


@dataclass(frozen=True, slots=True)
class FileHash:
    """Size in bytes and SHA-256 in hex digits, of the same content."""

    bytes: int
    sha256: str


class FileHasher:
    """Hashes files in threads; a context manager, which ends them."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(min(8, usable_cpus() + 2), thread_name_prefix="dsbench-hash")
        self._begun: dict[FileIdentity, Future[FileHash]] = {}
        self._lock = threading.Lock()
        self.hashed = 0
        """Bytes that were read so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, path: Path | str, identity: FileIdentity) -> Future[FileHash]:
        """The hash to come of the file at ``path``, links followed; one of the same identity is taken."""
        found = self._begun.get(identity)
        if found is None:
            _, _, size, _ = identity
            begin = self._pool.submit if size > _SMALL else _done
            found = self._begun[identity] = begin(of_file, path, self._count)
        return found

    def _count(self, size: int) -> None:
        with self._lock:
            self.hashed += size


def _done(function: Callable[..., FileHash], *arguments: object) -> Future[FileHash]:
    """Like ``submit``, but here and now."""
    future: Future[FileHash] = Future()
    try:
        future.set_result(function(*arguments))
    except OSError as error:
        future.set_exception(error)
    return future


def of_file(path: Path | str, count: Callable[[int], object] = lambda _: None) -> FileHash:
    """Hash one regular file. ``count`` gets the bytes of each block. Raises OSError; EBUSY if it keeps changing."""
    for _ in range(_ATTEMPTS):
        found = _stable(path, count)
        if found is not None:
            return found
    raise OSError(errno.EBUSY, "it changes while it is read", str(path))


def _stable(path: Path | str, count: Callable[[int], object]) -> FileHash | None:
    """None if the file has changed meanwhile."""
    digest, size = hashlib.sha256(), 0
    with reading.open_regular(path) as file:
        before = os.fstat(file.fileno())
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
            count(len(block))
            if size > before.st_size:
                return None  # it may grow for ever
        after = os.fstat(file.fileno())
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns) and size == after.st_size
    return FileHash(size, digest.hexdigest()) if same else None
