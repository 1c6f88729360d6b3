"""What a run says of all its streams: valid, inconclusive or invalid, and for which reason."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from dsbench.formats.perf.windows import Windows
from dsbench.formats.telemetry import THROTTLE, OtherProcess, Series
from dsbench.judge.run import measurement
from dsbench.judge.run.early_end import EarlyEnd
from dsbench.judge.run.measurement import Measurement, RealTime, State
from dsbench.judge.run.run_context import RunContext

RUN_1 = RunContext(confirms=False)


def table(*rows: tuple[float, ...], interval_s: int = 2) -> Windows:
    return Windows(interval_s, len(rows[0]), tuple(float(interval_s * n) for n in range(1, len(rows) + 1)), rows)


def steady(*means: float, count: int = 20, seed: int = 1) -> Windows:
    """Windows in frames of half an FPS around each stream's mean."""
    chance = random.Random(seed)
    return table(*(tuple(round(2 * mean + chance.gauss(0, 0.7)) / 2 for mean in means) for _ in range(count)))


def judged(windows: Windows, context: RunContext | None = None, target: float = 30) -> Measurement:
    return measurement.of_run(windows, target, context or RunContext())


def codes(found: Measurement) -> list[str]:
    return [reason.code for reason in found.reasons]


def remarks(found: Measurement) -> list[str]:
    return [one.code for one in found.remarks]


def test_a_steady_run() -> None:
    found = judged(steady(33, 32, 40))
    assert (found.state, found.reasons, found.real_time) == (State.VALID, (), RealTime.YES)
    assert (found.streams, found.windows, found.warm_up_s) == (3, 19, 2.0)
    assert found.slowest == 1
    assert found.total is not None
    assert found.total.low < 105 < found.total.high
    assert len(found.per_stream) == 3


@pytest.mark.parametrize(
    ("means", "target", "real_time"),
    [
        pytest.param((40, 29, 40), 30, RealTime.NO, id="one-too-slow"),
        pytest.param((20, 20), 30, RealTime.NO, id="all-too-slow"),
        pytest.param((40, 29, 40), 25, RealTime.YES, id="lower-target"),
    ],
)
def test_every_stream_decides_not_stream_0(means: tuple[float, ...], target: float, real_time: RealTime) -> None:
    found = judged(steady(*means), target=target)
    assert (found.state, found.real_time) == (State.VALID, real_time)


def test_the_target_within_the_interval_is_inconclusive_where_it_is_asked() -> None:
    windows = steady(30.05, 33)
    found = judged(windows)
    assert (found.state, found.real_time) == (State.INCONCLUSIVE, RealTime.UNSURE)
    assert codes(found) in (["near-target"], ["quantisation"])
    assert judged(windows, RUN_1).state is State.VALID


def test_one_frame_more_or_less() -> None:
    found = judged(table(*[(30.0,)] * 20))
    assert (codes(found), found.real_time) == (["quantisation"], RealTime.UNSURE)
    assert judged(table(*[(30.5,)] * 20)).real_time is RealTime.YES


LATE_DEATH = table(*[(36.0, 40.0)] * 9, *[(36.0, 0.0)] * 9)
PAUSE_OF_ONE = table(*[(60.0, 60.0)] * 9, *[(60.0, 0.0)] * 4, *[(60.0, 60.0)] * 9)
PAUSE_OF_ALL = table(*[(60.0,)] * 9, *[(0.0,)] * 2, *[(60.0,)] * 18)


@pytest.mark.parametrize(
    ("windows", "state", "code", "real_time"),
    [
        pytest.param(table(*[(40.0,)] * 4), State.INCONCLUSIVE, "too-few-windows", RealTime.UNSURE, id="four"),
        pytest.param(table((0.0,), (40.0,)), State.INCONCLUSIVE, "too-few-windows", RealTime.UNSURE, id="start-up"),
        pytest.param(
            table(*[(37.0,), (28.0,)] * 9), State.INCONCLUSIVE, "two-states", RealTime.UNSURE, id="two-states"
        ),
        pytest.param(table(*[(160.0,), (28.0,)] * 9), State.INVALID, "two-states", RealTime.UNSURE, id="far-states"),
        pytest.param(
            table(*[(60.0 - n,) for n in range(20)]), State.INCONCLUSIVE, "drift", RealTime.UNSURE, id="drift"
        ),
        pytest.param(
            table(*[(32.0 - n / 10,) for n in range(20)]), State.INCONCLUSIVE, "drift", RealTime.UNSURE, id="slow-drift"
        ),
        pytest.param(LATE_DEATH, State.INVALID, "stalled-stream", RealTime.NO, id="stalled-for-good"),
        pytest.param(PAUSE_OF_ONE, State.INCONCLUSIVE, "paused-stream", None, id="one-stream-paused"),
        pytest.param(PAUSE_OF_ALL, State.INCONCLUSIVE, "paused-stream", None, id="all-paused"),
        pytest.param(replace(steady(40), broken=21), State.INCONCLUSIVE, "rows-lost", RealTime.UNSURE, id="rows-cut"),
    ],
)
def test_windows_that_do_not_decide(windows: Windows, state: State, code: str, real_time: RealTime | None) -> None:
    found = judged(windows)
    assert found.state is state
    assert code in codes(found)
    assert found.real_time is not RealTime.YES
    assert real_time is None or found.real_time is real_time


NOISY = table(*[(float(31 + (5 * n * n) % 37),) for n in range(20)])
UP_AND_DOWN = table(*[(38.0, 45.0)] * 5, *[(31.0, 45.0)] * 5, *[(38.0, 45.0)] * 5, *[(31.5, 45.0)] * 4)


@pytest.mark.parametrize(
    ("windows", "seen"),
    [
        pytest.param(table(*[(40.0,), (33.0,)] * 9), ["two-states"], id="two-states"),
        pytest.param(table(*[(160.0,), (33.0,)] * 9), ["two-states"], id="far-states"),
        pytest.param(UP_AND_DOWN, ["near-target"], id="one-of-two-streams"),
        pytest.param(table(*[(38.0,)] * 9, *[(31.0,)] * 9), ["two-states", "drift", "near-target"], id="changed-once"),
        pytest.param(table(*[(31.0 + n / 2,) for n in range(20)]), ["two-states", "drift"], id="rises"),
        pytest.param(NOISY, [], id="noise"),
    ],
)
def test_windows_that_all_reach_the_target_decide(windows: Windows, seen: list[str]) -> None:
    found = judged(windows)
    assert (found.state, codes(found), remarks(found)) == (State.VALID, [], seen)
    assert (found.real_time, found.every_window) == (RealTime.YES, True)
    one_below = replace(windows, fps=(*windows.fps[:-1], (29.0,) * windows.streams))
    assert not judged(one_below).every_window


@pytest.mark.parametrize(
    ("windows", "most_streams", "state"),
    [
        pytest.param(table(*[(40.0,), (33.0,)] * 9), 8, State.VALID, id="one-stream-at-either-level"),
        pytest.param(table(*[(70.0,), (40.0,)] * 9), 8, State.INCONCLUSIVE, id="one-or-two-streams"),
        pytest.param(table(*[(70.0,), (40.0,)] * 9), 1, State.VALID, id="max-bs-decides"),
        pytest.param(table(*[(70.0,), (65.0,), (90.0,)] * 6), 8, State.INCONCLUSIVE, id="two-or-three"),
        pytest.param(table(*[(70.0,), (55.0,)] * 9), 0, State.INCONCLUSIVE, id="max-bs-not-known"),
    ],
)
def test_run_1_decides_where_every_window_gives_the_same_number_of_streams(
    windows: Windows, most_streams: int, state: State
) -> None:
    found = judged(windows, RunContext(confirms=False, most_streams=most_streams))
    assert found.state is state
    assert codes(found) or remarks(found)


def test_other_load_in_run_1_matters_unless_max_bs_decides() -> None:
    loaded = RunContext(series(others_cpu_pct=90.0), cores=2, confirms=False, most_streams=4)
    assert codes(judged(steady(33, 33), loaded)) == ["other-load"]
    assert remarks(judged(steady(33, 33), replace(loaded, most_streams=2))) == ["other-load"]


def seen(windows: Windows, at_s: list[float], begun_s: list[float] | None = None) -> Windows:
    every = begun_s or at_s
    numbers = tuple(every.index(one) + 1 for one in at_s)
    return replace(windows, at_s=tuple(at_s), begun_s=tuple(every), number=numbers)


EVERY_2_S = [2.0 * number for number in range(1, 21)]


def after_20_s(later_s: float) -> list[float]:
    """Rows every 2 s that come ``later_s`` later from 20 s on."""
    return [at_s + (later_s if at_s > 20 else 0.0) for at_s in EVERY_2_S]


@pytest.mark.parametrize("at_s", [EVERY_2_S, after_20_s(0.8)], ids=["regular", "0.8 s late"])
def test_rows_in_time_are_believed(at_s: list[float]) -> None:
    assert judged(seen(steady(34, 36), at_s)).real_time is RealTime.YES


@pytest.mark.parametrize(
    ("later_s", "code", "text"),
    [
        (4.0, "silent", "no PERF row for 4.0 s longer than usual"),
        (2.0, "fell-behind", "fell up to 1.7 s behind a camera of 30 FPS"),
    ],
)
def test_an_app_that_stands_still_between_two_rows_is_not_believed(later_s: float, code: str, text: str) -> None:
    found = judged(seen(steady(34, 36), after_20_s(later_s)))
    assert (codes(found), found.real_time) == ([code], RealTime.UNSURE)
    assert text in found.reasons[0].text


LOST = steady(34, 36, count=17)  # 3 of 20 rows were not read
NOT_BEGUN = replace(LOST, fps=((0.0, 0.0), (0.0, 0.0), *LOST.fps[2:]))


@pytest.mark.parametrize(
    ("at_s", "text"),
    [
        (EVERY_2_S[:8] + EVERY_2_S[11:], "every PERF row for 6.0 s"),
        (EVERY_2_S[3:], "the first 3 PERF rows"),
    ],
    ids=["in the middle", "at the start"],
)
def test_rows_that_are_lost_one_after_the_other_hide_what_happened(at_s: list[float], text: str) -> None:
    found = judged(seen(LOST, at_s, EVERY_2_S))
    assert (codes(found), found.real_time) == (["rows-lost"], RealTime.UNSURE)
    assert text in found.reasons[0].text


@pytest.mark.parametrize(
    "windows",
    [
        pytest.param(
            seen(LOST, [at_s for number, at_s in enumerate(EVERY_2_S) if number not in (5, 10, 15)], EVERY_2_S),
            id="one at a time",
        ),
        # those of a long run that are not kept any more were not cut
        pytest.param(replace(seen(LOST, EVERY_2_S[3:], EVERY_2_S), earlier=3), id="not kept"),
        pytest.param(seen(NOT_BEGUN, EVERY_2_S[3:], EVERY_2_S), id="before the streams begin"),
    ],
)
def test_lost_rows_that_hide_nothing(windows: Windows) -> None:
    assert judged(windows).real_time is RealTime.YES


def test_rows_lost_after_a_stream_had_begun_and_stopped() -> None:
    averages = ((5.0, 0.0), *[(0.0, 0.0)] * 16)
    found = judged(replace(seen(NOT_BEGUN, EVERY_2_S[3:], EVERY_2_S), avg=averages))
    assert codes(found) == ["rows-lost"]


def test_a_stream_that_nearly_stops_in_the_last_window_may_have_ended() -> None:
    rows = [(50.0, 50.0)] * 11 + [(50.0, 20.0)]
    found = judged(table(*rows, interval_s=5))
    assert (codes(found), found.real_time) == (["stopped-stream"], RealTime.UNSURE)
    assert "stopped-stream" not in codes(judged(table(*rows, interval_s=5), RUN_1)), "no target decides"


def test_a_pause_in_the_warm_up_says_nothing_where_no_target_decides() -> None:
    rows = [(0.0,), (60.0,), (0.0,), (0.0,), *[(60.0,)] * 20]
    assert codes(judged(table(*rows))) == ["paused-stream"]
    assert codes(judged(table(*rows), RUN_1)) == []


def test_an_even_level_below_the_target_at_first_is_told_and_one_above_it_is_warm_up() -> None:
    chance = random.Random(7)

    def run(level: float, confirms: bool = True) -> Measurement:
        rows = [(10.0, 10.0)] + [(level + chance.choice((0, 0.5)), level) for _ in range(4)] + [(50.0, 50.0)] * 20
        return judged(table(*rows), RunContext(confirms=confirms))

    found = run(22)
    assert (found.state, codes(found), found.real_time) == (State.INCONCLUSIVE, ["two-states"], RealTime.UNSURE)
    assert (
        "stream 0 alternated between two frame rates, or changed once: about 22.2 and 50.0 FPS" in found.reasons[0].text
    )
    assert (run(35).state, run(35).real_time) == (State.VALID, RealTime.YES)
    assert run(22, confirms=False).state is State.VALID


def test_a_stream_that_begins_when_most_is_over_leaves_too_little() -> None:
    rows = [(40.0, 0.0)] * 11 + [(40.0, 40.0)] * 9
    found = judged(table(*rows))
    assert (codes(found), found.real_time) == (["too-few-windows"], RealTime.UNSURE)
    assert "the last stream began after 24 s" in found.reasons[0].text
    assert judged(table(*rows[2:])).real_time is RealTime.YES


@pytest.mark.parametrize(("interval_s", "still"), [(1, 1), (1, 2), (2, 1), (2, 2), (10, 2)])
def test_a_stream_that_dies_at_the_end_is_never_real_time(interval_s: int, still: int) -> None:
    found = judged(table(*[(60.0, 60.0)] * 27, *[(60.0, 0.0)] * still, interval_s=interval_s))
    assert (found.state, codes(found), found.real_time) == (State.INCONCLUSIVE, ["stopped-stream"], RealTime.UNSURE)
    assert "stream 1 had no frame at the end of the run" in found.reasons[0].text


def test_a_slow_model_may_end_with_a_window_without_a_frame() -> None:
    rows = [(1.0, float(n % 3 != 2)) for n in range(30)]  # two frames in three seconds
    assert judged(table(*rows, interval_s=1), target=0.3).real_time is RealTime.YES
    rows = [(2.0, 2.0)] * 27 + [(2.0, 0.0)] * 2  # four were due
    assert "stopped-stream" not in codes(judged(table(*rows, interval_s=1), target=1))


def test_each_reason_has_its_own_state_the_measurement_the_worst() -> None:
    rows = [(60.0 - n, 0.0 if n > 9 else 60.0 - n) for n in range(20)]
    found = judged(table(*rows))
    states = {reason.code: reason.state for reason in found.reasons}
    assert found.state is State.INVALID
    assert states["stalled-stream"] is State.INVALID
    assert [code for code, state in states.items() if state is State.INCONCLUSIVE]
    assert found.reasons[0].state is State.INVALID, "the worst comes first"


def test_no_window_at_all() -> None:
    found = judged(Windows(2, 2, (), ()))
    assert (found.state, codes(found), found.total, found.slowest) == (
        State.INCONCLUSIVE,
        ["too-few-windows"],
        None,
        None,
    )


def test_ordinary_noise_widens_the_interval_and_is_never_invalid() -> None:
    chance = random.Random(3)
    for _ in range(20):
        found = judged(table(*((60 * (1 + 0.12 * chance.gauss(0, 1)),) for _ in range(19)), interval_s=1))
        assert found.state is not State.INVALID
        assert found.real_time is not RealTime.NO


def test_rows_that_come_too_late_make_the_printed_fps_too_high() -> None:
    windows = steady(31.5)
    late = replace(windows, at_s=tuple(1.1 * at for at in windows.at_s))
    found = judged(late)
    assert codes(found) == ["clock"]
    assert "every 2.20 s" in found.reasons[0].text
    assert found.per_stream[0].mean == pytest.approx(31.5 / 1.1, abs=0.2)
    assert found.real_time is RealTime.NO, "30 by the printed figure"


def test_cut_rows_are_no_slow_clock() -> None:
    chance = random.Random(4)
    begun = tuple(n + chance.uniform(0, 0.05) for n in range(1, 61))
    rows = tuple((40.0 + chance.choice((0, 1)),) for _ in range(30))
    found = judged(Windows(1, 1, begun[::2], rows, broken=30, begun_s=begun, number=tuple(range(1, 61, 2))))
    assert (found.state, codes(found), found.clock, found.real_time) == (State.VALID, [], 1.0, RealTime.YES)
    assert found.per_stream[0].mean == pytest.approx(40.5, abs=0.3)
    slow = tuple(1.2 * at_s for at_s in begun)
    found = judged(Windows(1, 1, slow[::2], rows, broken=30, begun_s=slow, number=tuple(range(1, 61, 2))))
    assert codes(found) == ["clock"]
    assert found.clock == pytest.approx(1.2, abs=0.01)


def test_a_row_seen_a_little_late_is_no_clock() -> None:
    windows = replace(steady(31.5, count=10), interval_s=1, at_s=(*map(float, range(1, 10)), 10.4))
    found = judged(windows)
    assert found.clock == 1
    exact = judged(replace(windows, at_s=tuple(map(float, range(1, 11)))))
    assert found.per_stream[0].mean == exact.per_stream[0].mean
    assert found.per_stream[0].low < exact.per_stream[0].low, "it may have been late"
    assert found.per_stream[0].high == exact.per_stream[0].high


def test_rows_that_stop() -> None:
    assert codes(judged(steady(40), RunContext(due_s=60))) == ["silent"]
    assert judged(steady(40), RunContext(due_s=41)).state is State.VALID


def test_an_end_of_cut_rows_is_lost_not_silent() -> None:
    whole = steady(40)
    cut = replace(whole, broken=10, begun_s=(*whole.at_s, *(whole.at_s[-1] + 2.0 * n for n in range(1, 11))))
    found = judged(cut, RunContext(due_s=61))
    assert (found.state, codes(found)) == (State.INCONCLUSIVE, ["rows-lost"])
    assert "every PERF row of the last 20.0 s" in found.reasons[0].text


@pytest.mark.parametrize("rows", [(), ((0.0, 0.0),), ((40.0, 40.0),) * 4])
def test_where_rows_are_cut_more_seconds_do_not_help(rows: tuple[tuple[float, ...], ...]) -> None:
    found = judged(Windows(2, 2, tuple(2.0 * n for n in range(1, len(rows) + 1)), rows, broken=30))
    assert (found.state, codes(found), found.real_time) == (State.INCONCLUSIVE, ["rows-lost"], RealTime.UNSURE)
    assert "30 PERF rows, " in found.reasons[0].text
    assert "--perf-seconds" not in found.reasons[0].text


def test_an_engine_build_counts_only_within_the_windows() -> None:
    assert codes(judged(steady(40), RunContext(builds=((20.0, 25.0),)))) == ["engine-build"]
    assert judged(steady(40), RunContext(builds=((20.0, 25.0),))).state is State.INVALID
    assert judged(steady(40), RunContext(builds=((0.5, 2.0),))).state is State.VALID


def series(processes: tuple[OtherProcess, ...] = (), before: float = 0.0, **values: float) -> Series:
    columns = ("seconds", "sm_pct", "cpu_pct", "others_cpu_pct", "steal_pct", THROTTLE)
    row = {"sm_pct": 80.0, "cpu_pct": 95.0, "others_cpu_pct": 5.0, "steal_pct": 0.0, THROTTLE: 0.0} | values
    rows = [(n / 2, *(row[name] for name in columns[1:])) for n in range(90)]
    rows[0] = (0.0, before, 0.0, 0.0, 0.0, 0.0)
    return Series(("GPU",), columns, tuple(rows), processes)


@pytest.mark.parametrize(
    ("telemetry", "state", "code"),
    [
        pytest.param(series(), State.VALID, "", id="quiet"),
        # SwPowerCap: how a GPU runs under full load
        pytest.param(series(throttle_reasons=0x4), State.VALID, "", id="power-cap"),
        pytest.param(series(throttle_reasons=0x40), State.INVALID, "throttled", id="thermal"),
        pytest.param(series(others_cpu_pct=90.0), State.INCONCLUSIVE, "other-load", id="others-and-no-time-left"),
        pytest.param(series(others_cpu_pct=90.0, cpu_pct=50.0), State.VALID, "", id="others-and-time-left"),
        pytest.param(series(steal_pct=15.0), State.INCONCLUSIVE, "other-load", id="steal"),
        pytest.param(series(before=30.0), State.INCONCLUSIVE, "other-load", id="gpu-busy-before"),
        pytest.param(
            series((OtherProcess(7, "train", 900.0, before=False),)), State.INCONCLUSIVE, "other-load", id="newcomer"
        ),
        pytest.param(series((OtherProcess(7, "Xorg", 40.0, before=True),)), State.VALID, "", id="there-before"),
    ],
)
def test_what_the_device_did_meanwhile(telemetry: Series, state: State, code: str) -> None:
    found = judged(steady(40), RunContext(telemetry, cores=2), target=45)
    assert (found.state, codes(found)) == (state, [code] if code else [])
    kept_up = judged(steady(40), RunContext(telemetry, cores=2))
    assert (kept_up.real_time, codes(kept_up), remarks(kept_up)) == (RealTime.YES, [], [code] if code else [])


def test_slow_beside_other_load_is_no_answer() -> None:
    loaded = RunContext(series(others_cpu_pct=90.0), cores=2)
    found = judged(steady(20), loaded)
    assert (codes(found), found.real_time, found.disturbed) == (["other-load"], RealTime.UNSURE, True)
    assert judged(replace(steady(20), broken=30)).real_time is RealTime.UNSURE
    still = table(*[(36.0, 40.0)] * 9, *[(36.0, 0.0)] * 9)
    assert judged(still, loaded).real_time is RealTime.NO, "a stream that stands still does so for another reason"
    found = judged(steady(20), RunContext(series(), cores=2))
    assert (found.real_time, found.disturbed) == (RealTime.NO, False)


def test_throttled_for_some_of_the_time_is_inconclusive() -> None:
    some = series()
    rows = tuple((*row[:-1], 0x40 if 20 < number < 40 else 0) for number, row in enumerate(some.rows))
    found = judged(steady(40), RunContext(replace(some, rows=rows)), target=45)
    assert (found.state, codes(found)) == (State.INCONCLUSIVE, ["throttled"])
    assert judged(steady(20), RunContext(replace(some, rows=rows))).real_time is RealTime.UNSURE
    assert "HwThermalSlowdown in 25% of the samples" in found.reasons[0].text


def part(windows: Windows, count: int) -> Windows:
    return replace(windows, at_s=windows.at_s[:count], fps=windows.fps[:count])


def ends_at(windows: Windows, rule: EarlyEnd) -> int | None:
    return next((count for count in range(1, len(windows.fps)) if rule.reached(part(windows, count))), None)


CONFIRMS = EarlyEnd(0.02, 30, confirms=True, most_streams=8, seconds=60)
CALIBRATES = EarlyEnd(0.02, 30, confirms=False, most_streams=64, seconds=60)


@pytest.mark.parametrize(
    ("windows", "rule", "end"),
    [
        # ten steady windows after one of start-up
        pytest.param(steady(40, 41), CONFIRMS, 11, id="fast"),
        pytest.param(steady(20, 41), CONFIRMS, 11, id="slow"),
        pytest.param(steady(30.05, 41), CONFIRMS, None, id="near-target"),
        # stream 0's own answer, the specification's, is not clear
        pytest.param(steady(30.1, 20), CONFIRMS, None, id="stream-0-near-target"),
        pytest.param(steady(40, 41), replace(CONFIRMS, precision=0.0), None, id="never"),
        pytest.param(steady(40, 41), replace(CONFIRMS, precision=0.001), None, id="not-precise-enough"),
        pytest.param(table(*[(40.0,), (36.0,)] * 10), CONFIRMS, None, id="two-states"),
        pytest.param(table(*[(60.0 - n,) for n in range(20)]), CONFIRMS, None, id="drift"),
        pytest.param(table(*[(60.0, 60.0)] * 6, *[(60.0, 0.0)] * 14), CONFIRMS, None, id="stalled-stream"),
        # 135.6 / 30 = 4.52: RT_STREAMS cannot change any more
        pytest.param(steady(33.9, 33.9, 33.9, 33.9), CALIBRATES, 11, id="run-1"),
        pytest.param(steady(30.02, 30.02), CALIBRATES, None, id="run-1-one-or-two"),
        pytest.param(steady(*[60.05] * 4), replace(CALIBRATES, most_streams=4), 11, id="run-1-max-bs-decides"),
    ],
)
def test_when_a_run_ends_early(windows: Windows, rule: EarlyEnd, end: int | None) -> None:
    assert ends_at(windows, rule) == end


def test_a_run_that_becomes_slower_does_not_end_early_if_it_will_be_too_slow_in_time() -> None:
    chance = random.Random(1)
    slower = table(*((40.0, 34.0 - 0.15 * n + chance.gauss(0, 0.1)) for n in range(29)))
    assert ends_at(slower, CONFIRMS) is None
    assert ends_at(slower, replace(CONFIRMS, seconds=20)) is not None, "it has no time to become too slow"
