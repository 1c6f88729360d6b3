"""7c's run: the app with ``enable-perf-measurement`` for a given time; its ``**PERF:`` rows are read as they come.

The time counts from the start of the app, as the ``timeout`` of the specification's helper does. If nvinfer
builds an engine, the run is extended by the time of the build; it is reported and not measured. The run ends with
SIGINT, on which both apps exit with status 0. What the app prints after that is no window: deepstream-app prints one
more row while it shuts down, with many streams seconds later. A run that ends in any other way is not a measurement.
It may end early, once ``enough`` accepts its windows.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import places, process
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.follow import Follower
from dsbench.base.process import Finished
from dsbench.formats.app.console import Console, ConsoleReader
from dsbench.formats.perf.stream0 import stream0_values
from dsbench.formats.perf.windows import Collector, Windows
from dsbench.runtimes import app_end
from dsbench.runtimes.build_watch import BUILD_S
from dsbench.runtimes.contract import Runtime

STALL_INTERVALS = 5
SHORTEST_STALL_S = 10.0
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class PerfPlan:
    """What a run is made with."""

    config: Path
    """The app config."""
    streams: int
    seconds: int
    """Of the whole run, engine builds excluded."""
    interval_s: int
    """Of one PERF window."""
    log: Path
    enough: Callable[[Windows], bool] | None = None
    """Called after complete rows; True ends the run early."""


@dataclass(frozen=True)
class PerfRun:
    """How the app ended and what it printed. Times are seconds since the app's start."""

    plan: PerfPlan
    finished: Finished
    windows: Windows
    stream0: tuple[float, ...]
    """FPS of stream 0, in order: what the specification's grep finds."""
    console: Console
    """Whether nvinfer loaded or built the engine."""
    build_s: float
    """Seconds of an engine build, added to the run."""
    builds: tuple[tuple[float, float], ...] = ()
    """Begin and end of each engine build."""
    ended_early_s: float | None = None
    """When ``enough`` ended the run; None if it took its whole time."""
    not_asked: str = ""
    """The error that stopped the calls of ``enough``; empty without one."""
    log_bytes: int | None = None
    """Bytes of the log when the app was stopped, in complete lines: rows after them do not count. None if it ended by
    itself."""

    @property
    def due_s(self) -> float:
        """How long the run should last."""
        if self.ended_early_s is not None:
            return self.ended_early_s
        return self.plan.seconds + self.build_s

    @property
    def lasted_s(self) -> float:
        """How long PERF rows were due: until the app ended, at most ``due_s``."""
        return min(self.due_s, self.finished.seconds)

    @property
    def killed_at_end(self) -> bool:
        """The app did not end on SIGINT and was killed; its rows are complete, as with the helper's ``timeout``."""
        return self.finished.stopped and self.finished.timed_out

    @property
    def end_warning(self) -> str:
        """How the app ended if not as asked, although its rows are complete; empty if it did."""
        if self.killed_at_end and self.windows.fps:
            return "the app did not end on SIGINT and was killed; its PERF rows are complete"
        return app_end.warning(self.finished, self.console) if self.finished.stopped else ""


def run_app(runtime: Runtime, plan: PerfPlan) -> PerfRun:
    """Run the app; never raises for how the app ended (``require_success`` does), so that its rows are kept."""
    places.remove(plan.log)
    log = _LiveLog(plan)
    finished = process.run(
        runtime.app_command(plan.config),
        plan.log,
        deadline_s=plan.seconds + SHORTEST_STALL_S,
        stall_s=log.patience_s,
        progress=log.steps,
        until=log.over,
    )
    windows = log.windows()
    stream0 = tuple(stream0_values(plan.log, log.stopped_at))
    return PerfRun(
        plan,
        finished,
        windows,
        stream0,
        log.console,
        log.build_s,
        log.builds,
        ended_early_s=log.ended_early_s,
        not_asked=log.not_asked,
        log_bytes=log.stopped_at,
    )


def require_success(perf: PerfRun, what: str) -> None:
    """Raise APP_CRASHED, APP_FAILED or APP_TIMEOUT with the last lines of the log unless the run lasted to its end."""
    finished = perf.finished
    last = "\n".join(f"    {line}" for line in finished.tail())
    if perf.killed_at_end and not perf.windows.fps and not perf.stream0:
        said = f"\n  last lines of {finished.log}:\n{last}" if last else f"\n  {finished.log} is empty"
        raise DsbenchError(
            Code.APP_TIMEOUT,
            f"{what}: the app hangs: no PERF row in {perf.lasted_s:.0f} s, and it did not end on SIGINT{said}",
            where=shlex.join(finished.command),
            fix="run the command by hand to see where it hangs",
        )
    app_end.require_success(finished, perf.console, what)
    if not finished.stopped:
        raise DsbenchError(
            Code.APP_FAILED,
            f"{what}: the app ended by itself with status 0 after {finished.seconds:.0f} of {perf.due_s:.0f} s, "
            f"although file-loop=1 has no end\n  last lines of {finished.log}:\n{last}",
            where=shlex.join(finished.command),
            fix="play the video alone: a clip that is cut or has no index cannot be looped and ends the run",
        )


class _LiveLog:
    """Follows the growing log: PERF rows with the time at which each was read, and engine builds."""

    def __init__(self, plan: PerfPlan) -> None:
        self._plan = plan
        self._started = self._looked = time.monotonic()
        self._reader = ConsoleReader()
        self._follower = Follower(plan.log, self._take)
        self._collector = Collector(plan.streams, plan.interval_s)
        self._build_began: float | None = None
        self._build_ended: float | None = None
        self._judged = 0
        self.ended_early_s: float | None = None
        self.not_asked = ""
        self.stopped_at: int | None = None
        """Bytes of the log's complete lines when the run was over; None before."""

    def steps(self) -> int:
        """A number that grows with each row, and when an engine build begins or ends."""
        self._look()
        return self._collector.rows + (self._build_began is not None) + (self._build_ended is not None)

    def over(self) -> bool:
        """Whether the run has had its time, that of an engine build not counted, or its windows are enough; rows that
        come later are not read."""
        self._look()
        if self._is_over():
            self._follower.catch_up()
            self.stopped_at = self._follower.complete
            return True
        return False

    def _is_over(self) -> bool:
        if self._build_began is not None and self._build_ended is None:
            return False
        now = time.monotonic() - self._started
        if now >= self._plan.seconds + self.build_s:
            return True
        if self._enough():
            self.ended_early_s = now
        return self.ended_early_s is not None

    def _enough(self) -> bool:
        whole = self._collector.whole
        # in a long run the check is made less often: it takes longer, on the machine that is measured
        if self._plan.enough is None or self.not_asked or whole < self._judged + max(1, self._judged // 30):
            return False
        self._judged = whole
        try:
            return self._plan.enough(self._collector.windows())
        except Exception as error:  # whatever fails there, the run can have its whole time
            self.not_asked = f"{type(error).__name__}: {error}"
            return False

    def patience_s(self) -> float:
        """The longest pause that is not a hang in the app's current phase."""
        if self._build_began is not None and self._build_ended is None:
            return BUILD_S
        if not self._collector.rows:
            return self._plan.seconds + SHORTEST_STALL_S
        return max(STALL_INTERVALS * self._plan.interval_s, SHORTEST_STALL_S)

    @property
    def build_s(self) -> float:
        """Seconds of the engine build, as seen from outside; 0 without one."""
        if self._build_began is None:
            return 0.0
        ended = self._build_ended if self._build_ended is not None else time.monotonic()
        return ended - self._build_began

    @property
    def builds(self) -> tuple[tuple[float, float], ...]:
        """Begin and end of an engine build, in seconds since the app's start."""
        if self._build_began is None:
            return ()
        began = self._build_began - self._started
        return ((began, began + self.build_s),)

    @property
    def console(self) -> Console:
        return self._reader.console

    def windows(self) -> Windows:
        """The complete rows with the times at which they were read."""
        while self._follower.look():
            pass
        ended = time.monotonic() - self._started
        if self.stopped_at is None:
            self._collector.feed(self._follower.rest.decode("utf-8", "replace"), ended)
        self._collector.finish(ended)
        return self._collector.windows()

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY_S:
            self._looked = now
            self._follower.look()

    def _take(self, block: bytes) -> None:
        now = time.monotonic()
        if self.stopped_at is None:
            self._collector.feed_block(block, now - self._started)
        self._reader.feed_block(block)
        if self._build_began is None and self._reader.build_began:
            self._build_began = now
        if self._build_began is not None and self._build_ended is None and not self._reader.building:
            self._build_ended = now
