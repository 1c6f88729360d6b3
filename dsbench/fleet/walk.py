"""The regular files below a directory, links followed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError

MAX_FILES = 100_000
"""Of one directory; more come from a link that leads to something large."""
_BROKEN_LINKS = {errno.ENOENT: "a link to nothing", errno.ELOOP: "a link to itself"}
FileIdentity = tuple[int, int, int, int]
"""Device, inode, size, time of change: some network file systems give several files one inode."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """``path``: relative to the directory, POSIX; ``source``: absolute; ``executable``: its owner may run it."""

    path: str
    source: str
    size: int
    identity: FileIdentity
    executable: bool


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The files by path, and what is there but is no file that can be copied, in words."""

    files: tuple[FoundFile, ...]
    left_out: tuple[str, ...] = ()


Unwanted = Callable[[str], bool]
"""Whether a path relative to the directory, of a file or of a directory with all that it holds, is left out."""


def below(root: str, unwanted: Unwanted = lambda _: False) -> FoundFiles:
    """All regular files below ``root``, sorted. Raises USAGE for more than MAX_FILES, OSError."""
    walk = _Walk(root, unwanted)
    walk.pending.append(_OpenFolder(root, "", ()))
    while walk.pending:
        walk.enter(walk.pending.pop())
    walk.files.sort(key=lambda file: file.path)
    return FoundFiles(tuple(walk.files), tuple(sorted(walk.left_out)))


def one(source: str) -> FoundFile:
    """The regular file at ``source``, its path being its name. Raises OSError."""
    return _file(os.path.basename(source), source, os.stat(source))


def _file(path: str, source: str, status: os.stat_result) -> FoundFile:
    identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return FoundFile(path, source, status.st_size, identity, bool(status.st_mode & stat.S_IXUSR))


class _OpenFolder(NamedTuple):
    """A directory that is to be entered; ``above``: device and inode of those on the way to it."""

    source: str
    path: str
    above: tuple[tuple[int, int], ...]


@dataclass
class _Walk:
    root: str
    unwanted: Unwanted
    files: list[FoundFile] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    pending: list[_OpenFolder] = field(default_factory=list)
    """Instead of recursion: paths may have 2000 parts."""

    def enter(self, folder: _OpenFolder) -> None:
        """Take what the directory holds; one that contains itself by a link is entered once."""
        status = os.stat(folder.source)
        here = (status.st_dev, status.st_ino)
        if here in folder.above:
            self.left_out.append(f"{folder.source}: a link to a directory above it")
            return
        with os.scandir(folder.source) as entries:
            for entry in entries:
                path = f"{folder.path}/{entry.name}" if folder.path else entry.name
                if not self.unwanted(path):
                    self._take(entry, path, (*folder.above, here))

    def _take(self, entry: os.DirEntry[str], path: str, above: tuple[tuple[int, int], ...]) -> None:
        try:
            status = entry.stat()
        except OSError as error:
            if error.errno not in _BROKEN_LINKS:
                raise
            self.left_out.append(f"{entry.path}: {_BROKEN_LINKS[error.errno]}")
            return
        if stat.S_ISDIR(status.st_mode):
            self.pending.append(_OpenFolder(entry.path, path, above))
        elif stat.S_ISREG(status.st_mode):
            self._add(_file(path, entry.path, status))
        else:
            self.left_out.append(f"{entry.path}: {reading.kind_of(status.st_mode)}")

    def _add(self, file: FoundFile) -> None:
        self.files.append(file)
        if len(self.files) > MAX_FILES:
            raise DsbenchError(
                Code.USAGE,
                f"the directory has more than {MAX_FILES} files, links followed",
                where=f"{self.root}: {PurePosixPath(file.path).parent}",
                fix="move data that no run needs out of it, or remove the link that leads to it",
            )
