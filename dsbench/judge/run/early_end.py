"""When a run may end early: its figures are known well enough and its answer will not change.

A run is looked at after each window. The more often one looks, the likelier noise is taken for an answer. So an answer
counts only if it also holds for an interval that is twice as wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, stdev

from dsbench.base.spec import LAST_WINDOWS
from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import measurement
from dsbench.judge.run.measurement import Measurement, State
from dsbench.judge.run.reasons.drift import drift
from dsbench.judge.run.run_context import RunContext
from dsbench.judge.run.statistics import Interval

MIN_WINDOWS = LAST_WINDOWS
"""Steady windows before a run may end: the specification's figure is then of steady windows alone."""
_MARGIN = 2.0


@dataclass(frozen=True)
class EarlyEnd:
    """``precision``: the largest half width of the sum's interval as a fraction of its mean; 0 never ends a run early.
    ``confirms``: the run says whether its streams keep up, else how many would, at most ``most_streams``. ``seconds``:
    how long the run lasts from the app's start if it does not end early."""

    precision: float
    target_fps: float
    confirms: bool
    most_streams: int
    seconds: float

    def reached(self, windows: Windows) -> bool:
        """Whether the run may end now."""
        if not self.precision or len(windows.fps) < MIN_WINDOWS or self._far_from(windows):
            return False
        context = RunContext(confirms=self.confirms, most_streams=self.most_streams)
        now = measurement.of_run(windows, self.target_fps, context)
        if now.state is not State.VALID or now.remarks or now.windows < MIN_WINDOWS or now.total is None:
            return False
        if now.total.relative > self.precision:
            return False
        if not self.confirms:
            return self._same_streams(now.per_stream[0], now.streams)
        return self._clear(now) and not self._will_cross(windows, now.windows)

    def _far_from(self, windows: Windows) -> bool:
        """Whether the noise of the last windows alone is too much: saves the work of the whole judgement."""
        totals = [math.fsum(row) for row in windows.fps[-LAST_WINDOWS:]]
        mean = fmean(totals)
        return mean <= 0 or stdev(totals) / math.sqrt(len(windows.fps)) > self.precision * mean

    def _clear(self, now: Measurement) -> bool:
        """Whether stream 0, whose figure is the specification's, and all streams together have an answer."""
        wide = [_wider(one) for one in now.per_stream]
        if wide[0].low < self.target_fps <= wide[0].high:
            return False
        return any(one.high < self.target_fps for one in wide) or all(one.low >= self.target_fps for one in wide)

    def _will_cross(self, windows: Windows, steady_windows: int) -> bool:
        """Whether a stream that becomes slower will be below the target before the run has had its whole time."""
        left = max(0.0, self.seconds - windows.at_s[-1]) / windows.interval_s
        for stream in range(windows.streams):
            values = windows.of_stream(stream)[-steady_windows:]
            trend = drift(values, 0.0)
            if trend is None or trend.second >= trend.first:
                continue
            slope = (trend.second - trend.first) / (len(values) - 1)
            if trend.second + slope * left < self.target_fps <= trend.second:
                return True
        return False

    def _same_streams(self, stream0: Interval, streams: int) -> bool:
        """Whether RT_STREAMS is the same wherever in its interval stream 0's figure is."""
        wide = _wider(stream0)
        low, high = (math.floor(bound * streams / self.target_fps) for bound in (wide.low, wide.high))
        return min(low, self.most_streams) == min(high, self.most_streams)


def _wider(one: Interval) -> Interval:
    return Interval(one.mean, one.mean - _MARGIN * (one.mean - one.low), one.mean + _MARGIN * (one.high - one.mean))
