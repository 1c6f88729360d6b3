"""Two levels of FPS, and noise that only looks so."""

from __future__ import annotations

import random

import pytest

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run.reasons import two_states
from dsbench.judge.run.steady import Change


def table(*rows: tuple[float, ...], interval_s: int = 1) -> Windows:
    times = tuple(float(interval_s * number) for number in range(1, len(rows) + 1))
    return Windows(interval_s, len(rows[0]), times, rows)


def single(*values: float) -> Windows:
    return table(*((value,) for value in values))


def noisy(mean: float, count: int, seed: int = 1, share: float = 0.01) -> list[float]:
    chance = random.Random(seed)
    return [mean * (1 + share * chance.gauss(0, 1)) for _ in range(count)]


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
    assert two_states.two_states(values, 0.5) == found


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
    assert two_states.slow_first(windows, 0, 1, 2 + len(first)) == found


def test_two_long_windows_are_no_level() -> None:
    values = [0, 10, *[22] * 2, *[40] * 10]
    windows = table(*((value,) for value in values), interval_s=5)
    assert two_states.slow_first(windows, 0, 1, 4) is None
    longer = table(*((value,) for value in [0, 10, *[22] * 3, *[40] * 12]), interval_s=5)
    assert two_states.slow_first(longer, 0, 1, 5) == Change(22, 40)


def test_two_states_behind_noise_show_by_their_long_runs() -> None:
    values = noisy(60, 8, 1, 0.03) + noisy(52, 8, 2, 0.03) + noisy(60, 8, 3, 0.03)
    change = two_states.two_states(values, 0.5)
    assert change is not None
    assert change.high - change.low == pytest.approx(8, abs=2.5)
    shuffled = random.Random(4).sample(noisy(60, 24, 5, 0.03), 24)
    assert two_states.two_states(shuffled, 0.5) is None
