"""Which windows count, and what makes a run no steady one. Small tables with the answer in plain sight."""

from __future__ import annotations

import random

import pytest

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import steady
from dsbench.judge.run.steady import Change


def table(*rows: tuple[float, ...], interval_s: int = 1, at_s: tuple[float, ...] = ()) -> Windows:
    times = at_s or tuple(float(interval_s * number) for number in range(1, len(rows) + 1))
    return Windows(interval_s, len(rows[0]), times, rows)


def single(*values: float) -> Windows:
    return table(*((value,) for value in values))


def noisy(mean: float, count: int, seed: int = 1, share: float = 0.01) -> list[float]:
    chance = random.Random(seed)
    return [mean * (1 + share * chance.gauss(0, 1)) for _ in range(count)]


@pytest.mark.parametrize(
    ("windows", "cut"),
    [
        (single(0, 0, 12, *[60] * 10), 3),  # the window with the first frame is still partly start-up
        (single(*[60] * 10), 1),
        (table((60, 0), (60, 0), (60, 20), *[(60, 40)] * 10), 3),  # until the last stream has started
        (table(*[(60, 0)] * 10), 1),  # a stream that never starts is not waited for
        (single(0, 0, 0), 3),
        (single(30, 20, 25, 40, *[60.0, 61.0] * 8), 4),  # slow at first
        (single(60, *[60.0, 61.0, 59.0] * 6), 1),
        (single(60, *[20] * 6, *[60.0, 61.0] * 6), 1),  # a third of the run is no warm-up: judged as two states
    ],
)
def test_warm_up(windows: Windows, cut: int) -> None:
    assert steady.warm_up(windows) == cut


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (noisy(60, 20), None),
        (noisy(60, 20, share=0.05), None),
        ([60.0, 45.0] * 8, Change(45, 60)),
        ([60.0] * 6 + [45.0] * 6 + [60.0] * 6, Change(45, 60)),
        ([60.0] * 10 + [45.0] * 2, None),  # two windows are no state
        ([60.0, 60.5] * 10, None),  # one frame more in a window of two seconds
        ([60.0, 45.0] * 3, None),  # too few to say
        ([60.0] * 20, None),
    ],
)
def test_two_states(values: list[float], found: Change | None) -> None:
    assert steady.two_states(values, 0.5) == found


@pytest.mark.parametrize(
    ("first", "found"),
    [
        ([22, 23] * 4, Change(22.5, 40)),
        ([22] * 7, None),  # short
        ([22] * 8 + [40], None),
        ([12, 16, 18, 20, 22, 24, 28, 32], None),  # comes up
        ([38] * 8, None),  # nearly as fast
    ],
)
def test_an_even_level_at_first_is_no_warm_up(first: list[float], found: Change | None) -> None:
    windows = single(0, 10, *first, *[40] * 20)
    assert steady.slow_first(windows, 0, 1, 2 + len(first)) == found


def test_two_long_windows_are_no_level() -> None:
    values = [0, 10, *[22] * 2, *[40] * 10]
    windows = table(*((value,) for value in values), interval_s=5)
    assert steady.slow_first(windows, 0, 1, 4) is None
    longer = table(*((value,) for value in [0, 10, *[22] * 3, *[40] * 12]), interval_s=5)
    assert steady.slow_first(longer, 0, 1, 5) == Change(22, 40)


def test_two_states_behind_noise_show_by_their_long_runs() -> None:
    values = noisy(60, 8, 1, 0.03) + noisy(52, 8, 2, 0.03) + noisy(60, 8, 3, 0.03)
    change = steady.two_states(values, 0.5)
    assert change is not None
    assert change.high - change.low == pytest.approx(8, abs=2.5)
    shuffled = random.Random(4).sample(noisy(60, 24, 5, 0.03), 24)
    assert steady.two_states(shuffled, 0.5) is None


def test_drift() -> None:
    falling = [60 - number for number in range(20)]
    change = steady.drift(falling, 0.5)
    assert change is not None
    assert (change.first, change.second) == (60, 41)
    assert change.ratio == pytest.approx(60 / 41)
    rising = steady.drift(falling[::-1], 0.5)
    assert rising is not None
    assert rising.second > rising.first
    assert steady.drift(noisy(60, 20), 0.5) is None
    assert steady.drift([60.0] * 20, 0.5) is None
    assert steady.drift([60.0, 59.0, 58.0], 0.5) is None
    assert steady.drift([30 + 0.01 * number for number in range(20)], 0.5) is None, "less than a frame"


def test_variation_leaves_out_what_counting_makes() -> None:
    assert steady.variation([60.0, 61.0] * 10, 0.5) == 0
    assert steady.variation([50.0, 70.0] * 10, 0.5) == pytest.approx(1 / 6, rel=0.01)
    assert steady.variation([0.0, 0.0], 1) == 0
