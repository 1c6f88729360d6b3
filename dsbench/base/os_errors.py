"""What an error of the operating system means, as a ``DsbenchError``: for every file that a step or command touches."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError

_RAISED = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception): \[Errno (?P<number>\d{1,3})\][^']*(?:'(?P<path>[^']*)')?")


@dataclass(frozen=True)
class Meaning:
    """A row of ``MEANINGS``. ``what`` follows the path; errors without a path begin with ``A file``."""

    numbers: tuple[int, ...]
    code: Code
    what: str
    fix: str


MEANINGS = (
    Meaning((errno.ENOENT, errno.ESTALE), Code.FILE_ACCESS, "does not exist, or was removed during the run",
            "put it back, and leave the directory alone while dsbench works"),
    Meaning((errno.EACCES, errno.EPERM), Code.FILE_ACCESS, "may not be used by this user",
            "give this user the rights (chmod u+rwX, or chown), or run as its owner"),
    Meaning((errno.ENAMETOOLONG,), Code.FILE_ACCESS, "has a name that is too long for the file system",
            "shorten it: most file systems take 255 bytes a name and 4096 a path"),
    Meaning((errno.ELOOP,), Code.FILE_ACCESS, "is a link that leads back to itself",
            "remove the link, or point it to the file"),
    Meaning((errno.ENOTDIR,), Code.FILE_ACCESS, "lies below a file that stands where a directory is needed",
            "move that file away"),
    Meaning((errno.EISDIR,), Code.FILE_ACCESS, "is a directory where a file is needed", "move the directory away"),
    Meaning((errno.EIO, errno.ENXIO, errno.ENODEV), Code.FILE_ACCESS, "cannot be read from its disk",
            "look for errors of the disk or network drive (dmesg), and copy the directory to another one"),
    Meaning((errno.EMFILE, errno.ENFILE), Code.FILE_ACCESS, "cannot be opened: too many files are open",
            "raise the limit: ulimit -n 4096"),
    Meaning((errno.ENOSPC, errno.EDQUOT), Code.NOT_WRITABLE, "cannot be written: the disk or the quota is full",
            "free space (df -h, df -i, quota)"),
    Meaning((errno.EFBIG,), Code.NOT_WRITABLE, "cannot be written: it would exceed the limit on the size of files",
            "raise the limit: ulimit -f unlimited"),
    Meaning((errno.EROFS,), Code.NOT_WRITABLE, "cannot be written: its file system is read-only",
            "write to another place: copy the model directory, or name another directory for what is written"),
    Meaning((errno.EAGAIN, errno.ENOMEM), Code.FILE_ACCESS, "cannot be used: memory or processes are exhausted",
            "close other programs, or raise the limits (ulimit -u, ulimit -v)"),
)  # fmt: skip
"""Errors by number; any other keeps the system's own words."""


def of_os_error(error: OSError) -> DsbenchError:
    """FILE_ACCESS or NOT_WRITABLE: the path, what is wrong with it, and the fix. USAGE if the current directory is
    gone."""
    path = _path(error)
    if not path and error.errno == errno.ENOENT and not _has_current_directory():
        what, fix = "the current directory no longer exists", "change to another directory (cd)"
        return DsbenchError(Code.USAGE, what, where="getcwd", fix=fix)
    own_words = error.errno is not None and error.strerror != os.strerror(error.errno)  # of base/reading.py
    found = None if own_words else next((one for one in MEANINGS if error.errno in one.numbers), None)
    if found is None:
        what = f"{_name(path)} cannot be used: {error.strerror or error}"
        return DsbenchError(Code.FILE_ACCESS, what, where=path, fix="make the path usable, then run again")
    blocked = _blocking(path) if error.errno in (errno.EACCES, errno.EPERM) else ""
    what = f"{_name(path)} {found.what}" + (f": the directory {blocked} cannot be entered" if blocked else "")
    return DsbenchError(found.code, what, where=path, fix=found.fix)


def as_dsbench_error(error: DsbenchError | OSError) -> DsbenchError:
    """``error`` itself, or what an error of the operating system means."""
    return of_os_error(error) if isinstance(error, OSError) else error


@contextmanager
def system_errors() -> Iterator[None]:
    """Raise errors of the operating system as FILE_ACCESS or NOT_WRITABLE; a closed pipe stays what it is."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise of_os_error(error) from error


def require_reachable(path: Path) -> None:
    """Raise FILE_ACCESS if something other than its absence keeps ``path`` from being found: rights, a loop of links, a
    name that is too long. ``Path.is_file`` and ``glob`` take all of them for absence."""
    with system_errors():
        try:
            if stat.S_ISDIR(os.stat(path).st_mode):
                os.listdir(path)
        except FileNotFoundError:
            return


def require_present(folder: Path) -> None:
    """Raise FILE_ACCESS if a directory that was there is gone, or cannot be looked at."""
    with system_errors():
        os.listdir(folder)


def in_output(lines: Sequence[str]) -> DsbenchError | None:
    """The error of the operating system with which a program in Python ended, by the last lines of its output."""
    found = next((match for match in map(_RAISED.match, reversed(lines)) if match), None)
    if found is None:
        return None
    number = int(found["number"])
    return of_os_error(OSError(number, os.strerror(number), *([found["path"]] if found["path"] else [])))


def _path(error: OSError) -> str:
    names = (error.filename, error.filename2)
    return next((os.fsdecode(name) for name in names if isinstance(name, str | bytes | os.PathLike)), "")


def _name(path: str) -> str:
    return (os.path.basename(path.rstrip("/")) or path)[:80] if path else "A file"


def _has_current_directory() -> bool:
    try:
        return bool(os.getcwd())
    except FileNotFoundError:
        return False


def _blocking(path: str) -> str:
    """The first directory on the way to ``path`` that this user may not enter; empty if there is none."""
    every = reversed(Path(path).parents) if path else ()
    return next((str(folder) for folder in every if os.path.isdir(folder) and not os.access(folder, os.X_OK)), "")
