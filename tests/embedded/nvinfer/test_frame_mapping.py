"""Rules of box mapping that the vectors do not reach."""

from __future__ import annotations

import numpy as np

from dsbench.base.boxes import Boxes
from dsbench.embedded.nvinfer.frame_mapping import FrameMapper
from dsbench.embedded.nvinfer.preprocess import geometry
from dsbench.formats.nvinfer import ClassAttrs
from tests.embedded.native_support import boxes, rows_of

NAN = float("nan")
HALF = geometry(1280, 720, 640, 360)
DEFAULTS = [ClassAttrs()]


def test_the_division_is_double_and_the_result_float32() -> None:
    placed = geometry(1280, 720, 416, 416, True)
    found = FrameMapper(placed, DEFAULTS).run(boxes((0, 10.3, 20.7, 50.2, 60.9, 0.5)))
    expected = [np.float32(np.float64(np.float32(value)) / 0.325) for value in (10.3, 20.7, 50.2, 60.9)]
    assert rows_of(found) == [(0, *map(float, expected), 0.5)]


def test_a_box_shifted_back_keeps_its_size_and_may_fall_below() -> None:
    found = FrameMapper(HALF, DEFAULTS).run(
        boxes((0, -5, -10, 20, 360, 0.5), (0, -5, -10, 20, 360.25, 0.75), (0, 0, 1, 20, 360, 0.25))
    )
    assert rows_of(found) == [(0, 0, 0, 40, 720, 0.5)]


def test_nan_coordinates_pass_through() -> None:
    found = FrameMapper(HALF, DEFAULTS).run(boxes((0, NAN, 60, 30, 30, 0.5)))
    assert np.isnan(found.left[0])
    assert found.top[0] == 120


def test_order_is_kept_and_the_input_is_not_changed() -> None:
    objects = boxes((0, 5, 5, 5, 5, 0.25), (0, -5, 1, 1, 1, 0.75))
    before = rows_of(objects)
    found = FrameMapper(HALF, DEFAULTS).run(objects)
    assert found.confidence.tolist() == [0.25, 0.75]
    assert rows_of(objects) == before


def test_a_bottom_offset_above_the_height_wraps_round_as_unsigned_numbers_do() -> None:
    attrs = [ClassAttrs(roi_bottom_offset=721)]
    assert len(FrameMapper(HALF, attrs).run(boxes((0, 0, 0, 10, 10, 0.5)))) == 1


def test_filter_out_of_classes_that_do_not_exist_is_harmless() -> None:
    assert len(FrameMapper(HALF, DEFAULTS, (5, -1)).run(boxes((0, 0, 0, 10, 10, 0.5)))) == 1


def test_no_objects() -> None:
    assert len(FrameMapper(HALF, DEFAULTS).run(Boxes.empty())) == 0
    assert len(FrameMapper(HALF, DEFAULTS, crop_objects_to_roi_boundary=True).run(Boxes.empty())) == 0
    low = boxes((0, 0, 350, 10, 100, 0.5))
    assert len(FrameMapper(HALF, DEFAULTS).run(low)) == 0
