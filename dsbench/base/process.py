"""Supervisor of a child program: process group, deadline, log; nothing of it outlives the call."""

from __future__ import annotations

import ctypes
import os
import resource
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import isolation, places, text
from dsbench.base.descendants import Descendants, signal_group
from dsbench.base.environment import snapshot
from dsbench.base.errors import Code, DsbenchError

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.02
_GRACE_S = 15.0
"""After SIGINT: deepstream-app takes 6 s to end with 128 streams."""
_TERM_S = 2.0
_NO_ROOM = 16 * 1024
_MOST_FILES = 65536
_BY_SIGINT = (0, -signal.SIGINT, 128 + signal.SIGINT)
LOG_LIMIT = 1 << 30
"""Bytes of output after which a program is stopped, before it fills the disk."""


@dataclass(frozen=True)
class Finished:
    """How a child program ended.

    ``returncode`` as in subprocess (negative: the signal that ended it). ``stopped``: ``until`` held and the program
    was interrupted. ``timed_out``: the deadline passed. ``flooded``: its output exceeded ``LOG_LIMIT``.
    ``seconds`` is wall time.
    """

    command: tuple[str, ...]
    log: Path
    returncode: int
    seconds: float
    stopped: bool
    timed_out: bool
    flooded: bool = False

    @property
    def signal_name(self) -> str | None:
        """Name of the signal that ended it; None if it exited."""
        if self.returncode >= 0:
            return None
        try:
            return signal.Signals(-self.returncode).name
        except ValueError:
            return f"signal {-self.returncode}"

    @property
    def ended_as_asked(self) -> bool:
        """It was interrupted on purpose and ended for that reason: by itself, by the signal, or killed."""
        return self.stopped and not self.flooded and (self.timed_out or self.returncode in _BY_SIGINT)

    def tail(self, lines: int = text.TAIL_LINES) -> tuple[str, ...]:
        """The last lines of the log that are not blank."""
        return text.tail(self.log, lines)


def disk_full(path: Path) -> bool:
    """Whether the disk of ``path`` is full. A log on a full disk cannot show the cause."""
    try:
        disk = os.statvfs(path if path.is_dir() else path.parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _NO_ROOM


def run(
    command: Sequence[str],
    log: Path,
    *,
    deadline_s: float,
    stall_s: float | Callable[[], float] | None = None,
    progress: Callable[[], int] | None = None,
    until: Callable[[], bool] | None = None,
) -> Finished:
    """Run ``command`` to its end, its output in ``log``; interrupt it (SIGINT) once ``until`` holds, which is asked
    no more after that.

    ``deadline_s`` is the maximum time. With ``progress``, a number that grows while the program works, it is the time
    until the first progress, and ``stall_s`` the maximum pause afterwards (a function if it depends on the phase).
    A program whose output exceeds ``LOG_LIMIT`` is stopped in the same way (``flooded``).

    The child leads its own process group, which gets the signals as a terminal's foreground group does. The group and
    everything that it started are killed when the child has ended, when its time is up (SIGINT, then SIGTERM, then
    SIGKILL) and when this process is interrupted. The child also ends with its parent (PR_SET_PDEATHSIG). Its standard
    input is a pipe without data: deepstream-app reads keys from it and floods its log at the end of input.
    Raises RUNTIME_UNAVAILABLE if the program cannot be started.
    """
    started = time.monotonic()
    descendants = Descendants.of_next_child()
    child = _start(command, log, descendants)
    try:
        clock = _Clock(started + deadline_s, progress, stall_s)
        end = _watch(child, until, clock, log)
    finally:
        descendants.kill(child)
        if child.stdin is not None:
            child.stdin.close()
        child.wait()
    return Finished(
        command=tuple(command),
        log=log,
        returncode=isolation.returncode(child.returncode),
        seconds=time.monotonic() - started,
        stopped=end.stopped,
        timed_out=end.timed_out,
        flooded=end.flooded,
    )


def _start(command: Sequence[str], log: Path, descendants: Descendants) -> subprocess.Popen[bytes]:
    try:
        output = places.new_file(log)  # closed below, the child has its own descriptor
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"the log cannot be written: {error.strerror}",
            where=str(log),
            fix="make the model directory writable, or free space on its disk",
        ) from error
    with output:
        try:
            return subprocess.Popen(
                isolation.wrapped(command),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=isolation.environment(snapshot(**descendants.variables)),
                preexec_fn=prepare_child,  # noqa: PLW1509 - a few system calls, no lock, no allocation
            )
        except OSError as error:
            raise DsbenchError(
                Code.RUNTIME_UNAVAILABLE,
                f"{command[0]} cannot be started: {error.strerror}",
                where=shlex.join(command),
                fix="install it, or choose the other runtime with --runtime",
            ) from error


class _Clock:
    """The deadline of a child, extended by progress."""

    def __init__(
        self, deadline: float, progress: Callable[[], int] | None, stall_s: float | Callable[[], float] | None
    ) -> None:
        self._deadline = deadline
        self._progress = progress
        self._stall_s = stall_s
        self._seen = 0

    def is_up(self) -> bool:
        now = time.monotonic()
        if self._progress is not None and self._stall_s is not None:
            done = self._progress()
            if done > self._seen:
                self._seen = done
                self._deadline = now + (self._stall_s() if callable(self._stall_s) else self._stall_s)
        return now > self._deadline


@dataclass(frozen=True)
class _End:
    stopped: bool = False
    timed_out: bool = False
    flooded: bool = False


def _watch(child: subprocess.Popen[bytes], until: Callable[[], bool] | None, clock: _Clock, log: Path) -> _End:
    """Wait until the child ends; interrupt it at the deadline, on a flood, or once ``until`` holds."""
    while True:
        if _ends_within(child, _POLL_S):
            return _End()
        if until is not None and until():
            return _End(stopped=True, timed_out=not _stop(child, _GRACE_S, _TERM_S))
        flooded = _size(log) > LOG_LIMIT
        if flooded:
            _stop(child, 1.0, 1.0)
            return _End(flooded=True)
        if clock.is_up():
            _stop(child, _GRACE_S, _TERM_S)
            return _End(timed_out=True)


def _stop(child: subprocess.Popen[bytes], interrupt_s: float, terminate_s: float) -> bool:
    """Send SIGINT, then SIGTERM; True if SIGINT ended it within ``interrupt_s``. SIGKILL is left to ``Descendants``."""
    signal_group(child, signal.SIGINT)
    if _ends_within(child, interrupt_s):
        return True
    signal_group(child, signal.SIGTERM)
    _ends_within(child, terminate_s)
    return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _ends_within(child: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


_PRCTL = ctypes.CDLL(None).prctl
"""Looked up before any fork: between fork and exec the child must not wait for the loader's lock, which another thread
may hold."""


def end_with_parent(number: int = signal.SIGKILL) -> None:
    """In the child: request the signal ``number`` for when the thread that started it ends."""
    _PRCTL(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def prepare_child() -> None:
    """In the child before it starts: end with the parent, accept SIGINT and SIGTERM though the parent ignores or blocks
    them, and be allowed as many open files as can be had: a decoder opens dozens.

    Shells start background processes (``pytest &``, nohup, some CI runners) with SIGINT ignored, Ray starts its workers
    with SIGINT blocked. A child inherits both, and an app that gets no SIGINT can only be killed.
    """
    end_with_parent()
    ends = (signal.SIGINT, signal.SIGTERM)
    for number in ends:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
