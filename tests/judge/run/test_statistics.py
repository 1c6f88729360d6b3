"""The interval of a mean: it holds the truth as often as it says, and is the same for the same windows."""

from __future__ import annotations

import math
import random

import pytest

from dsbench.judge.run import statistics
from dsbench.judge.run.statistics import Interval


def series(chance: random.Random, count: int, rho: float) -> list[float]:
    values = [chance.gauss(0, 1)]
    while len(values) < count:
        values.append(rho * values[-1] + math.sqrt(1 - rho * rho) * chance.gauss(0, 1))
    return [30 + 0.6 * value for value in values]


@pytest.mark.parametrize(
    ("count", "rho", "at_least"), [(10, 0.0, 0.93), (28, 0.0, 0.93), (18, 0.4, 0.88), (28, 0.6, 0.85)]
)
def test_how_often_the_truth_is_within(count: int, rho: float, at_least: float) -> None:
    chance = random.Random(7)
    runs = [statistics.intervals([series(chance, count, rho)], [0.0])[0] for _ in range(150)]
    assert sum(run.low <= 30 <= run.high for run in runs) / len(runs) >= at_least
    assert sum(run.half_width for run in runs) / len(runs) < 1.0, "and it says something"


def test_the_same_windows_give_the_same_interval() -> None:
    windows = [series(random.Random(1), 20, 0.2), series(random.Random(2), 20, 0.2)]
    assert statistics.intervals(windows, [0.1, 0.1]) == statistics.intervals(windows, [0.1, 0.1])


def test_a_frame_more_or_less_is_always_open() -> None:
    (one,) = statistics.intervals([[30.0] * 10], [0.05])
    assert one == Interval(30.0, pytest.approx(29.95), pytest.approx(30.05))
    assert one.half_width == pytest.approx(0.05)
    assert one.relative == pytest.approx(0.05 / 30)


def test_one_window_says_nothing_of_noise() -> None:
    assert statistics.intervals([[30.0]], [0.1]) == (Interval(30.0, 0.0, math.inf),)
    assert Interval(0.0, 0.0, 1.0).relative == math.inf


def test_blocks_grow_with_correlation_and_stay_below_a_quarter() -> None:
    assert [statistics.block_length(rho, 27) for rho in (0.0, 0.3, 0.6)] == [1, 3, 5]
    assert statistics.block_length(0.9, 27) == 6
    assert statistics.block_length(0.9, 5) == 1
    assert statistics.correlation([1.0, 2.0, 3.0]) == 0.0, "too few to say"
    assert statistics.correlation([5.0] * 20) == 0.0
    assert statistics.correlation(series(random.Random(3), 200, 0.6)) == pytest.approx(0.6, abs=0.15)
    assert statistics.correlation([float(number) for number in range(100)]) == 0.9


@pytest.mark.parametrize(("freedom", "quantile"), [(1, 12.706), (2, 4.303), (9, 2.262), (27, 2.052), (200, 1.972)])
def test_students_t(freedom: int, quantile: float) -> None:
    assert statistics.student_t(0.025, freedom) == pytest.approx(quantile, abs=0.001)


def test_a_run_of_days_costs_no_more() -> None:
    chance = random.Random(5)
    (one,) = statistics.intervals([[30 + chance.gauss(0, 1) for _ in range(20_001)]], [0.0])
    assert one.mean == pytest.approx(30, abs=0.05)
    assert 0.005 < one.half_width < 0.03
