"""Lays out a model directory: every file or none, and never over something that exists."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


@dataclass(frozen=True)
class NewFile:
    """One file: its path below the directory, and either the file that is copied or its content."""

    name: Path
    source: Path | None = None
    content: bytes = b""


def require_free(target: Path, shown: str) -> None:
    """Raise USAGE unless ``target`` does not exist or is an empty directory."""
    try:
        free = not os.path.lexists(target) or (
            target.is_dir() and not target.is_symlink() and not any(target.iterdir())
        )
    except OSError as error:
        raise _not_writable(error, target) from error
    if not free:
        raise _taken(shown)


def create(target: Path, shown: str, files: tuple[NewFile, ...]) -> None:
    """Write the files into a new folder beside ``target`` and rename it. Raises USAGE and NOT_WRITABLE.

    ``shown``: the directory as the user wrote it.
    """
    require_free(target, shown)
    made: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".dsbench-init-", dir=target.parent))
        for folder in ("model", "config"):
            (made / folder).mkdir()
        for file in files:
            _write(made, file)
        _open_up(made)
        made.rename(target)  # replaces an empty directory only
        made = None
    except OSError as error:
        raise (_taken(shown) if error.errno in _TAKEN else _not_writable(error, target)) from error
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def _write(folder: Path, file: NewFile) -> None:
    path = folder / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    if file.source is not None:
        shutil.copyfile(file.source, path)
    else:
        path.write_bytes(file.content)


def _open_up(folder: Path) -> None:
    """The rights that ``mkdir`` would have given: a temporary folder is closed to others."""
    folder.chmod((folder / "model").stat().st_mode & 0o777)


def _taken(shown: str) -> DsbenchError:
    return DsbenchError(
        Code.USAGE,
        f"{shown} exists and is not an empty directory: dsbench init overwrites nothing",
        where=shown,
        fix="give a directory that does not exist yet",
    )


def _not_writable(error: OSError, target: Path) -> DsbenchError:
    return DsbenchError(
        Code.NOT_WRITABLE,
        f"the model directory cannot be written: {error.strerror}",
        where=str(error.filename or target),
        fix="make the parent directory writable and check the free space (df -h)",
    )
