"""Streams that pause, and streams that only look so."""

from __future__ import annotations

import pytest

from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import elapsed
from dsbench.judge.run.elapsed import Elapsed
from dsbench.judge.run.reasons import paused_stream


def table(*rows: tuple[float, ...], interval_s: int = 1, at_s: tuple[float, ...] = ()) -> Windows:
    times = at_s or tuple(float(interval_s * number) for number in range(1, len(rows) + 1))
    return Windows(interval_s, len(rows[0]), times, rows)


def paused(windows: Windows, start: int, target_fps: float = 0.0) -> tuple[int, ...]:
    return paused_stream.paused(windows, start, elapsed.of_run(windows), target_fps)


def single(*values: float) -> Windows:
    return table(*((value,) for value in values))


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
        ([20, 0, 20], True),  # ran, then paused
        ([20, 5, 0, 40], True),
        ([1, 0, 0, 0, 40], True),  # began, but hardly
        ([40, 8], False),  # less than a second's frames
        ([40, 0, 0], True),
        ([40, 30, 30], False),  # not below the target
    ],
)
def test_a_slow_start_is_no_pause(cut: list[int], found: bool) -> None:
    values = [0, *cut, *[40] * 12]
    assert paused(single(*values), len(cut) + 1, 30.0) == ((0,) if found else ())


def told(frames: list[float], spans: list[float], since_first_s: float = 0.0, *, by_averages: bool = True) -> Elapsed:
    return Elapsed(tuple(spans), tuple((count,) for count in frames), (since_first_s,), by_averages)


@pytest.mark.parametrize(
    ("fps", "frames", "span", "found"),
    [
        (60.0, 60.0, 3.5, True),  # of three and a half seconds it ran for one
        (60.0, 60.0, 2.5, False),
        (60.0, 200.0, 3.5, False),  # only the row was late
        (4.0, 4.0, 3.2, False),  # nine frames were due
        (4.0, 4.0, 3.6, True),
    ],
)
def test_a_late_window_that_lacks_frames(fps: float, frames: float, span: float, found: bool) -> None:
    windows = single(*[fps] * 20)
    counts, spans = [fps] * 20, [1.0] * 20
    counts[9], spans[9] = frames, span
    assert paused_stream.paused(windows, 1, told(counts, spans)) == ((0,) if found else ())
    assert paused_stream.paused(windows, 1, told(counts, spans, by_averages=False)) == ()


def test_a_window_of_the_usual_length_may_be_slow() -> None:
    windows = table(*[(60.0,)] * 9, (30.0,), *[(60.0,)] * 9, interval_s=5)
    counts = [300.0] * 9 + [150.0] + [300.0] * 9
    assert paused_stream.paused(windows, 1, told(counts, [5.0] * 19)) == ()


@pytest.mark.parametrize(
    ("values", "since_first_s", "found"),
    [
        ([30, 60], 0.6, False),
        ([60, 60], 3.2, True),  # one second's frames in the three since the first one
        ([10, 0, 40], 1.2, True),  # one second at first, and one more
        ([10, 0, 40], 0.2, False),
        ([0, 60, 60], 0.0, False),
    ],
)
def test_the_time_since_the_first_frame_counts(values: list[float], since_first_s: float, found: bool) -> None:
    windows = single(*values, *[60] * 15)
    fps = windows.of_stream(0)
    elapsed_ = told(list(fps), [1.0] * len(fps), since_first_s)
    start = len(values)
    assert paused_stream.paused(windows, start, elapsed_, 50.0) == ((0,) if found else ())


def test_only_the_last_stream_to_begin_tells_the_start() -> None:
    windows = table((60.0, 0.0), (60.0, 60.0), *[(60.0, 60.0)] * 15)
    spans, frames = (1.0,) * 17, windows.fps
    assert paused_stream.paused(windows, 2, Elapsed(spans, frames, (5.0, 0.5), True), 30.0) == ()
    assert paused_stream.paused(windows, 2, Elapsed(spans, frames, (0.5, 5.0), True), 30.0) == (1,)
    assert paused_stream.paused(windows, 2, Elapsed(spans, frames, (0.5, 5.0), True)) == (), "no target to decide on"


def test_a_dip_that_steady_windows_have_too_is_no_pause() -> None:
    values = [0, 40, 10, 40, 10, *[40, 40, 40, 10] * 5]
    assert paused(single(*values), 5, 30.0) == ()


def test_few_frames_are_no_pause_at_the_start() -> None:
    assert paused(single(0, 2, 0, 0, *[2] * 20), 4, 1.0) == ()
    assert paused(single(0, 8, 0, 0, *[8] * 20), 4, 4.0) == (0,)


def test_what_came_up_meanwhile_can_fall_again() -> None:
    assert paused(single(0, 5, 20, 40, 12, 12, *[40] * 20), 6, 30.0) == (0,)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([60.0] * 9 + [22.5, 37.5] + [60.0] * 6, True),  # two seconds about the border of two windows
        ([60.0] * 9 + [22.5, 60.0, 37.5] + [60.0] * 6, False),  # two pauses, of one second or so
        ([60.0] * 9 + [40.0, 50.0] + [60.0] * 6, False),
        ([60.0, 40.0, 55.0, 75.0, 50.0, 70.0] * 3 + [22.5, 37.5, 60.0], False),  # it runs unevenly
        ([60.0] * 4 + [22.5, 37.5], False),  # too few to say
        ([60.0] * 9 + [22.5, 37.5, 60, 22.5, 37.5, 60, 22.5, 37.5] + [60.0] * 3, False),  # its way to run
        ([60.0] * 10 + [15.0, 0.0], False),  # whether it went on nobody knows
        ([3.0] * 9 + [1.0, 1.0] + [3.0] * 6, False),  # few frames were due
    ],
)
def test_even_windows_that_lack_frames_for_a_while(values: list[float], found: bool) -> None:
    windows = table(*((value,) for value in values), interval_s=2)
    assert paused(windows, 0, 10.0) == ((0,) if found else ())
    assert paused(windows, 0) == (), "no target decides"
