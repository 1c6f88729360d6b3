"""One child program, watched from start to end: its own process group, a deadline, a log, nothing left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.errors import Code, DsbenchError

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.02
_GRACE_S = 10.0
_TAIL_LINES = 15


@dataclass(frozen=True)
class Finished:
    """How a child program ended.

    ``returncode`` as subprocess has it (negative: the signal that ended it); ``stopped`` when ``until`` held and the
    program was interrupted on purpose; ``timed_out`` when the deadline passed. ``seconds`` is wall time.
    """

    command: tuple[str, ...]
    log: Path
    returncode: int
    seconds: float
    stopped: bool
    timed_out: bool

    @property
    def signal_name(self) -> str | None:
        """The signal that killed it, by name; None if it ended by itself."""
        if self.returncode >= 0:
            return None
        try:
            return signal.Signals(-self.returncode).name
        except ValueError:
            return f"signal {-self.returncode}"

    def tail(self, lines: int = _TAIL_LINES) -> tuple[str, ...]:
        """The last lines of the log that are not blank."""
        return tail(self.log, lines)


def tail(log: Path, lines: int = _TAIL_LINES) -> tuple[str, ...]:
    """The last ``lines`` lines of a log that are not blank, however long the log is."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 64 * 1024))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ()
    kept = [line.rstrip() for line in text.replace("\r", "\n").split("\n") if line.strip()]
    return tuple(kept[-lines:])


def run(
    command: Sequence[str],
    log: Path,
    *,
    deadline_s: float,
    until: Callable[[], bool] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run ``command`` to its end, its output in ``log``; interrupt it (SIGINT) once ``until`` holds.

    The child leads a process group of its own which is killed, with all that is left in it, when the child has ended,
    when the deadline passes (SIGINT, then SIGTERM, then SIGKILL) and when we are interrupted ourselves. It also dies
    with us (PR_SET_PDEATHSIG). Its standard input is a pipe that stays open and quiet: deepstream-app reads keys from
    it and floods its log when it is at its end. Raises RUNTIME_UNAVAILABLE if the program cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with open(log, "wb") as output:
        try:
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one prctl call, no lock, no allocation
                env=None if environment is None else {**os.environ, **environment},
            )
        except OSError as error:
            raise DsbenchError(
                Code.RUNTIME_UNAVAILABLE,
                f"{command[0]} cannot be started: {error.strerror}",
                where=" ".join(command),
                fix="install it, or choose the other runtime with --runtime",
            ) from error
    try:
        stopped, timed_out = _watch(child, until, started + deadline_s)
    finally:
        _kill_group(child)
    return Finished(
        command=tuple(command),
        log=log,
        returncode=child.returncode,
        seconds=time.monotonic() - started,
        stopped=stopped,
        timed_out=timed_out,
    )


def _watch(child: subprocess.Popen[bytes], until: Callable[[], bool] | None, deadline: float) -> tuple[bool, bool]:
    """Wait for the end; returns (stopped on purpose, timed out)."""
    while True:
        try:
            child.wait(_POLL_S)
            return False, False
        except subprocess.TimeoutExpired:
            pass
        if until is not None and until():
            child.send_signal(signal.SIGINT)
            return True, not _ends_within(child, _GRACE_S)
        if time.monotonic() > deadline:
            child.send_signal(signal.SIGINT)
            if not _ends_within(child, _GRACE_S):
                child.send_signal(signal.SIGTERM)
                _ends_within(child, 2.0)
            return False, True


def _ends_within(child: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child's process group, the child included, and reap it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing left of it
        os.killpg(child.pid, signal.SIGKILL)
    if child.stdin is not None:
        child.stdin.close()
    child.wait()


_LIBC = ctypes.CDLL(None)  # loaded before any fork: the child may not load libraries between fork and exec


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
