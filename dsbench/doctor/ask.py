"""Short questions to other programs, many at once: each ends at its deadline and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base.ask import LIMIT
from dsbench.base.environment import snapshot
from dsbench.base.process import prepare_child
from dsbench.base.text import clean

_CHUNK = 64 * 1024
_REAP_S = 2.0
_EXEC_FAILED = "cannot be started"


@dataclass(frozen=True)
class ProgramOutput:
    """What a program printed (both outputs, control characters removed) and how it ended.

    ``trouble`` is empty after exit status 0, else says in words how it ended: a signal, a status, no end in time.
    """

    command: tuple[str, ...]
    text: str
    trouble: str = ""
    hung: bool = False

    @property
    def ok(self) -> bool:
        """It ended by itself with status 0."""
        return not self.trouble

    @property
    def lines(self) -> tuple[str, ...]:
        """Its lines that are not blank."""
        return tuple(line.strip() for line in self.text.splitlines() if line.strip())


async def ask(command: Sequence[str], timeout_s: float, environment: dict[str, str] | None = None) -> ProgramOutput:
    """Run ``command`` with nothing on its standard input, in C locale, for at most ``timeout_s``.

    Its process group is killed when it has ended, when its time is up, when it has printed 4 MiB, and when we are
    cancelled. Nothing is raised for whatever the program does.
    """
    read, write = os.pipe()
    os.set_blocking(read, False)
    output = _Output(read)
    try:
        try:
            child = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write,
                stderr=write,
                start_new_session=True,
                preexec_fn=prepare_child,
                env=snapshot(**{"LC_ALL": "C.UTF-8", "GST_DEBUG_NO_COLOR": "1", **(environment or {})}),
            )
        except (OSError, ValueError) as error:
            return ProgramOutput(tuple(command), "", f"{_EXEC_FAILED}: {getattr(error, 'strerror', None) or error}")
        finally:
            os.close(write)
        ended = await _watch(child, output, timeout_s)
        output.drain()
    finally:
        output.stop()
        os.close(read)
    return ProgramOutput(tuple(command), clean(bytes(output.data)), *_ending(ended, child.returncode, timeout_s))


class _Output:
    """Collects what comes through the pipe, up to the limit."""

    def __init__(self, read: int) -> None:
        self.data = bytearray()
        self.full = asyncio.Event()
        self._read = read
        asyncio.get_running_loop().add_reader(read, self._take)

    def _take(self) -> bool:
        try:
            data = os.read(self._read, _CHUNK)
        except BlockingIOError:
            return False
        self.data += data
        if not data or len(self.data) >= LIMIT:
            self.stop()
        if len(self.data) >= LIMIT:
            self.full.set()
        return bool(data) and not self.full.is_set()

    def drain(self) -> None:
        """Take what is left in the pipe."""
        while self._take():
            pass

    def stop(self) -> None:
        """Listen no longer."""
        asyncio.get_running_loop().remove_reader(self._read)


async def _watch(child: asyncio.subprocess.Process, output: _Output, timeout_s: float) -> str:
    """Wait for the end, the limit or the deadline: ``ended``, ``flooded`` or ``hung``. The group is dead afterwards."""
    waiters = (asyncio.ensure_future(child.wait()), asyncio.ensure_future(output.full.wait()))
    try:
        done, _ = await asyncio.wait(waiters, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        waiters[1].cancel()
        await asyncio.wait(waiters[:1], timeout=_REAP_S)  # a process that hangs in a driver does not even die
    if waiters[0] in done:
        return "ended"
    return "flooded" if done else "hung"


def _ending(ended: str, status: int | None, timeout_s: float) -> tuple[str, bool]:
    if ended == "hung":
        return f"no end within {timeout_s:g} s", True
    if ended == "flooded":
        return "printed 4 MiB and did not end", False
    if status is not None and status < 0:
        try:
            return f"killed by {signal.Signals(-status).name}", False
        except ValueError:
            return f"killed by signal {-status}", False
    return (f"exit status {status}" if status else ""), False
