"""The detector's two ways through a frame: with results that somebody looks at, and without."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.embedded.nvinfer import start as nvinfer_start
from dsbench.embedded.nvinfer.detector import Detector
from dsbench.embedded.protocol import DetectorSetup, MuxSize
from dsbench.embedded.video.decode import open_source
from dsbench.embedded.video.frame import YuvFrame
from dsbench.formats import nvinfer
from tests.embedded.app_support import World, write_network
from tests.embedded.native_support import rows_of


def started(world: World, config: Path, *, mux: MuxSize | None = None) -> Detector:
    setup = DetectorSetup(nvinfer.load(config), mux, whole_batches=False)
    return nvinfer_start.start(setup, quiet=True).detector


def frames(world: World) -> list[YuvFrame]:
    return list(open_source(world.clip))


def detected(detector: Detector, given: list[YuvFrame]) -> list[Boxes]:
    return [detector.detect(inferred) for frame in given for inferred in detector.infer([frame])]


@pytest.mark.parametrize("mux", [None, MuxSize(64, 48), MuxSize(96, 48)])
def test_an_engine_run_frame_by_frame_gives_the_same_objects(world: World, mux: MuxSize | None) -> None:
    detector = started(world, world.nvinfer(), mux=mux)
    given = frames(world)
    expected = [rows_of(found) for found in detected(detector, given)]
    assert [rows_of(found) for found in detector.objects(given, detector.model)] == expected
    assert len({row for rows in expected for row in rows}) == len(given)


@pytest.mark.parametrize("batch", ["n", 1])
def test_frames_that_are_only_counted_reach_the_parser(world: World, batch: int | str) -> None:
    network = write_network(world.root / "other.onnx", batch=batch)
    detector = started(world, world.nvinfer(onnx_file=network, parse_bbox_func_name="ParseFalse"))
    for frame in frames(world):
        detector.run_alone(frame, contextlib.nullcontext())
    assert detector.refused == 12


def test_a_bound_network_follows_what_is_written_into_its_input(tmp_path: Path) -> None:
    from dsbench.embedded.nvinfer.infer import OnnxModel

    for name, options, in_place in (
        ("dynamic", {}, True),
        ("one", {"batch": 1}, True),
        ("four", {"batch": 4}, False),
        ("half", {"dtype": "float16"}, False),
    ):
        model = OnnxModel(write_network(tmp_path / f"{name}.onnx", **options))  # type: ignore[arg-type]
        feed = np.zeros((1, 3, 32, 32), np.float32)
        call = model.bind(feed)
        assert call.in_place is in_place
        for value in (8.0, 64.0):
            feed[:] = value
            assert call.run()[0].tolist() == [[value] * 3], name
