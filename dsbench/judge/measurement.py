"""What one run of the app says of all its streams, and whether it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dsbench.formats.perf_windows import Windows
from dsbench.judge import statistics, windows
from dsbench.judge.run_context import RunContext
from dsbench.judge.statistics import Interval


class State(StrEnum):
    """VALID: the figures hold. INCONCLUSIVE: they do not decide. INVALID: they are not of what was to be measured."""

    VALID = "valid"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"


class RealTime(StrEnum):
    """Whether every stream keeps up with the target."""

    YES = "YES"
    NO = "NO"
    UNSURE = "UNSURE"


@dataclass(frozen=True)
class Reason:
    """Why a measurement is not valid. ``code`` is stable; ``text`` has the figures and what to do."""

    code: str
    text: str


@dataclass(frozen=True)
class Measurement:
    """One run, all streams, over its steady windows. ``total`` and ``per_stream`` (streams,) are None and empty without
    a steady window; ``warm_up_s``: seconds since the app's start that are cut; ``stalled``: numbers of the streams that
    stand still."""

    state: State
    reasons: tuple[Reason, ...]
    streams: int
    target_fps: float
    warm_up_s: float
    windows: int
    total: Interval | None
    per_stream: tuple[Interval, ...]
    stalled: tuple[int, ...]
    ended_early_s: float | None = None

    @property
    def slowest(self) -> int | None:
        """The number of the stream with the smallest lower bound; None without a steady window."""
        numbers = range(len(self.per_stream))
        return min(numbers, key=lambda number: self.per_stream[number].low, default=None)

    @property
    def real_time(self) -> RealTime:
        """YES if the measurement is valid and every stream's lower bound reaches the target; NO if a stream's upper
        bound does not, or it stands still; else UNSURE."""
        if self.stalled or (
            self.state is not State.INVALID and any(one.high < self.target_fps for one in self.per_stream)
        ):
            return RealTime.NO
        every = bool(self.per_stream) and all(one.low >= self.target_fps for one in self.per_stream)
        return RealTime.YES if every and self.state is State.VALID else RealTime.UNSURE


def of_run(table: Windows, target_fps: float, context: RunContext) -> Measurement:
    """The measurement of one run."""
    facts = windows.stream_facts(table, target_fps)
    started = next((number for number, row in enumerate(table.fps) if all(value > 0 for value in row)), len(table.fps))
    steady = table.fps[started + 1 :]
    stalled = facts.stalled if facts else ()
    if not steady:
        few = Reason("too-few-windows", "no window after the start of all streams: raise --perf-seconds")
        return Measurement(State.INCONCLUSIVE, (few,), table.streams, target_fps, 0.0, 0, None, (), stalled)
    columns = [[sum(row) for row in steady], *map(list, zip(*steady, strict=True))]
    total, *each = statistics.intervals(columns, 1 / (len(steady) * table.interval_s))
    return Measurement(
        State.VALID, (), table.streams, target_fps, table.at_s[started], len(steady), total, tuple(each), stalled
    )
