"""How long windows really were: by the averages that rows carry, or by when they were seen."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks import consoles
from dsbench.formats.perf import windows as perf_windows
from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import elapsed, measurement
from dsbench.judge.run.measurement import RealTime
from dsbench.judge.run.reasons import clock
from dsbench.judge.run.run_context import RunContext


@dataclass
class App:
    """Prints rows as deepstream-app does, at times of a clock of its own: frames of one stream come evenly from
    ``first_s`` on but in the times that ``still`` names."""

    fps: float = 60.0
    first_s: float = 0.6
    still: Sequence[tuple[float, float]] = ()
    cut: Sequence[int] = ()
    lines: list[str] = field(default_factory=list)

    def frames(self, at_s: float) -> int:
        """Counted ones so far: the first only starts the stream's clock."""
        running = max(0.0, at_s - self.first_s)
        for begin, end in self.still:
            running -= max(0.0, min(at_s, end) - max(begin, self.first_s))
        return int(running * self.fps + 1e-9)

    def play(self, times: Sequence[float], interval_s: int = 1, seen_s: Sequence[float] = ()) -> Windows:
        before = 0
        collector = perf_windows.Collector(1, interval_s)
        for number, at_s in enumerate(times, start=1):
            count = self.frames(at_s)
            average = count / (at_s - self.first_s) if count else 0.0
            row = f"**PERF:  {(count - before) / interval_s:.2f} ({average:.2f})\t\n"
            before = count
            line = "**PERF:  (app:1): GStreamer-WARNING\n" if number in self.cut else row
            collector.feed(line, seen_s[number - 1] if seen_s else at_s)
        collector.finish(times[-1])
        return collector.windows()


EVERY = [float(number) for number in range(1, 21)]


def test_windows_are_as_long_as_they_were_whenever_rows_are_seen() -> None:
    late = [at_s + 0.1 * number + (1.5 if number > 10 else 0.0) for number, at_s in enumerate(EVERY)]
    found = elapsed.of_run(App().play(late, seen_s=[60.0] * 20))
    assert found.by_averages
    assert found.span_s[1:] == pytest.approx([after - before for before, after in pairwise(late)], abs=0.01)
    assert found.since_first_s == (pytest.approx(0.4, abs=0.02),)
    assert sum(row[0] for row in found.frames) == App().frames(late[-1])


def test_frames_of_cut_rows_are_known_by_the_average_behind_them() -> None:
    app = App(still=((8.2, 10.7),), cut=(9, 10))
    found = elapsed.of_run(app.play(EVERY))
    assert found.by_averages
    gap = found.span_s.index(pytest.approx(3.0, abs=0.01))
    assert found.frames[gap][0] == pytest.approx(0.5 * 60, abs=2)
    verdict = measurement.of_run(app.play(EVERY), 30, RunContext())
    assert "paused-stream" in [reason.code for reason in verdict.reasons]
    assert measurement.of_run(App(cut=(9, 10)).play(EVERY), 30, RunContext()).real_time is RealTime.YES


@pytest.mark.parametrize("fps", [40.0, 60.0])
def test_a_stream_that_begins_while_rows_are_cut(fps: float) -> None:
    still = App(fps, first_s=1.4, still=((1.8, 6.5),), cut=(2, 3, 4, 5, 6))
    assert "paused-stream" in [one.code for one in measurement.of_run(still.play(EVERY), 30, RunContext()).reasons]
    begins = App(fps, first_s=5.4, cut=(2, 3, 4))
    assert measurement.of_run(begins.play(EVERY), 30, RunContext()).real_time is RealTime.YES


def test_a_first_frame_and_then_none_is_told_by_the_average() -> None:
    app = App(first_s=0.9, still=((0.91, 5.0),))
    windows = app.play(EVERY)
    assert windows.fps[4][0] == 0
    assert [one.code for one in measurement.of_run(windows, 30, RunContext()).reasons] == ["paused-stream"]
    assert measurement.of_run(App(first_s=4.9).play(EVERY), 30, RunContext()).real_time is RealTime.YES


def test_averages_of_another_kind_are_not_believed() -> None:
    chance = random.Random(3)
    values = [60 + chance.choice((-1, 0, 1)) for _ in range(20)]
    alike = Windows(1, 1, tuple(1.2 * at_s for at_s in EVERY), tuple((float(value),) for value in values))
    for averages in (
        [float(value) for value in values],  # the window's own
        [sum(values[:count]) / count for count in range(1, 21)],  # of nominal windows
        [0.0] * 20,
        [60.0 + chance.random() for _ in values],
    ):
        windows = Windows(
            1, 1, alike.at_s, alike.fps, avg=tuple((one,) for one in averages), number=tuple(range(1, 21))
        )
        found = elapsed.of_run(windows)
        assert not found.by_averages
        assert clock.of_rows(windows, 0, found) == pytest.approx(1.2)


@pytest.mark.parametrize("fps", [60.0, 2.0])
def test_averages_over_nominal_windows_tell_no_first_frame(fps: float) -> None:
    values = [0.0, 0.0, 0.0, fps / 2] + [fps] * 16
    rows = tuple((one,) for one in values)
    averages = tuple((round(sum(values[:count]) / count, 2),) for count in range(1, 21))
    windows = Windows(1, 1, tuple(EVERY), rows, avg=averages, number=tuple(range(1, 21)))
    assert elapsed.of_run(windows).since_first_s == (0.0,)
    assert measurement.of_run(windows, fps / 2, RunContext()).real_time is RealTime.YES


def test_rows_seen_late_are_not_printed_late() -> None:
    seen = [1.0, 2, 3, 4, 5, 8, 8.1, 8.2, 9, 10]
    windows = Windows(1, 1, tuple(seen), ((60.0,),) * 10)
    assert elapsed.of_run(windows).span_s == pytest.approx([1.0] * 5 + [1.0, 1.0, 1.0, 1.0, 1.0])
    frozen = [1.0, 2, 3, 4, 5, 8, 9, 10, 11, 12]
    windows = Windows(1, 1, tuple(frozen), ((60.0,),) * 10)
    assert elapsed.of_run(windows).span_s == pytest.approx([1.0] * 5 + [3.0] + [1.0] * 4)
    assert elapsed.of_run(Windows(1, 2, (), ())).span_s == ()


def test_recorded_windows_are_a_second_long_to_the_millisecond(shared: Path) -> None:
    for folder in ("nvml/decode_n64_720p", "perf_decode/retail_1080p_n16", "perf_infer/n4"):
        windows = consoles.windows_of_instances(shared / "gold" / folder / "console.log", 1)[0]
        found = elapsed.of_run(windows)
        assert found.by_averages, folder
        assert found.span_s[1:] == pytest.approx([1.0] * (len(windows.fps) - 1), abs=0.003), folder


def test_rows_in_bursts_say_nothing_of_single_windows() -> None:
    at_s = tuple(3.0 + 3.0 * (number // 3) for number in range(21))
    assert elapsed.of_run(Windows(1, 1, at_s, ((60.0,),) * 21)).span_s == (1.0,) * 21


def test_a_row_seen_late_at_last_was_late_as_far_as_is_known() -> None:
    windows = Windows(1, 1, (1.0, 2.0, 3.5, 4.0, 6.0), ((60.0,),) * 5)
    assert elapsed.as_seen(windows).span_s == pytest.approx([1.0, 1.0, 1.0, 1.0, 2.0])


def test_a_table_whose_beginning_is_gone_knows_no_frames_so_far() -> None:
    windows = App().play(EVERY)
    assert elapsed.of_averages(windows) is not None
    assert elapsed.of_averages(replace(windows, earlier=5)) is None
    assert elapsed.of_averages(replace(windows, avg=())) is None
    assert elapsed.of_averages(replace(windows, number=())) is None


def test_few_windows_tell_nothing() -> None:
    assert elapsed.of_averages(App().play(EVERY[:5])) is not None
    assert elapsed.of_averages(App().play(EVERY[:4])) is None


def test_a_window_shorter_than_a_timers_is_of_other_averages() -> None:
    windows = App().play(EVERY)
    averages = list(windows.avg)
    averages[10] = (averages[10][0] * 1.08,)
    assert elapsed.of_averages(replace(windows, avg=tuple(averages))) is None


def test_how_long_cut_rows_took_is_seen_where_rows_are_seen_as_they_come() -> None:
    late = [at_s + (2.5 if at_s > 9 else 0.0) for at_s in EVERY]
    found = elapsed.of_run(App(cut=(10, 11)).play(late))
    assert found.span_s[9] == pytest.approx(5.5, abs=0.01)
    assert found.frames[9][0] == pytest.approx(5.5 * 60, abs=2)
    at_once = elapsed.of_run(App(cut=(10, 11)).play(EVERY, seen_s=[60.0] * 20))
    assert at_once.by_averages
    assert at_once.span_s[9] == 3.0


@pytest.mark.parametrize("cut", range(9, 18))
def test_a_cut_row_among_rows_in_bursts_is_one_row(cut: int) -> None:
    bursts = [EVERY[min(19, number + 7 - number % 8)] for number in range(20)]
    windows = App(cut=(cut,)).play(EVERY, seen_s=bursts)
    found = measurement.of_run(windows, 50, RunContext())
    assert (found.clock, found.real_time) == (1.0, RealTime.YES)


def test_averages_know_the_clock_whenever_bursts_are_seen() -> None:
    bursts = [EVERY[number + 4 - number % 5] for number in range(17)]
    windows = App().play([*EVERY[:17]], seen_s=[*bursts[:15], 26.0, 26.0])
    found = measurement.of_run(windows, 50, RunContext())
    assert (found.clock, found.real_time) == (1.0, RealTime.YES)


def test_nominal_averages_do_not_tell_the_clock_of_rows_in_bursts() -> None:
    at_s = tuple(3.6 + 3.6 * (number // 3) for number in range(24))
    nominal = Windows(1, 1, at_s, ((60.0,),) * 24, avg=((60.0,),) * 24, number=tuple(range(1, 25)))
    found = elapsed.of_run(nominal)
    assert not found.by_averages
    assert clock.of_rows(nominal, 0, found) == pytest.approx(1.2)


def test_a_first_long_window_may_be_slower() -> None:
    class Slower(App):
        def frames(self, at_s: float) -> int:
            return super().frames(at_s) - int(15 * min(max(0.0, at_s - self.first_s), 10 - self.first_s))

    times = [10.0 * number for number in range(1, 13)]
    assert measurement.of_run(Slower().play(times, interval_s=10), 30, RunContext()).real_time is RealTime.YES


def test_averages_of_few_frames_are_too_coarse_for_a_window() -> None:
    many, few = App(fps=60.0), App(fps=0.4)
    both = many.play(EVERY), few.play(EVERY)
    windows = Windows(
        1,
        2,
        both[0].at_s,
        tuple((a[0], b[0]) for a, b in zip(both[0].fps, both[1].fps, strict=True)),
        avg=tuple((a[0], b[0]) for a, b in zip(both[0].avg, both[1].avg, strict=True)),
        number=both[0].number,
    )
    assert elapsed.of_run(windows).span_s[1:] == pytest.approx([1.0] * 19, abs=0.01)


def test_one_stream_of_many_does_not_tell_how_long_a_window_was() -> None:
    windows = App().play(EVERY)
    odd = tuple((one, one, one * (0.9 if row == 9 else 1.0)) for row, (one,) in enumerate(windows.avg))
    three = replace(windows, streams=3, fps=tuple(row * 3 for row in windows.fps), avg=odd)
    assert elapsed.of_run(three).span_s[1:] == pytest.approx([1.0] * 19, abs=0.01)


def test_the_clock_is_the_later_of_what_averages_and_rows_say() -> None:
    late = [1.2 * at_s for at_s in EVERY]
    windows = App().play(late, seen_s=EVERY)
    assert clock.of_rows(windows, 0, elapsed.of_run(windows)) == pytest.approx(1.2, abs=0.02)
    assert clock.latest(windows, 0, elapsed.of_run(windows)) == pytest.approx(1.2, abs=0.02)
    on_time = App().play(EVERY, seen_s=late)
    assert clock.of_rows(on_time, 0, elapsed.of_run(on_time)) == pytest.approx(1.2, abs=0.02)
    assert clock.of_rows(windows, 17, elapsed.of_run(windows)) is None, "three windows"


@pytest.mark.parametrize(
    ("gaps", "missing"),
    [
        ([2.0] * 20, 0.0),
        ([2.2] * 20, 0.0),  # a late clock is not a pause
        ([2.0] * 9 + [6.5] + [2.0] * 9, 4.5),
        ([2.0] * 9 + [6.0, 0.0, 0.0] + [2.0] * 9, 0.0),  # seen late, and then all at once
        ([2.0] * 9 + [6.0, 0.0] + [2.0] * 9, 2.0),  # one of them never came
        ([6.0, 0.0, 0.0] * 5, 0.0),  # bursts
        ([2.0] * 9 + [6.5], 4.5),
        ([], 0.0),
    ],
)
def test_missing_rows(gaps: list[float], missing: float) -> None:
    times = [1.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    assert elapsed.missing_s(times, 2) == pytest.approx(missing)
