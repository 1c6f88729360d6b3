"""mAP against values computed by hand, and the bootstrap against pycocotools."""

from __future__ import annotations

import numpy as np
import pytest

from dsbench.judge.accuracy import average_precision
from tests.judge.accuracy.frames import A, B, Row, frame

pytest.importorskip("pycocotools")
NAMES = ("car", "person")
FAR: Row = (0, 500, 500, 50, 50)


@pytest.mark.parametrize(
    ("found", "ap50"),
    [
        ([(*A, 0.9), (*B, 0.8)], 1.0),
        ([], 0.0),
        ([(*A, 0.9)], 51 / 101),  # recall 0.5: precision 1 at 51 of the 101 recalls
        # precision 1 up to recall 0.5, 2/3 up to recall 1
        ([(*A, 0.9), (*FAR, 0.8), (*B, 0.7)], (51 + 50 * 2 / 3) / 101),
        ([(*A, 0.9), (*A, 0.8), (*B, 0.7)], (51 + 50 * 2 / 3) / 101),  # a second box on one object is wrong
        ([(*FAR, 0.9), (*A, 0.8)], 51 * 0.5 / 101),
    ],
)
def test_ap_of_two_objects(found: list[Row], ap50: float) -> None:
    result = average_precision.evaluate([frame([A, B], found)], NAMES)
    assert result.map50 == pytest.approx(ap50)
    assert result.classes[0].ap50 == pytest.approx(ap50)
    assert result.classes[1].ap is None, "no ground truth: it does not count"


@pytest.mark.parametrize(("width", "right"), [(100, 10), (90, 9), (76, 6), (51, 1), (49, 0)])
def test_iou_from_half_to_95_percent(width: float, right: int) -> None:
    """IoU width/100: right at so many of the ten thresholds."""
    result = average_precision.evaluate([frame([A], [(0, 0, 0, width, 100, 0.9)])], NAMES)
    assert result.map == pytest.approx(right / 10)


def test_detections_in_a_crowd_region_do_not_count() -> None:
    crowd: Row = (0, 400, 400, 300, 300)
    found = [(*A, 0.5), (0, 450, 450, 20, 20, 0.9), (0, 600, 600, 20, 20, 0.8)]
    assert average_precision.evaluate([frame([A, crowd], found, crowd=(1,))], NAMES).map50 == pytest.approx(1.0)


def test_a_hundred_detections_of_a_frame_count() -> None:
    noise: list[Row] = [(1, 5 * number, 600, 4, 4, 0.9) for number in range(100)]
    assert average_precision.evaluate([frame([A], [*noise, (*A, 0.5)])], NAMES).map50 == 0.0
    assert average_precision.evaluate([frame([A], [*noise[1:], (*A, 0.5)])], NAMES).map50 == pytest.approx(1.0)


def test_frames_are_kept_apart() -> None:
    frames = [frame([A], [(*B, 0.9)], 0), frame([B], [(*A, 0.9)], 1)]
    assert average_precision.evaluate(frames, NAMES).map50 == 0.0


def test_the_bootstrap_computes_what_pycocotools_computes() -> None:
    rng = np.random.default_rng(3)
    frames = []
    for number in range(12):
        truth: list[Row] = [(int(rng.integers(2)), *rng.uniform(0, 400, 2), 60, 60) for _ in range(5)]
        found: list[Row] = [
            (row[0], row[1] + rng.normal(0, 6), row[2] + rng.normal(0, 6), 60, 60, float(rng.uniform(0, 1)))
            for row in truth
        ]
        frames.append(frame(truth, [*found, (0, *rng.uniform(0, 400, 2), 40, 40, float(rng.uniform()))], number))
    result = average_precision._coco(frames, NAMES)
    table = result.eval["precision"][:, :, :, 0, 0]
    for index in range(2):
        own = average_precision._resampled(
            average_precision._matches(result, len(frames), index), np.ones(len(frames), np.intp)
        )
        assert own == pytest.approx(table[:, :, index].mean(), abs=1e-9)
    found_map = average_precision.evaluate(frames, NAMES)
    assert found_map.low < found_map.map < found_map.high
    wider = average_precision.evaluate(frames, NAMES, block=4)
    assert wider.map == found_map.map


def test_one_frame_has_no_interval() -> None:
    result = average_precision.evaluate([frame([A], [(*A, 0.9)])], NAMES)
    assert (result.low, result.high) == (0.0, 1.0)
