"""Directories for this user alone: a name that others can guess may have been made by somebody else, as in /tmp."""

from __future__ import annotations

import functools
import os
import stat
import tempfile
from pathlib import Path


def is_private(folder: Path) -> bool:
    """``folder`` is there or can be made and written, and ``is_own``."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_own(folder):
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def is_own(folder: Path) -> bool:
    """``folder`` is a directory and no link, belongs to this user, and nobody else can write to it."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


def cache_candidates() -> tuple[Path, ...]:
    """Where builds may be cached: $XDG_CACHE_HOME or ~/.cache, then this user's folder in the temporary directory."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    base = named if os.path.isabs(named) else os.path.expanduser("~/.cache")
    both = (Path(base) / "dsbench", Path(tempfile.gettempdir()) / f"dsbench-{os.getuid()}")
    return tuple(folder for folder in both if folder.is_absolute())


@functools.cache
def cache_root() -> Path:
    """Folder for new builds. A library in a folder that another user can write to is never loaded."""
    private = next(filter(is_private, cache_candidates()), None)
    return private or Path(tempfile.mkdtemp(prefix="dsbench-"))
