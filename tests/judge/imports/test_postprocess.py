"""nvinfer's post-processing in NumPy, compared with the embedded runtime's bit-exact code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.embedded.nvinfer.cluster import Clusterer
from dsbench.embedded.nvinfer.frame_mapping import FrameMapper
from dsbench.embedded.nvinfer.preprocess import geometry
from dsbench.formats.nvinfer import ClassAttrs
from dsbench.jobs.reference import Placement
from dsbench.judge.imports import postprocess
from dsbench.judge.imports.postprocess import PostRules

CLASSES = 3
ATTRS = ClassAttrs(pre_cluster_threshold=0.25, nms_iou_threshold=0.45, topk=200)
PLACE = geometry(1280, 720, 320, 320, True, True)
PLACEMENT = Placement(PLACE.ratio_x, PLACE.ratio_y, PLACE.offset_left, PLACE.offset_top, 1280, 720)


def crowd(seed: int, count: int = 120) -> Boxes:
    """Boxes around a few places, some of them in the padding of the network's input."""
    random = np.random.default_rng(seed)
    centre = random.choice(random.uniform(20, 300, (8, 2)), count) + random.normal(0, 4, (count, 2))
    size = random.uniform(10, 60, (count, 2))
    table = np.column_stack(
        (random.integers(0, CLASSES, count), np.clip(centre - size / 2, 0, 319), size, random.uniform(0.05, 1, count))
    )
    return Boxes.from_table(table.astype(np.float32))


RULES = {
    "usual": PostRules(CLASSES, 2, ATTRS),
    "group rectangles": PostRules(CLASSES, 0, ATTRS),
    "dbscan without minBoxes": PostRules(CLASSES, 1, replace(ATTRS, post_cluster_threshold=0.5)),
    "hybrid": PostRules(CLASSES, 3, replace(ATTRS, post_cluster_threshold=0.5)),
    "no clustering": PostRules(CLASSES, 4, ATTRS),
    "topk": PostRules(CLASSES, 2, replace(ATTRS, topk=1)),
    "all": PostRules(CLASSES, 2, replace(ATTRS, topk=-1, nms_iou_threshold=0.95)),
    "a class of its own": PostRules(CLASSES, 2, ATTRS, ((1, replace(ATTRS, pre_cluster_threshold=0.75)),)),
    "filtered": PostRules(CLASSES, 2, ATTRS, filter_out=(0, 2)),
    "fewer classes": PostRules(2, 2, ATTRS),
    "sizes": PostRules(CLASSES, 2, replace(ATTRS, detected_min_w=80, detected_min_h=80, detected_max_w=200)),
    "region": PostRules(CLASSES, 2, replace(ATTRS, roi_top_offset=100, roi_bottom_offset=50)),
    "cropped": PostRules(CLASSES, 2, replace(ATTRS, roi_top_offset=100, roi_bottom_offset=50), crop=True),
}


@pytest.mark.parametrize("name", RULES)
def test_same_objects_as_the_embedded_runtime(name: str) -> None:
    rules = RULES[name]
    attrs = [rules.attrs_for(number) for number in range(rules.classes)]
    mapper = FrameMapper(PLACE, attrs, rules.filter_out, rules.crop)
    clusterer = Clusterer(attrs, rules.cluster_mode)
    for seed in range(4):
        decoded = crowd(seed)
        expected = mapper.run(clusterer.run(decoded)).table()
        found = postprocess.apply(decoded, rules, PLACEMENT).table()
        assert len(found) == len(expected) > 0
        order = [np.lexsort(np.round(part, 2).T) for part in (found, expected)]
        np.testing.assert_allclose(found[order[0]], expected[order[1]], atol=1e-3)


def test_nothing_decoded() -> None:
    assert len(postprocess.apply(Boxes.empty(), RULES["usual"], PLACEMENT)) == 0


def test_only_unpublished_clustering_is_approximate() -> None:
    dense = replace(ATTRS, min_boxes=3)
    assert PostRules(CLASSES, 1, dense).approximate
    assert not PostRules(CLASSES, 1, ATTRS).approximate
    assert not PostRules(CLASSES, 2, dense).approximate
