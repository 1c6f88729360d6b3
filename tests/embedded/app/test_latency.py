"""Latency lines of the embedded app: which frames, how long, and that they are there when the app is asked."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.embedded.app import latency
from dsbench.embedded.app.latency import LatencyLines
from dsbench.embedded.pipeline import FrameResult
from dsbench.embedded.video.frame import YuvFrame
from dsbench.formats import latency as latency_log
from tests.embedded.app_support import World

STARTED = "**PERF:  30.00 (30.00)\t30.00 (30.00)\t\n"
"""A row in which every stream has frames: every later frame counts."""


def frame(index: int) -> YuvFrame:
    plane = np.zeros((2, 2), np.uint8)
    return YuvFrame(plane, plane, plane, 2, 2, "bt709", False, index)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_frame_s_time_is_from_its_decoding_to_its_objects() -> None:
    clock, said = Clock(), list[str]()
    lines = LatencyLines(said.append, clock)
    pads = {pad: lines.timed(pad, iter([frame(0), frame(1)])) for pad in (0, 1)}
    for number in range(2):
        for pad in (0, 1):
            assert next(pads[pad]).index == number
            clock.now += 0.010 * (pad + 1)
        for pad in (0, 1):
            clock.now += 0.005
            lines.take(FrameResult(pad, frame(number), None, Boxes.empty()))
    assert len(said) == 1, "a batch is printed when the next one begins"
    lines.close()
    log = latency_log.read([STARTED, *"\n".join(said).splitlines()])
    # pad 0: 10 + 20 + 5 ms until its objects; pad 1: 20 + 10
    assert [round(value, 3) for value in log.frames[0]] == [35.0, 35.0]
    assert [round(value, 3) for value in log.frames[1]] == [30.0, 30.0]
    assert "BATCH-NUM = 0" in said[0]
    assert "BATCH-NUM = 1" in said[1]
    assert next(pads[0], None) is None


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("0", False), ("", False), ("yes", False)])
def test_the_variable_is_deepstreams(value: str, wanted: bool) -> None:
    assert latency.wanted({"NVDS_ENABLE_LATENCY_MEASUREMENT": value}) is wanted
    assert not latency.wanted({})


def test_the_app_tells_of_every_frame_of_every_source(world: World) -> None:
    ran = world.run("-c", world.app(sources=2), NVDS_ENABLE_LATENCY_MEASUREMENT="1")
    assert ran.status == 0, ran.err
    log = latency_log.read([STARTED, *ran.out.splitlines()])
    assert {source: len(values) for source, values in log.frames.items()} == {0: 12, 1: 12}
    assert log.broken == 0
    assert all(0 < value < 60_000 for values in log.frames.values() for value in values)
    numbers = [int(number) for number in re.findall(r"BATCH-NUM = (\d+)", ran.out)]
    assert numbers == list(range(12)), "two frames a batch, in one process for the sake of the dump"


def test_nothing_is_said_unasked_and_components_are_refused_once(world: World) -> None:
    assert "latency" not in world.run("-c", world.app()).out
    both = {"NVDS_ENABLE_LATENCY_MEASUREMENT": "1", "NVDS_ENABLE_COMPONENT_LATENCY_MEASUREMENT": "1"}
    ran = world.run("-c", world.app(sources=2), **both)
    assert ran.err.count("single components are not measured") == 1
