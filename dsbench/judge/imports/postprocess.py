"""nvinfer's post-processing of decoded boxes in NumPy: thresholds, clustering, mapping to the frame, what it drops.

Source: deepstream-semantics f (filter and clustering) and d4 (mapping). A verdict compares boxes by IoU, so float64 is
exact enough here; the embedded runtime has the bit-exact code.
"""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base import spec
from dsbench.base.boxes import Boxes, nms
from dsbench.formats.float32 import float32
from dsbench.formats.nvinfer import ClassAttrs, NvinferConfig
from dsbench.jobs.reference import Placement

GROUP_RECTANGLES, DBSCAN, NMS, HYBRID, NONE = range(5)
"""cluster-mode. Mode 0 is NMS 0.5 with topk 20 for every class in the shipped build."""
_MOST = 1000
"""Boxes of one class and frame that are clustered, the best ones."""


@dataclass(frozen=True, slots=True)
class PostRules:
    """Keys of an nvinfer config that decide which decoded boxes become objects."""

    classes: int
    """num-detected-classes."""
    cluster_mode: int
    attrs_all: ClassAttrs
    attrs: tuple[tuple[int, ClassAttrs], ...] = ()
    """[class-attrs-<id>] by class id."""
    filter_out: tuple[int, ...] = ()
    """filter-out-class-ids."""
    crop: bool = False
    """crop-objects-to-roi-boundary."""
    interval: int = 0
    """Frames that are skipped after each inferred frame."""

    @property
    def approximate(self) -> bool:
        """DeepStream's DBSCAN is not published: NMS stands for it."""
        dense = any(attrs.min_boxes > 0 for attrs in (self.attrs_all, *(attrs for _, attrs in self.attrs)))
        return self.cluster_mode in (DBSCAN, HYBRID) and dense

    @property
    def lowest_threshold(self) -> float:
        """The lowest pre-cluster-threshold of all classes."""
        return min(attrs.pre_cluster_threshold for attrs in (self.attrs_all, *(attrs for _, attrs in self.attrs)))

    def attrs_for(self, class_id: int) -> ClassAttrs:
        """The attributes of a class."""
        return next((attrs for number, attrs in self.attrs if number == class_id), self.attrs_all)


def of_config(config: NvinferConfig) -> PostRules:
    """The rules of a config as nvinfer reads it."""
    return PostRules(
        config.num_detected_classes,
        config.cluster_mode,
        config.class_attrs_all,
        config.class_attrs,
        config.filter_out_class_ids,
        config.crop_objects_to_roi_boundary,
        config.interval,
    )


def plain(
    classes: int,
    cluster_mode: int = spec.CLUSTER_MODE,
    threshold: float = spec.PRE_CLUSTER_THRESHOLD,
    nms_iou: float = spec.NMS_IOU_THRESHOLD,
    topk: int = spec.TOPK,
) -> PostRules:
    """Rules with the same attributes for every class and without filters."""
    attrs = ClassAttrs(pre_cluster_threshold=float32(threshold), nms_iou_threshold=float32(nms_iou), topk=topk)
    return PostRules(classes, cluster_mode, attrs)


def apply(decoded: Boxes, rules: PostRules, placement: Placement) -> Boxes:
    """The objects that nvinfer makes of ``decoded`` (network pixels), in pixels of the streammux surface."""
    import numpy as np

    parts = []
    for class_id in np.unique(decoded.class_id).tolist():
        if 0 <= class_id < rules.classes and class_id not in rules.filter_out:
            attrs = rules.attrs_for(class_id)
            mine = decoded.take((decoded.class_id == class_id) & (decoded.confidence >= attrs.pre_cluster_threshold))
            if len(mine):
                parts.append(_mapped(_clustered(mine, attrs, rules.cluster_mode), attrs, rules.crop, placement))
    return joined(parts)


def joined(parts: list[Boxes]) -> Boxes:
    """All boxes of ``parts``, in their order."""
    import numpy as np

    if not parts:
        return Boxes.empty()
    return Boxes.from_table(np.concatenate([part.table() for part in parts]))


def _clustered(boxes: Boxes, attrs: ClassAttrs, mode: int) -> Boxes:
    """Boxes of one class after clustering, post-cluster-threshold and topk."""
    import numpy as np

    overlap, topk = attrs.nms_iou_threshold, attrs.topk
    if mode == GROUP_RECTANGLES:
        mode, overlap, topk = NMS, 0.5, 20
    if mode == DBSCAN and attrs.min_boxes > 0:
        mode, overlap = NMS, max(0.0, 1.0 - attrs.eps)
    if mode in (NMS, HYBRID):
        boxes = boxes.take(nms(boxes, overlap, _MOST))
        boxes = boxes.take(boxes.confidence > attrs.post_cluster_threshold)
    elif mode == DBSCAN:
        boxes = boxes.take(~(boxes.confidence < attrs.post_cluster_threshold))
    if topk >= 0:
        boxes = boxes.take(np.argsort(-boxes.confidence, kind="stable")[:topk])
    return boxes


def _mapped(boxes: Boxes, attrs: ClassAttrs, crop: bool, place: Placement) -> Boxes:
    """Boxes of one class on the surface: corners beyond the upper and left edge are shifted inside, boxes outside the
    limits and below the lower edge are dropped."""
    import numpy as np

    left = np.maximum((boxes.left - place.left) / place.ratio_x, 0).astype(np.float32)
    top = np.maximum((boxes.top - place.top) / place.ratio_y, 0).astype(np.float32)
    width, height = boxes.width / np.float32(place.ratio_x), boxes.height / np.float32(place.ratio_y)
    keep = (width >= attrs.detected_min_w) & (height >= attrs.detected_min_h)
    if attrs.detected_max_w > 0:
        keep &= width <= attrs.detected_max_w
    if attrs.detected_max_h > 0:
        keep &= height <= attrs.detected_max_h
    lowest = place.surface_height - attrs.roi_bottom_offset
    if crop:
        top = np.maximum(top, np.float32(attrs.roi_top_offset))
        width = np.minimum(width, place.surface_width - left)
        height = np.where(top + height > lowest, lowest - top, height).astype(np.float32)
    else:
        keep &= (top >= attrs.roi_top_offset) & (top + height <= lowest)
    return Boxes(boxes.class_id, left, top, width, height, boxes.confidence).take(keep)
