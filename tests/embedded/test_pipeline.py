"""The loop over sources: order, batches, interval, lanes, ends of unequal streams."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.pipeline import FrameResult, PadSource, Pipeline, Schedule
from dsbench.embedded.video.frame import YuvFrame

PLANE = np.zeros((2, 2), np.uint8)


def frames(count: int) -> Iterator[YuvFrame]:
    """A source of ``count`` frames."""
    return (YuvFrame(PLANE, PLANE, PLANE, 2, 2, "bt601", False, index) for index in range(count))


class Recorder:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, int, bool]] = []
        self.threads: set[int] = set()

    def take(self, result: FrameResult) -> None:
        self.taken.append((result.pad, result.frame.index, result.inferred is not None))
        self.threads.add(threading.get_ident())

    def close(self) -> None:
        pass


class FakeDetector:
    """Notes the size of every call."""

    def __init__(self, frames_per_call: int = 8) -> None:
        self.frames_per_call = frames_per_call
        self.calls: list[int] = []
        self.detected: list[int] = []

    def infer(self, batch: Sequence[YuvFrame]) -> list[Any]:
        self.calls.append(len(batch))
        return [frame.index for frame in batch]

    def detect(self, inferred: Any) -> Boxes:
        self.detected.append(inferred)
        return Boxes.empty()


def run(
    lengths: Sequence[int], schedule: Schedule, detector: FakeDetector | None = None, stop_after: int = 10**9
) -> tuple[Recorder, FakeDetector]:
    """A pipeline to its end."""
    recorder, detector = Recorder(), detector or FakeDetector()
    sources = [PadSource(pad, frames(length)) for pad, length in enumerate(lengths)]
    pipeline = Pipeline(
        sources,
        detector,  # type: ignore[arg-type]
        [recorder],
        schedule,
        lambda: len(recorder.taken) >= stop_after,
    )
    pipeline.run()
    return recorder, detector


@pytest.mark.parametrize("lanes", [1, 2, 5])
def test_frames_leave_in_pad_order_round_after_round(lanes: int) -> None:
    recorder, detector = run([4, 4, 4], Schedule(3, lanes=lanes))
    assert recorder.taken == [(pad, index, True) for index in range(4) for pad in range(3)]
    assert detector.calls == [3, 3, 3, 3]
    assert recorder.threads == {threading.get_ident()}
    assert detector.detected == [index for index in range(4) for _ in range(3)]


@pytest.mark.parametrize("lanes", [1, 3])
def test_batches_shrink_when_streams_end(lanes: int) -> None:
    recorder, detector = run([1, 3, 2], Schedule(3, lanes=lanes))
    assert sorted(recorder.taken) == [
        (0, 0, True),
        (1, 0, True),
        (1, 1, True),
        (1, 2, True),
        (2, 0, True),
        (2, 1, True),
    ]
    assert sorted(detector.calls, reverse=True) == [3, 2, 1]


def test_a_batch_larger_than_the_network_takes_is_split() -> None:
    _, detector = run([2] * 5, Schedule(5), FakeDetector(frames_per_call=2))
    assert detector.calls == [2, 2, 1] * 2


def test_a_batch_never_waits_for_more_than_the_live_streams() -> None:
    _, detector = run([3, 3], Schedule(16))
    assert detector.calls == [2, 2, 2]


def test_interval_skips_batches() -> None:
    recorder, detector = run([5], Schedule(1, interval=1))
    assert [inferred for _, _, inferred in recorder.taken] == [True, False, True, False, True]
    assert len(detector.calls) == 3


def test_small_muxed_batches_go_round_the_streams() -> None:
    recorder, _ = run([2, 2, 2], Schedule(2, interval=1))
    assert [inferred for _, _, inferred in recorder.taken] == [True, True, False, False, True, True]


@pytest.mark.parametrize("lanes", [1, 2])
def test_stopping_finishes_what_is_in_flight(lanes: int) -> None:
    recorder, _ = run([1000], Schedule(1, lanes=lanes), stop_after=10)
    indices = [index for _, index, _ in recorder.taken]
    assert indices == list(range(len(indices)))
    assert 10 <= len(indices) < 20


def test_sources_without_frames() -> None:
    recorder, _ = run([0, 2, 0], Schedule(3))
    assert len(recorder.taken) == 2
    assert run([], Schedule(1))[0].taken == []


@pytest.mark.parametrize("lanes", [1, 2])
def test_an_error_in_a_lane_ends_the_run(lanes: int) -> None:
    class Broken(FakeDetector):
        def infer(self, batch: Sequence[YuvFrame]) -> list[Any]:
            raise DsbenchError(Code.ONNX_RUN_FAILED, "no")

    with pytest.raises(DsbenchError, match="no"):
        run([5], Schedule(1, lanes=lanes), Broken())


def test_batches_dropped_at_the_beginning_reach_nobody() -> None:
    recorder, detector = run([5, 5], Schedule(2, interval=1, dropped=2))
    assert recorder.taken == [(pad, index, index in (2, 4)) for index in range(2, 5) for pad in (0, 1)]
    assert detector.calls == [2, 2]
