"""Rules of nvinfer's clustering that the vectors do not reach."""

from __future__ import annotations

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.embedded.nvinfer.cluster import Clusterer
from dsbench.formats.nvinfer import ClassAttrs
from tests.embedded.native_support import boxes, cluster, rows_of

NAN = float("nan")
KEEP_ALL = ClassAttrs(pre_cluster_threshold=0.0)


def confidences(found: Boxes) -> list[float]:
    return found.confidence.tolist()


def test_mode_0_keeps_twenty_a_class_whatever_topk_says() -> None:
    many = boxes(*((0, 20 * i, 0, 10, 10, 0.25 + i / 64) for i in range(25)))
    found = cluster(many, [ClassAttrs(topk=3)], 0)
    assert len(found) == 20
    assert confidences(found) == sorted(confidences(many), reverse=True)[:20]


def test_nan_confidence_passes_the_first_filter_and_falls_to_the_last() -> None:
    objects = boxes((0, 0, 0, 8, 8, NAN), (0, 50, 0, 8, 8, 0.5))
    assert np.isnan(cluster(objects, [ClassAttrs()], 4).confidence[0])
    assert confidences(cluster(objects, [ClassAttrs()], 2)) == [0.5]


def test_a_nan_box_is_suppressed_by_any_better_box_of_its_class() -> None:
    objects = boxes((0, 0, 0, 8, 8, 0.75), (0, NAN, 0, 8, 8, 0.5))
    assert confidences(cluster(objects, [ClassAttrs()], 2)) == [0.75]


def test_empty_boxes_have_no_overlap_and_stay() -> None:
    objects = boxes((0, 5, 5, 0, 0, 0.75), (0, 5, 5, 0, 0, 0.5))
    assert confidences(cluster(objects, [ClassAttrs()], 2)) == [0.75, 0.5]


def test_class_ids_at_and_beyond_the_number_of_classes_are_dropped() -> None:
    objects = boxes((1, 0, 0, 8, 8, 0.5), (-1, 0, 0, 8, 8, 0.5), (0, 0, 0, 8, 8, 0.5))
    assert cluster(objects, [ClassAttrs()], 4).class_id.tolist() == [0]
    assert len(cluster(objects, [], 2)) == 0


def test_dbscan_without_min_boxes_only_filters_and_keeps_equality() -> None:
    attrs = ClassAttrs(post_cluster_threshold=0.5)
    objects = boxes((0, 0, 0, 8, 8, 0.375), (0, 0, 0, 8, 8, 0.5), (0, 0, 0, 8, 8, 0.625))
    clusterer = Clusterer([attrs], 1)
    assert confidences(clusterer.run(objects)) == [0.5, 0.625]
    assert clusterer.warning == ""


@pytest.mark.parametrize("mode", [1, 3])
def test_dbscan_with_min_boxes_is_a_stand_in_and_says_so(mode: int) -> None:
    attrs = ClassAttrs(pre_cluster_threshold=0.0, eps=0.5, min_boxes=2)
    clusterer = Clusterer([attrs], mode)
    assert "stand-in" in clusterer.warning
    assert f"cluster-mode={mode}" in clusterer.warning
    objects = boxes((0, 0, 0, 40, 40, 0.75), (0, 2, 0, 40, 40, 0.25), (0, 300, 0, 40, 40, 0.875))
    found = clusterer.run(objects)
    assert len(found) == 1  # two near boxes become one object, the lonely one goes
    assert found.confidence[0] == 0.75
    assert found.left[0] == (0.5 if mode == 1 else 0)


def test_dbscan_stand_in_honours_the_score_of_a_neighbourhood() -> None:
    attrs = ClassAttrs(pre_cluster_threshold=0.0, eps=0.5, min_boxes=1, dbscan_min_score=0.6)
    assert len(cluster(boxes((0, 0, 0, 40, 40, 0.5)), [attrs], 1)) == 0
    assert len(cluster(boxes((0, 0, 0, 40, 40, 0.75)), [attrs], 1)) == 1


def test_a_min_boxes_elsewhere_raises_no_warning() -> None:
    assert Clusterer([ClassAttrs(min_boxes=3)], 2).warning == ""


def test_thresholds_are_compared_as_float32() -> None:
    attrs = ClassAttrs(pre_cluster_threshold=0.3)
    assert len(cluster(boxes((0, 0, 0, 8, 8, np.float32(0.3))), [attrs], 2)) == 1


def test_input_views_with_strides_are_read_correctly() -> None:
    block = np.arange(60, dtype=np.float32).reshape(12, 5)
    objects = Boxes(np.zeros(12, np.int32), *block.T)
    assert rows_of(cluster(objects, [KEEP_ALL], 4)) == rows_of(objects)


def test_nothing_in_nothing_out() -> None:
    assert len(cluster(Boxes.empty(), [KEEP_ALL], 2)) == 0


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="cluster_mode"):
        Clusterer([KEEP_ALL], 7)
