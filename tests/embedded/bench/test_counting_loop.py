"""The loop of a benchmark run: turns, ends, interval, errors, several lanes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.bench.counting_loop import CountingLoop
from dsbench.embedded.pipeline import PadSource, Schedule
from dsbench.embedded.video.frame import YuvFrame

DEFAULTE = np.zeros((2, 2), np.uint8)


def frames(count: int) -> Iterator[YuvFrame]:
    return (YuvFrame(DEFAULTE, DEFAULTE, DEFAULTE, 2, 2, "bt601", False, index) for index in range(count))


class FakeDetector:
    """Notes the frames that were inferred, and whether two were ever parsed at once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.indices: list[int] = []
        self.threads: set[int] = set()
        self.together = False
        self._seconds = seconds
        self._inside = 0

    def run_alone(self, frame: YuvFrame, order: AbstractContextManager[object]) -> None:
        time.sleep(self._seconds)
        with order:
            self._inside += 1
            self.together |= self._inside > 1
            self.threads.add(threading.get_ident())
            self.indices.append(frame.index)
            self._inside -= 1


def run(lengths: Sequence[int], schedule: Schedule, detector: Any, stop_after: int = 10**9) -> list[int]:
    """Pads in the order in which their frames were counted."""
    counted: list[int] = []
    sources = [PadSource(pad, frames(length)) for pad, length in enumerate(lengths)]
    count = lambda pad, _: counted.append(pad)  # noqa: E731
    CountingLoop(sources, detector, count, schedule, lambda: len(counted) >= stop_after).run()
    return counted


def test_streams_take_turns_to_their_ends() -> None:
    detector = FakeDetector()
    assert run([3, 1, 2], Schedule(3), detector) == [0, 1, 2, 0, 2, 0]
    assert sorted(detector.indices) == [0, 0, 0, 1, 1, 2]
    assert run([], Schedule(1), FakeDetector()) == []
    assert run([0, 2], Schedule(2), None) == [1, 1]


@pytest.mark.parametrize("streams", [1, 3, 8])
def test_several_lanes_share_the_work_and_parse_one_by_one(streams: int) -> None:
    detector = FakeDetector(0.001)
    counted = run([20] * streams, Schedule(streams, lanes=4), detector)
    assert Counter(counted) == dict.fromkeys(range(streams), 20)
    assert len(detector.indices) == 20 * streams
    assert len(detector.threads) > 1
    assert not detector.together


def test_streams_run_at_equal_speed_whatever_the_lanes() -> None:
    counted = Counter(run([10**6] * 5, Schedule(5, lanes=3), FakeDetector(0.0005), stop_after=200))
    assert max(counted.values()) - min(counted.values()) <= 2


def test_interval_and_dropped_frames() -> None:
    detector = FakeDetector()
    assert run([5, 5], Schedule(2, interval=1, dropped=1), detector) == [0, 1] * 4
    assert detector.indices == [1, 1, 3, 3]


@pytest.mark.parametrize("lanes", [1, 3])
def test_stopping(lanes: int) -> None:
    assert 10 <= len(run([1000, 1000], Schedule(2, lanes=lanes), FakeDetector(), stop_after=10)) <= 10 + lanes


@pytest.mark.parametrize("lanes", [1, 3])
def test_an_error_in_any_lane_ends_the_run(lanes: int) -> None:
    class Broken(FakeDetector):
        def run_alone(self, frame: YuvFrame, order: AbstractContextManager[object]) -> None:
            if frame.index == 3:
                raise DsbenchError(Code.ONNX_RUN_FAILED, "no")

    with pytest.raises(DsbenchError, match="no"):
        run([10**6], Schedule(1, lanes=lanes), Broken())


class Rounds:
    """Clips that repeat: how many were started, and how many frames were ever decoded at once."""

    def __init__(self, refuse: bool = False) -> None:
        self.started = 0
        self.at_once = self._inside = 0
        self.refused = 0
        self._lock = threading.Lock()
        self._refuse = refuse

    def another(self) -> Iterator[YuvFrame]:
        if self.started and self._refuse:
            self.refused += 1
            raise DsbenchError(Code.SOURCE_UNSUPPORTED, "too many open files")
        self.started += 1
        return self._frames()

    def _frames(self) -> Iterator[YuvFrame]:
        index = 0
        while True:
            with self._lock:
                self._inside += 1
                self.at_once = max(self.at_once, self._inside)
            time.sleep(0.002)
            with self._lock:
                self._inside -= 1
            yield YuvFrame(DEFAULTE, DEFAULTE, DEFAULTE, 2, 2, "bt601", False, index)
            index += 1


def play(rounds: Sequence[Rounds], schedule: Schedule, detector: Any, frames: int) -> Counter[int]:
    counted: list[int] = []
    sources = [PadSource(pad, each.another(), each.another) for pad, each in enumerate(rounds)]
    count = lambda pad, _: counted.append(pad)  # noqa: E731
    CountingLoop(sources, detector, count, schedule, lambda: len(counted) >= frames).run()
    return Counter(counted)


@pytest.mark.parametrize(("streams", "lanes", "decoders"), [(1, 4, 4), (2, 4, 2), (3, 4, 2), (4, 4, 1), (8, 4, 1)])
def test_rounds_of_a_clip_are_decoded_at_once_where_lanes_would_wait(streams: int, lanes: int, decoders: int) -> None:
    rounds = [Rounds() for _ in range(streams)]
    counted = play(rounds, Schedule(streams, lanes=lanes), None, 120)
    assert max(each.started for each in rounds) == max(each.at_once for each in rounds) == decoders
    assert max(counted.values()) - min(counted.values()) <= lanes, "streams still run at equal speed"


def test_of_frames_decoded_at_once_every_nth_is_inferred() -> None:
    detector = FakeDetector()
    counted = play([Rounds()], Schedule(1, interval=2, lanes=3), detector, 90)
    assert counted[0] >= 90
    assert len(detector.indices) == pytest.approx(counted[0] / 3, abs=1)


def test_where_no_more_decoders_can_be_had_lanes_wait_for_those_there_are() -> None:
    rounds = Rounds(refuse=True)
    assert play([rounds], Schedule(1, lanes=4), None, 40)[0] >= 40
    assert rounds.started == rounds.at_once == 1
    assert rounds.refused == 1, "nobody asks again for every frame"


def test_a_lane_keeps_to_its_decoder() -> None:
    """Whose pictures are still in its processor's cache."""
    users: dict[int, set[int]] = {}

    def another() -> Iterator[YuvFrame]:
        number = len(users)
        users[number] = set()
        for index in range(10**6):
            users[number].add(threading.get_ident())
            time.sleep(0.001)
            yield YuvFrame(DEFAULTE, DEFAULTE, DEFAULTE, 2, 2, "bt601", False, index)

    counted: list[int] = []
    first = another()
    next(first)
    users[0].clear()
    count = lambda pad, _: counted.append(pad)  # noqa: E731
    CountingLoop([PadSource(0, first, another)], None, count, Schedule(1, lanes=3), lambda: len(counted) >= 300).run()
    assert len(users) == 3
    assert len(counted) >= 300
    assert sum(map(len, users.values())) <= 6, "each its own, but for the start"
