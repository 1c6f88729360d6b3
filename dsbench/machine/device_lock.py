"""One benchmark at a time on a device: a lock file for all dsbench processes of this user."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dsbench.base.private import is_private
from dsbench.machine import cuda_visible, hardware

_OF_THE_HOST = "/tmp"


@dataclass(frozen=True)
class Held:
    """The lock is held. ``notes`` for the evidence: a wait, or a lock file that could not be made."""

    notes: tuple[str, ...] = ()


def device_name(runtime: str, gpu_id: int) -> str:
    """``cpu`` for the embedded runtime; for DeepStream the UUID of the GPU or MIG slice, ``gpu<N>`` if it is not known.

    In containers and under CUDA_VISIBLE_DEVICES every process calls its GPU 0.
    """
    if runtime == "embedded":
        return "cpu"
    return _gpu_name(gpu_id, *(os.environ.get(name) for name in (cuda_visible.VISIBLE, cuda_visible.ORDER)))


@cache
def _gpu_name(gpu_id: int, visible: str | None, order: str | None) -> str:
    found = hardware.gpu(gpu_id)
    return found.uuid if found and found.uuid else f"gpu{gpu_id}"


@contextmanager
def exclusive(device: str, announce: Callable[[str], object], folder: Path | None = None) -> Iterator[Held]:
    """Hold the device. Waits for another benchmark to end and announces it. The kernel releases a dead process's lock.

    If no lock file can be made, the benchmark runs all the same, with a note.
    """
    try:
        handle = os.open(_lock_file(device, folder), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        yield Held(notes=(f"no lock file for {device} ({error.strerror}): another benchmark may have run too",))
        return
    try:
        started = time.monotonic()
        waited = _lock(handle, device, announce)
        seconds = time.monotonic() - started if waited else 0.0
        notes = (f"waited {seconds:.0f} s for another benchmark on {device}",) if waited else ()
        yield Held(notes)
    finally:
        os.close(handle)  # and with it the lock


def _lock(handle: int, device: str, announce: Callable[[str], object]) -> bool:
    """Take the lock; True if another process held it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        announce(f"another benchmark runs on {device}: waiting for it to end")
    fcntl.flock(handle, fcntl.LOCK_EX)
    return True


def _lock_file(device: str, folder: Path | None) -> Path:
    """In XDG_RUNTIME_DIR, else in a folder of this user in /tmp, else in the temporary directory.

    /tmp before TMPDIR: cluster engines give each job of a host a TMPDIR of its own. A folder that somebody else made,
    or may write to, is not used: its lock file could be held for ever.
    """
    candidates = [folder] if folder is not None else []
    if folder is None:
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        if os.path.isabs(runtime) and os.path.isdir(runtime):
            candidates.append(Path(runtime) / "dsbench")
        candidates += [Path(above) / f"dsbench-{os.getuid()}" for above in (_OF_THE_HOST, tempfile.gettempdir())]
    private = next((one for one in candidates if is_private(one)), None)
    if private is None:
        raise PermissionError(1, f"{candidates[-1]} is not a directory of this user alone")
    return private / f"benchmark-{device}.lock"
