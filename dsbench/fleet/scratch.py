"""The directory that a job runs in: private, new, removed at the end. The next job removes what a killed one left.

It lies in ``$TMPDIR`` or /tmp, and is locked as long as its job lives: an unlocked one has no owner any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.private import is_own, is_private

_PREFIX = "job-"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FIX = "set TMPDIR to a directory with room for the model and its clip"


@contextmanager
def directory(job_id: str) -> Iterator[Path]:
    """A new directory, and everything in it removed at the end of the block. Raises NOT_WRITABLE, OSError."""
    home = _home()
    with ExitStack() as held:
        with ExitStack() as alone:  # a new directory is there for a moment before it is locked
            _lock(home, alone, fcntl.LOCK_EX)
            for left in home.glob(f"{_PREFIX}*"):
                _remove_if_left(left)
            folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{job_id[:40]}-", dir=home))
            _lock(folder, held)
            held.callback(remove, folder)
        yield folder


def remove(folder: Path) -> None:
    """Remove a directory if it is there; also one in which a run took its own rights away. Of a link the link alone is
    removed. What cannot be removed stays."""
    if os.path.islink(folder) or not os.path.isdir(folder):
        with suppress(OSError):
            folder.unlink()
        return
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        _take_rights(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _home() -> Path:
    """Where the directories of this user's jobs on this machine lie. Raises NOT_WRITABLE."""
    home = Path(tempfile.gettempdir()) / f"dsbench-fleet-{os.getuid()}-{_machine()}"
    if not is_private(home):
        what = "the directory of jobs cannot be made, or somebody else may write to it"
        raise DsbenchError(Code.NOT_WRITABLE, what, where=str(home), fix=_FIX)
    if os.statvfs(home).f_flag & os.ST_NOEXEC:
        what = "the directory of jobs is on a file system mounted noexec: no parser can be loaded there"
        raise DsbenchError(Code.NOT_WRITABLE, what, where=str(home), fix=_FIX)
    return home


def _machine() -> str:
    """Tells machines apart that share a TMPDIR: one does not see the locks of another."""
    with suppress(OSError):
        return _BOOT_ID.read_text().strip()[:8]
    return os.uname().nodename


def _lock(folder: Path, held: ExitStack, operation: int = fcntl.LOCK_EX | fcntl.LOCK_NB) -> bool:
    """Lock a directory until ``held`` closes; False if another process has it, or the file system has no locks."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    held.callback(os.close, handle)
    try:
        fcntl.flock(handle, operation)
    except OSError:
        return False
    return True


def _remove_if_left(folder: Path) -> None:
    with suppress(OSError), ExitStack() as held:
        if is_own(folder) and _lock(folder, held):
            remove(folder)


def _take_rights(folder: Path) -> None:
    """Make every directory below ``folder`` one that its owner may change."""
    with suppress(OSError):
        folder.chmod(0o700)
    for above, names, _ in os.walk(folder):  # from the top: what is below can be listed then
        for path in (os.path.join(above, name) for name in names):
            with suppress(OSError):
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
