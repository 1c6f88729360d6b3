"""Streams that keep up on average and fell behind for a while."""

from __future__ import annotations

import pytest

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import elapsed
from dsbench.judge.run.reasons import fell_behind


def behind(values: list[float], at_s: list[float] | None = None, interval_s: int = 5, target: float = 30.0) -> float:
    times = at_s or [float(interval_s * number) for number in range(1, len(values) + 1)]
    windows = Windows(interval_s, 1, tuple(times), tuple((value,) for value in values))
    return fell_behind.streams_behind(elapsed.of_run(windows), 0, target).get(0, 0.0)


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ([60.0] * 8 + [12.0] + [60.0] * 3, 3.0),
        ([40.0] * 8 + [20.0, 29.0] + [40.0] * 2, 5 / 3 + 1 / 6),  # one after the other
        ([40.0] * 8 + [25.0, 31.0, 28.0] + [40.0] * 2, 0.0),  # less than a second
        ([40.0] * 8 + [25.0, 31.0, 25.0] + [40.0] * 2, 1.5),  # more came before it had made up for the first
        ([60.0] * 8 + [30.0] * 4, 0.0),  # half as fast, and fast enough
        ([31.0, 29.0] * 10, 0.0),
        ([60.0] * 10 + [0.0], 5.0),
    ],
)
def test_frames_that_wait(values: list[float], seconds: float) -> None:
    assert behind(values) == pytest.approx(seconds)


def test_few_frames_may_be_the_counting_of_them() -> None:
    assert behind([0.6] * 8 + [0.0] + [0.6] * 8, target=0.5) == 0.0
    assert behind([0.6] * 8 + [0.0] * 4 + [0.6] * 8, target=0.5) == pytest.approx(20.0)


def test_late_rows_are_time_without_frames_and_rows_seen_late_are_not() -> None:
    late = [1.0, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13]
    assert behind([32.0] * 11, late, interval_s=1) == pytest.approx((28 - 3 * 2 + 28) / 30)
    seen_late = [1.0, 2, 3, 4, 5, 8, 8.1, 8.2, 9, 10, 11]
    assert behind([32.0] * 11, seen_late, interval_s=1) == 0.0


def test_each_stream_for_itself() -> None:
    rows = [(40.0, 40.0)] * 5 + [(40.0, 5.0)] + [(40.0, 40.0)] * 5
    windows = Windows(2, 2, tuple(2.0 * number for number in range(1, 12)), tuple(rows))
    assert fell_behind.streams_behind(elapsed.of_run(windows), 0, 30.0) == {1: pytest.approx(5 / 3)}
    assert fell_behind.streams_behind(elapsed.of_run(windows), 6, 30.0) == {}
