"""7c's run: the app with ``enable-perf-measurement`` for a given time; its ``**PERF:`` rows, seen as they come.

The time counts from the start of the app, as the ``timeout`` of the specification's helper does. The run ends with
SIGINT, at which both apps end with status 0; a run that ends in any other way is no measurement.
"""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from dsbench.errors import Code, DsbenchError
from dsbench.formats import perf_log, perf_windows
from dsbench.formats.perf_windows import Windows
from dsbench.runtimes import process
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.kitti_dump import require_success as require_app_success
from dsbench.runtimes.process import Finished

STALL_INTERVALS = 5
SHORTEST_STALL_S = 10.0
_LOOK_EVERY_S = 0.1
_ONCE = 1 << 20
_SIGINT_BEFORE_HANDLER = -2


@dataclass(frozen=True)
class PerfPlan:
    """A run: the app config, how many streams it has, seconds of the whole run and of one PERF window."""

    config: Path
    streams: int
    seconds: int
    interval_s: int
    log: Path


@dataclass(frozen=True)
class PerfRun:
    """How the app ended and what it printed. ``stream0``: what the specification's grep finds, in order."""

    plan: PerfPlan
    finished: Finished
    windows: Windows
    stream0: tuple[float, ...]

    @property
    def killed_at_end(self) -> bool:
        """The app did not end on SIGINT and was killed; its rows are whole, as with the helper's ``timeout``."""
        return self.finished.stopped and self.finished.timed_out


def run(runtime: Runtime, plan: PerfPlan) -> PerfRun:
    """Run the app; never raises for how the app ended (``require_success`` does), so that its rows are kept."""
    rows = _Rows(plan.log)
    plan.log.unlink(missing_ok=True)
    ends = time.monotonic() + plan.seconds
    finished = process.run(
        runtime.app_command(plan.config),
        plan.log,
        deadline_s=plan.seconds + SHORTEST_STALL_S,
        stall_s=max(STALL_INTERVALS * plan.interval_s, SHORTEST_STALL_S),
        progress=rows.count,
        until=lambda: time.monotonic() >= ends,
    )
    return PerfRun(plan, finished, rows.windows(plan), tuple(perf_log.stream0_values(plan.log)))


def require_success(perf: PerfRun, what: str) -> None:
    """Raise APP_CRASHED, APP_FAILED or APP_TIMEOUT with the last lines of the log unless the run lasted to its end."""
    finished, plan = perf.finished, perf.plan
    if perf.killed_at_end or (finished.stopped and finished.returncode == _SIGINT_BEFORE_HANDLER):
        return
    require_app_success(finished, what)
    if not finished.stopped:
        last = "\n".join(f"    {line}" for line in finished.tail())
        raise DsbenchError(
            Code.APP_FAILED,
            f"{what}: the app ended by itself with status 0 after {finished.seconds:.0f} of {plan.seconds} s, although "
            f"file-loop=1 has no end\n  last lines of {finished.log}:\n{last}",
            where=shlex.join(finished.command),
            fix="play the video alone: one that cannot be looped (cut, without an index) ends the run",
        )


class _Rows:
    """Follows the log while it grows: how many PERF rows it has, and when each was first seen."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._started = time.monotonic()
        self._looked = 0.0
        self._offset = 0
        self._rest = b""
        self._seen_s: list[float] = []

    def count(self) -> int:
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY_S:
            self._looked = now
            self._read(now - self._started)
        return len(self._seen_s)

    def windows(self, plan: PerfPlan) -> Windows:
        """The whole rows with the times at which they were seen; one cut by the end of the log is left out."""
        ended = time.monotonic() - self._started
        self._read(ended)
        return perf_windows.of_log(self._log, plan.streams, plan.interval_s, self._seen_s, ended)

    def _read(self, at_s: float) -> None:
        try:
            with open(self._log, "rb") as file:
                file.seek(self._offset)
                new = file.read(_ONCE)
        except FileNotFoundError:
            return
        self._offset += len(new)
        *lines, rest = (self._rest + new).split(b"\n")
        self._rest = rest[-_ONCE:]  # an app that floods its log without a newline must not fill the memory
        for line in lines:
            if b"PERF" in line:
                self._seen_s += [at_s for _ in perf_log.iter_rows([line.decode("utf-8", "replace")])]
