"""One run at a time on a model directory: two would mix their dumps, logs and figures.

The lock is on the directory itself (flock): no file is written, a read-only directory works, and the kernel releases it
when the process ends, even after kill -9.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError


def take(directory: Path, at_end: ExitStack, *, shown: str = "", locks: Path = Path("/proc/locks")) -> None:
    """Hold the directory until ``at_end`` closes. ``shown`` is its name in the error, the path itself if empty.

    Raises DIRECTORY_BUSY if another session holds it.

    A directory that cannot be opened, or a file system without locks (some network ones), is not an error here.
    """
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return  # pre-flight reports it
    at_end.callback(os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DsbenchError(
            Code.DIRECTORY_BUSY,
            f"another dsbench session works on this directory{_holder(handle, locks)}",
            where=shown or str(directory),
            fix="wait for it to end, or run on a copy of the directory",
        ) from None
    except OSError:
        return


def _holder(handle: int, locks: Path) -> str:
    """`` (process N)`` from /proc/locks; "" if it is not there."""
    status = os.fstat(handle)
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        for line in locks.read_text().splitlines():
            words = line.split()
            if "FLOCK" in words and device in words and "->" not in words:
                return f" (process {words[words.index(device) - 1]})"
    except (OSError, ValueError):
        pass
    return ""
