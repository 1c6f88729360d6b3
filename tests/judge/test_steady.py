"""Which windows count, and what makes a run no steady one. Small tables with the answer in plain sight."""

from __future__ import annotations

import random

import pytest

from dsbench.formats.perf_windows import Windows
from dsbench.judge import steady
from dsbench.judge.steady import Change


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


@pytest.mark.parametrize(
    ("windows", "streams"),
    [
        (table(*[(30, 30)] * 9, (30, 0), (30, 0), (30, 0)), (1,)),
        (table(*[(30, 30)] * 9, (30, 0), (30, 0)), ()),
        (table(*[(30, 0)] * 9), (1,)),  # never started
        (table(*[(0.0, 0.0)] * 4), ()),  # not yet
        (table(*[(0.0, 0.0)] * 5), (0, 1)),
        (single(0, 0, 1, 0, 0, 1, 0, 0, 0), ()),  # a slow model pauses between frames
        (single(1, 0, 1, 0, *[0] * 20), (0,)),
    ],
)
def test_stalled(windows: Windows, streams: tuple[int, ...]) -> None:
    assert steady.stalled(windows) == streams


def test_paused() -> None:
    rows = [(30, 30)] * 5 + [(30, 0)] * 4 + [(30, 30)] * 5
    assert steady.paused(table(*rows), 0) == (1,)
    assert steady.paused(table(*rows), 9) == ()
    assert steady.paused(table(*[(30, 30)] * 5, *[(30, 0)] * 4), 0) == (), "that is stalled"
    assert steady.paused(single(1, 0, 0, 0, 1, 0, 0, 0, 1), 0) == ()


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([30] * 9 + [0] + [30] * 9, True),
        ([9] * 9 + [0] + [9] * 9, False),  # nine frames were due
        ([100] * 20 + [0] * 6 + [100] * 10 + [0] * 3 + [100] * 20, True),  # another pause does not make it usual
        ([100] * 20 + [0] * 6 + [100] * 10 + [0], True),  # nor does one at the end
        ([100, 100, 100, 0] * 10, True),  # 100 frames do not come at once
        ([16, 0] * 15, False),  # 16 frames together, every other second
        ([12, 12, 12, 0] * 10, False),
    ],
)
def test_a_pause_is_where_frames_were_due(values: list[int], found: bool) -> None:
    assert steady.paused(single(*values), 0) == ((0,) if found else ())


@pytest.mark.parametrize(
    ("gaps", "ratio"),
    [
        ([1.0] * 12, 1.0),
        ([1.1] * 12, 1.1),
        ([1.1] * 6 + [2.2] + [1.1] * 5, 1.1),  # a row was lost
        ([1.0] * 5 + [1.6, 0.4] + [1.0] * 5, 1.0),  # a row was seen late
        ([3.0, 0.0, 0.0] * 4, None),  # rows came in bursts: not seen as they came
        ([3.6, 0.0, 0.0] * 8, 1.2),  # but from burst to burst it can be seen
        ([3.6, 0.0, 0.0] * 8 + [2.4, 0.0], 1.2),  # the last one at the app's end
        ([0.0, 3.0, 0.0] * 8, None),
        ([0.01] * 12, None),
        ([1.1] * 4, 1.1),
        ([1.1] * 3, None),
    ],
)
def test_clock(gaps: list[float], ratio: float | None) -> None:
    at_s = [1.0]
    for gap in gaps:
        at_s.append(at_s[-1] + gap)
    windows = table(*[(30.0,)] * len(at_s), at_s=tuple(at_s))
    assert steady.clock(windows, 0) == (None if ratio is None else pytest.approx(ratio))


def test_variation_leaves_out_what_counting_makes() -> None:
    assert steady.variation([60.0, 61.0] * 10, 0.5) == 0
    assert steady.variation([50.0, 70.0] * 10, 0.5) == pytest.approx(1 / 6, rel=0.01)
    assert steady.variation([0.0, 0.0], 1) == 0
