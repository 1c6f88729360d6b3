"""The directory that a job runs in: private, new, removed at the end. The next job removes what a killed one left.

It lies in ``$TMPDIR`` or /tmp, and is locked as long as its job lives: an unlocked one has no owner any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dsbench.base.private import is_own, is_private

_PREFIX = "job-"


@contextmanager
def directory(job_id: str) -> Iterator[Path]:
    """A new directory, and everything in it removed at the end of the block. Raises OSError."""
    home = Path(tempfile.gettempdir()) / f"dsbench-fleet-{os.getuid()}"
    if not is_private(home):
        raise PermissionError(1, "not a directory of this user alone", str(home))
    with _locked(home):
        for left in home.glob(f"{_PREFIX}*"):
            _remove_if_left(left)
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{job_id[:40]}-", dir=home))
        lock = _lock(folder)
    try:
        yield folder
    finally:
        remove(folder)
        os.close(lock)


def remove(folder: Path) -> None:
    """Remove a directory; also one in which a run took its own rights away. What cannot be removed stays."""
    shutil.rmtree(folder, onerror=_allow_and_retry)


def _allow_and_retry(function: object, path: str, _: object) -> None:
    try:
        os.chmod(os.path.dirname(path), 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)
    except OSError:
        return


def _remove_if_left(folder: Path) -> None:
    if not is_own(folder):
        return
    try:
        lock = _lock(folder)
    except OSError:
        return  # its job lives
    remove(folder)
    os.close(lock)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Nobody else makes or sweeps meanwhile: a new directory is there for a moment before it is locked."""
    handle = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lock(folder: Path) -> int:
    """A descriptor that locks the directory until it is closed. Raises OSError if another process holds it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(handle)
        raise
    return handle
