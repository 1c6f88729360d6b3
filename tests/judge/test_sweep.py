"""The search against machines of known capacity, with and without noise: the right count, in few runs."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from dsbench.judge import sweep
from dsbench.judge.run.measurement import Measurement, RealTime, Reason, State
from dsbench.judge.run.reason import ReasonCode
from dsbench.judge.run.statistics import Interval
from dsbench.judge.sweep import Bounds, SweepTrial

TARGET = 30.0


def measured(
    streams: int, low: float, high: float, state: State = State.VALID, *, code: str = "", stalled: tuple[int, ...] = ()
) -> Measurement:
    one = Interval((low + high) / 2, low, high)
    reasons = (Reason(code, "why"),) if code else ()
    return Measurement(state, reasons, streams, TARGET, 1.0, 20, one.scaled(streams), (one,) * streams, stalled)


def trial(streams: int, fps: float, source: str = "Sweep", spread: float = 0.2) -> SweepTrial:
    return SweepTrial(streams, source, measured(streams, fps - spread, fps + spread), confirms=source != "Run 1")


YES, NO, UNSURE = 31.0, 20.0, 30.0


def search(start: list[SweepTrial], max_bs: int, fps: Callable[[int], float]) -> list[SweepTrial]:
    trials = list(start)
    while (streams := sweep.next_streams(trials, max_bs)) is not None:
        assert 1 <= streams <= max_bs
        trials.append(trial(streams, fps(streams)))
        assert len(trials) < 60, "the search does not end"
    return trials


@pytest.mark.parametrize("capacity", [0, 1, 2, 5, 17, 40, 63, 64, 65, 100])
@pytest.mark.parametrize("guess", [1, 3, 16, 64])
@pytest.mark.parametrize("max_bs", [1, 8, 64])
def test_the_capacity_is_found_from_any_start(capacity: int, guess: int, max_bs: int) -> None:
    def fps(streams: int) -> float:
        return (capacity + 0.5) * TARGET / streams

    first = min(guess, max_bs)
    start = [trial(max_bs, fps(max_bs), "Run 1"), trial(first, fps(first), "Run 2")]
    trials = search(start, max_bs, fps)
    found = sweep.bounds(trials, max_bs)
    assert found == Bounds(min(capacity, max_bs), min(capacity, max_bs) + 1)
    if found.low:
        assert sum(one.streams == found.low for one in trials) >= 2, "confirmed by a repeat"
    assert len(trials) - 2 <= 14


def test_a_good_guess_needs_two_runs() -> None:
    start = [trial(64, 9.6, "Run 1"), trial(20, 30.7, "Run 2")]
    trials = search(start, 64, lambda streams: 20.5 * TARGET / streams)
    assert [one.streams for one in trials[2:]] == [21, 20]


def test_a_repeat_that_fails_moves_the_answer_down() -> None:
    trials = [trial(8, NO), trial(6, YES), trial(7, YES)]
    assert sweep.next_streams(trials, 8) == 7
    trials.append(trial(7, NO))
    assert sweep.bounds(trials, 8) == Bounds(6, 7)
    assert sweep.next_streams(trials, 8) == 6
    assert sweep.next_streams([*trials, trial(6, YES)], 8) is None


def test_a_run_that_does_not_decide_is_made_once_more() -> None:
    trials = [trial(8, NO), trial(6, YES), trial(7, UNSURE)]
    assert sweep.bounds(trials, 8) == Bounds(6, 7)
    assert sweep.next_streams(trials, 8) == 7
    decided = [*trials, trial(7, YES)]
    assert sweep.bounds(decided, 8) == Bounds(7, 8)
    assert sweep.next_streams(decided, 8) == 7, "one run that agrees is no repeat"
    assert sweep.next_streams([*decided, trial(7, YES)], 8) is None
    undecided = [*trials, trial(7, UNSURE), trial(6, YES)]
    assert sweep.next_streams(undecided, 8) is None
    assert sweep.answer(undecided, 8) == "Sweep: 6 streams in real time, in 2 of 2 runs; the runs with 7 do not decide"


def test_nothing_confirmed_is_not_the_same_as_nothing_real_time() -> None:
    trials = [trial(2, NO), trial(1, UNSURE)]
    assert sweep.next_streams(trials, 2) == 1
    trials.append(trial(1, UNSURE))
    assert sweep.next_streams(trials, 2) is None
    assert sweep.largest(trials, 2) is None
    assert sweep.largest([trial(2, NO), trial(1, NO)], 2) == 0
    assert sweep.largest([trial(2, UNSURE), trial(2, UNSURE), trial(1, YES), trial(1, YES)], 2) == 1
    assert sweep.answer(trials, 2) == "Sweep: no stream count is confirmed; the runs with 1 do not decide"


def test_a_failure_below_a_success_wins() -> None:
    assert sweep.bounds([trial(4, YES), trial(6, NO), trial(9, YES)], 16) == Bounds(4, 6)


def test_with_noise_the_answer_is_never_beyond_the_capacity() -> None:
    generator = random.Random(0)
    for _ in range(300):
        capacity = generator.randint(1, 40)

        def fps(streams: int, capacity: int = capacity) -> float:
            return (capacity + 0.2) * TARGET / streams * generator.gauss(1.0, 0.003)

        guess = max(1, capacity + generator.randint(-2, 2))
        trials = search([trial(64, fps(64), "Run 1"), trial(guess, fps(guess), "Run 2")], 64, fps)
        assert capacity - 2 <= sweep.bounds(trials, 64).low <= capacity


def test_a_run_that_cannot_be_trusted_confirms_nothing() -> None:
    invalid = SweepTrial(4, "Sweep", measured(4, 40.0, 41.0, State.INVALID))
    assert sweep.bounds([trial(8, NO), trial(3, YES), invalid], 8) == Bounds(3, 4)
    assert sweep.next_streams([trial(8, NO), trial(3, YES), invalid], 8) == 4


@pytest.mark.parametrize("code", [ReasonCode.OTHER_LOAD, ReasonCode.THROTTLED, ReasonCode.ROWS_LOST])
def test_a_disturbed_run_that_is_too_slow_is_made_again(code: str) -> None:
    slow = SweepTrial(7, "Sweep", measured(7, 19.0, 20.0, State.INCONCLUSIVE, code=code))
    assert slow.real_time is RealTime.UNSURE
    assert sweep.trial_line(slow).endswith(f"(19.00 to 20.00) | real-time: UNSURE ({code})")
    trials = [trial(8, NO), trial(6, YES), trial(6, YES), slow]
    assert sweep.next_streams(trials, 8) == 7
    assert sweep.bounds([*trials, trial(7, YES), trial(7, YES)], 8) == Bounds(7, 8)
    assert sweep.verdict([*trials, slow], 7) is RealTime.UNSURE, "two disturbed runs are no answer"
    assert sweep.answer([*trials, slow], 8).endswith("the runs with 7 do not decide")
    assert sweep.verdict([*trials, trial(7, NO)], 7) is RealTime.NO


def test_a_stream_that_stands_still_once_may_be_chance() -> None:
    still = SweepTrial(7, "Sweep", measured(7, 0.0, 40.0, State.INVALID, code=ReasonCode.STALLED_STREAM, stalled=(3,)))
    assert still.real_time is RealTime.NO
    trials = [trial(8, NO), trial(6, YES), trial(6, YES), still]
    assert sweep.next_streams(trials, 8) == 7
    assert sweep.bounds([*trials, trial(7, YES), trial(7, YES)], 8) == Bounds(7, 8)
    assert sweep.answer([*trials, still], 8) == "Sweep: 6 streams in real time, in 2 of 2 runs; 7 are not"


@pytest.mark.parametrize("fps", [NO, UNSURE])
def test_what_run_1_says_is_no_upper_bound(fps: float) -> None:
    trials = [trial(8, fps, "Run 1"), trial(6, YES, "Run 2")]
    assert sweep.next_streams(trials, 8) == 7, "it shows where to look"
    trials += [trial(7, YES)]
    assert sweep.next_streams(trials, 8) == 8, "and is made again before it bounds the answer"
    above = [*trials, trial(8, YES), trial(8, YES)]
    assert sweep.next_streams(above, 8) is None
    assert sweep.answer(above, 8) == ("Sweep: 8 streams in real time, in 2 of 2 runs; MAX_BS=8 is the largest count")
    below = [*trials, trial(8, NO)]
    assert sweep.next_streams(below, 8) == 7
    assert sweep.answer([*below, trial(7, YES)], 8) == "Sweep: 7 streams in real time, in 2 of 2 runs; 8 are not"


def test_with_one_stream_run_1_is_no_try() -> None:
    trials = [trial(1, UNSURE, "Run 1"), trial(1, UNSURE, "Run 2")]
    assert sweep.next_streams(trials, 1) == 1
    assert sweep.bounds([*trials, trial(1, YES), trial(1, YES)], 1) == Bounds(1, 2)
    assert sweep.next_streams([*trials, trial(1, UNSURE)], 1) is None


def test_what_is_said() -> None:
    trials = [trial(8, NO, "Run 1"), trial(6, YES, "Run 2"), trial(7, NO), trial(6, YES, "Sweep, repeat")]
    assert sweep.answer(trials, 8) == "Sweep: 6 streams in real time, in 2 of 2 runs; 7 are not"
    assert sweep.trial_line(trials[2]) == (
        "Sweep: 7 streams | slowest stream 20.00 FPS (19.80 to 20.20) | real-time: NO"
    )
    assert sweep.answer([trial(8, YES), trial(8, YES)], 8).endswith("in 2 of 2 runs; MAX_BS=8 is the largest count")
    assert sweep.answer([trial(1, NO)], 8) == "Sweep: no stream count is real-time, not even 1"
    died = SweepTrial(9, "Sweep", None, "the app was killed by SIGKILL")
    assert (
        sweep.trial_line(died)
        == "Sweep: 9 streams | the app did not run: the app was killed by SIGKILL | real-time: NO"
    )
    assert sweep.bounds([trial(8, YES), died], 16) == Bounds(8, 9)
