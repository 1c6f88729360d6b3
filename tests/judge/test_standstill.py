"""Streams that stand still, and such that only look so."""

from __future__ import annotations

import pytest

from dsbench.formats.perf_windows import Windows
from dsbench.judge import elapsed, standstill


def table(*rows: tuple[float, ...], interval_s: int = 1, at_s: tuple[float, ...] = ()) -> Windows:
    times = at_s or tuple(float(interval_s * number) for number in range(1, len(rows) + 1))
    return Windows(interval_s, len(rows[0]), times, rows)


def paused(windows: Windows, start: int, target_fps: float = 0.0) -> tuple[int, ...]:
    return standstill.paused(windows, start, elapsed.of_run(windows), target_fps)


def single(*values: float) -> Windows:
    return table(*((value,) for value in values))


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
    assert standstill.stalled(windows) == streams


def test_paused() -> None:
    rows = [(30, 30)] * 5 + [(30, 0)] * 4 + [(30, 30)] * 5
    assert paused(table(*rows), 0) == (1,)
    assert paused(table(*rows), 9) == ()
    assert paused(table(*[(30, 30)] * 5, *[(30, 0)] * 4), 0) == (), "that is stalled"
    assert paused(single(1, 0, 0, 0, 1, 0, 0, 0, 1), 0) == ()


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
    assert paused(single(*values), 0) == ((0,) if found else ())


@pytest.mark.parametrize(
    ("cut", "found"),
    [
        ([20, 25, 28], False),  # comes up slowly
        ([1, 0, 20], False),  # the first frame, then the others
        ([5, 10, 20, 25], False),
        ([20, 0, 20], True),  # ran, then stood still
        ([20, 5, 0, 40], True),
        ([1, 0, 0, 0, 40], True),  # began, but hardly
        ([40, 8], False),  # less than a second's frames
        ([40, 0, 0], True),
        ([40, 30, 30], False),  # not below the target
    ],
)
def test_a_start_is_slow_but_does_not_stand_still(cut: list[int], found: bool) -> None:
    values = [0, *cut, *[40] * 12]
    assert paused(single(*values), len(cut) + 1, 30.0) == ((0,) if found else ())
