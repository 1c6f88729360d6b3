"""The processes of the measured app: all processes in the sessions that dsbench's children lead.

``process.run`` starts each program as the leader of a session. What it forks stays in that session.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

_RESCAN_S = 2.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True)
class Stat:
    """One line of /proc/<pid>/stat: processor seconds used so far, resident memory."""

    pid: int
    parent: int
    session: int
    cpu_s: float
    rss_mib: float


@dataclass(frozen=True)
class AppUse:
    """What the app used since the last look."""

    cpu_s: float
    """Processor seconds of all threads."""
    wait_s: float | None
    """Seconds that its threads were ready to run and waited for a core; None where the kernel does not count them."""
    rss_mib: float
    """Resident memory now, summed over its processes."""


class AppProcesses:
    """Follows the sessions of children started after this object was created."""

    def __init__(self, ours: int | None = None) -> None:
        self._ours = os.getpid() if ours is None else ours
        self._before = {stat.pid for stat in _every() if stat.parent == self._ours}
        self._sessions: set[int] = set()
        self._pids: set[int] = set()
        self._used_s: dict[int, float] = {}
        self._waited_s: dict[int, float] = {}
        self._scanned: float | None = None
        self.ever: set[int] = set()
        """Every process of the app seen so far, ended ones included."""

    def look(self) -> AppUse:
        """What the app used since the last look."""
        now = time.monotonic()
        if not self._pids or self._scanned is None or now - self._scanned >= _RESCAN_S:
            self._scanned = now
            stats = self._scan()
        else:
            stats = [stat for pid in self._pids if (stat := _stat(pid)) is not None and stat.session in self._sessions]
        used = sum(max(0.0, stat.cpu_s - self._used_s.get(stat.pid, 0.0)) for stat in stats)
        self._used_s = {stat.pid: stat.cpu_s for stat in stats}
        self._pids = set(self._used_s)
        self.ever |= self._pids
        return AppUse(used, self._waited(), sum(stat.rss_mib for stat in stats))

    def _waited(self) -> float | None:
        """Seconds that all threads waited for a core since the last look."""
        now = {thread: waited for pid in self._pids for thread, waited in _waits(pid)}
        waited = sum(max(0.0, total - self._waited_s.get(thread, 0.0)) for thread, total in now.items())
        self._waited_s = now
        return waited if now else None

    def _scan(self) -> list[Stat]:
        every = _every()
        children = {stat.pid for stat in every if stat.parent == self._ours and stat.pid not in self._before}
        # a child between fork and setsid is still in our session
        self._sessions |= {stat.session for stat in every if stat.pid in children and stat.session == stat.pid}
        return [stat for stat in every if stat.session in self._sessions]


def _every() -> list[Stat]:
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    return [stat for name in names if name.isdigit() and (stat := _stat(int(name))) is not None]


def _waits(pid: int) -> Iterator[tuple[int, float]]:
    """Threads of a process and the seconds that each has waited on a run queue so far (Linux: sched-stats.rst)."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat", "rb") as file:
                yield int(thread), int(file.read().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            continue


def _stat(pid: int) -> Stat | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
        # the name, in parentheses, may itself hold blanks and parentheses
        fields = text[text.rindex(b")") + 2 :].split()
        cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS
        return Stat(pid, int(fields[1]), int(fields[3]), cpu_s, int(fields[21]) * _PAGE_MIB)
    except (OSError, ValueError, IndexError):
        return None


def name_of(pid: int) -> str | None:
    """The program's name; None if the process is not visible."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return None
