"""Where dsbench may write: below a protected directory it follows no link that leads out of that directory.

Model directories are protected. A directory in one that is a link to a place outside is an error that names the link.
A link in the place of a file is replaced by the file, and so is a file with a second name (hard link): what it points
to stays as it is. Anything else in the place of a file (a named pipe, a device) is an error, never opened or removed.
All operations below a protected directory go through descriptors of directories, so that a link that appears meanwhile
is not followed either.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from dsbench.base.errors import Code, DsbenchError

_PROTECTED: dict[Path, None] = {}
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def protect(root: Path) -> None:
    """Protect a directory from now on; ``root`` itself may be a link."""
    _PROTECTED[root] = None
    _PROTECTED[Path(os.path.realpath(root))] = None


def leaving_link(path: Path, root: Path | None = None) -> Path | None:
    """The first link on the way to the directory ``path`` that leads out of ``root``, or of the protected directory."""
    root = root or _protected_above(path)
    if root is None or _is_inside(path, root):
        return None
    current = root
    for part in Path(os.path.abspath(path)).relative_to(root).parts:
        current /= part
        if current.is_symlink() and not _is_inside(current, root):
            return current
    return None  # it has just been replaced


def require_inside(path: Path, root: Path | None = None) -> None:
    """Raise NOT_WRITABLE if a link on the way to the directory ``path`` leaves ``root``, or the protected directory."""
    link = leaving_link(path, root)
    if link is not None:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"{link.name} is a link to {os.path.realpath(link)}, outside {root or _protected_above(path)}: "
            "nothing is written or deleted through it",
            where=str(link),
            fix="replace the link by a directory; for another disk mount it there, or link the whole directory above",
        )


@contextmanager
def holder(path: Path, *, make: bool = False) -> Iterator[int]:
    """Descriptor of the directory that holds ``path``. ``make``: create missing directories.

    Raises NOT_WRITABLE if a link on the way leaves the protected directory, OSError.
    """
    folder, root = path.parent, _protected_above(path)
    if root is None:
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, _DIRECTORY)
    else:
        require_inside(folder)
        descriptor = _walk(Path(os.path.realpath(root)), Path(os.path.realpath(folder)), make)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Create a directory and those above it. Raises as ``holder``."""
    with holder(path / "any", make=True):
        pass


def make_way(path: Path) -> None:
    """Create the directories for a file that another program is to write, and remove what is in its place.

    Raises as ``holder``, and NOT_WRITABLE if what is there is no file.
    """
    with holder(path, make=True) as folder:
        _remove(folder, path)


def new_file(path: Path) -> BinaryIO:
    """A new file, open for writing, in place of what was there. Raises as ``make_way``."""
    with holder(path, make=True) as folder:
        _remove(folder, path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(path.name, flags, 0o666, dir_fd=folder), "wb")


def replace(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader sees the old content or the new one. Raises as ``make_way``."""
    with replacing(path) as stream:
        stream.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A stream for the new content of a file, which takes the old one's place at the end, in one step; after an
    exception the old one stays. Raises as ``make_way``."""
    with holder(path, make=True) as folder:
        require_file(folder, path)
        temporary = f".dsbench-{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(temporary, flags, 0o666, dir_fd=folder), "wb") as stream:
                yield stream
            os.replace(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise


def remove(path: Path) -> None:
    """Remove a file or link if it is there. Raises as ``make_way``."""
    with suppress(FileNotFoundError), holder(path) as folder:
        _remove(folder, path)


def move(source: Path, target: Path) -> None:
    """Rename a file, also into another directory, which is created. Raises as ``make_way``."""
    with holder(source) as old, holder(target, make=True) as new:
        require_file(new, target)
        os.replace(source.name, target.name, src_dir_fd=old, dst_dir_fd=new)


def link(source: Path, target: Path) -> None:
    """Make ``target`` a second name of a file, in place of what was there. Raises as ``make_way``."""
    with holder(source) as old, holder(target, make=True) as new:
        require_file(new, target)
        temporary = f".dsbench-{secrets.token_hex(8)}"
        os.link(source.name, temporary, src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False)
        os.replace(temporary, target.name, src_dir_fd=new, dst_dir_fd=new)
        with suppress(OSError):  # rename leaves both names where they are the same file
            os.unlink(temporary, dir_fd=new)


def require_file(folder: int, path: Path) -> None:
    """Raise NOT_WRITABLE if something that is neither a file nor a link has this name."""
    try:
        mode = os.lstat(path.name, dir_fd=folder).st_mode
    except FileNotFoundError:
        return
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "")
    if kind:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"cannot write {path.name}: {kind} is in its place",
            where=str(path),
            fix="move it away: dsbench writes a file there",
        )


def _remove(folder: int, path: Path) -> None:
    require_file(folder, path)
    with suppress(FileNotFoundError):
        os.unlink(path.name, dir_fd=folder)


def _protected_above(path: Path) -> Path | None:
    absolute = Path(os.path.abspath(path))
    return next((place for place in (absolute, *absolute.parents) if place in _PROTECTED), None)


def _is_inside(path: Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _walk(root: Path, folder: Path, make: bool) -> int:
    """Descriptor of ``folder``, which lies below ``root``; both are real paths, and no link is followed below root."""
    if not folder.is_relative_to(root):  # replaced by a link since it was checked
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(folder))
    if make:
        root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root, _DIRECTORY)
    for part in folder.relative_to(root).parts:
        above = descriptor
        try:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=above)
            descriptor = os.open(part, _DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
        finally:
            os.close(above)
    return descriptor
