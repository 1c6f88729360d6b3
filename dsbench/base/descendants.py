"""Processes that a child program starts: they end with it, also those that left its session (``setsid``)."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MARK = "DSBENCH_CHILD"
_PASSES = 5
_PAUSE_S = 0.02


def signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the process group that a child leads; does nothing if the group no longer exists."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # already ended
        os.killpg(child.pid, number)


@dataclass(frozen=True)
class Descendants:
    """A child's descendants: they have ``mark`` in their environment. ``born``: none is older, in seconds since the
    machine's start."""

    mark: str
    born: float

    @classmethod
    def of_next_child(cls) -> Descendants:
        """Those of a child that gets ``variables`` and is started after this."""
        return cls(uuid.uuid4().hex, time.clock_gettime(time.CLOCK_BOOTTIME))

    @property
    def variables(self) -> dict[str, str]:
        """What the child's environment must have. Marks add up: whoever started this process finds its descendants,
        too, should it be killed."""
        return {_MARK: f"{os.environ.get(_MARK, '')} {self.mark}".strip()}

    def kill(self, child: subprocess.Popen[bytes]) -> None:
        """Kill the process group that the child leads, and what it started outside of it."""
        signal_group(child, signal.SIGKILL)
        for _ in range(_PASSES):  # a killed process may just have started another one
            strays = list(self._strays())
            for pid in filter(None, strays):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not strays:
                break
            if not any(strays):
                time.sleep(_PAUSE_S)

    def _strays(self) -> Iterator[int | None]:
        """Processes with the mark. None: one that is just becoming another program and has no environment yet."""
        wanted = self.mark.encode()
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError, ValueError, IndexError):  # ended, a kernel thread, of another user
                environment = Path("/proc", name, "environ").read_bytes()
                if wanted in environment:
                    yield int(name)
                elif not environment and _born(name) >= self.born and os.readlink(f"/proc/{name}/exe"):
                    yield None


def _born(pid: str) -> float:
    """When a process was started, in seconds since the machine's start, rounded up to the next tick."""
    fields = Path("/proc", pid, "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return (int(fields[19]) + 1) / os.sysconf("SC_CLK_TCK")
