"""nvinfer's filtering and clustering of parsed objects (semantics f), bit for bit in float32."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dsbench.base.boxes import Boxes
from dsbench.embedded import native

if TYPE_CHECKING:
    from dsbench.formats.nvinfer import ClassAttrs

GROUP_RECTANGLES, DBSCAN, NMS, DBSCAN_NMS_HYBRID, NONE = range(5)
"""cluster-mode. Mode 0 behaves as in the shipped build: NMS 0.5 and topk 20 for every class."""


class Clusterer:
    """Filters and clusters the objects of one frame after another under one configuration.

    ``attrs`` has one entry per class: its length is num-detected-classes. Modes 0, 2 and 4 are exact; 1 and 3 are exact
    if minBoxes is 0. Otherwise a DBSCAN with distance 1 - IoU replaces DeepStream's, and ``warning`` is set. Several
    threads may share one object.
    """

    warning: str
    """One sentence about the difference from DeepStream, or ""."""

    def __init__(self, attrs: Sequence[ClassAttrs], cluster_mode: int) -> None:
        if cluster_mode not in range(5):
            raise ValueError("cluster_mode is 0 to 4")
        self._mode = cluster_mode
        self._classes = len(attrs)
        self._attrs = (native.ClusterAttrs * len(attrs))(*(_native_attrs(entry) for entry in attrs))
        self.native_rules = (self._attrs, self._classes, self._mode)
        """The C++ host's arguments, for ParserHost.detect."""
        self._run = native.library().cluster
        dense = cluster_mode in (DBSCAN, DBSCAN_NMS_HYBRID) and any(entry.min_boxes > 0 for entry in attrs)
        self.warning = (
            f"cluster-mode={cluster_mode} with minBoxes > 0 uses a stand-in for DeepStream's DBSCAN, "
            "which is not published: boxes differ from DeepStream's"
            if dense
            else ""
        )

    def run(self, objects: Boxes) -> Boxes:
        """The objects that nvinfer keeps of ``objects`` (network pixels, parser order): class 0 first, in its order."""
        count = len(objects)
        if count == 0:
            return objects
        class_id = np.ascontiguousarray(objects.class_id, np.int32)
        given = (objects.left, objects.top, objects.width, objects.height, objects.confidence)
        rows = [np.ascontiguousarray(row, np.float32) for row in given]
        kept_id, kept = np.empty(count, np.int32), np.empty((5, count), np.float32)
        pointers = ctypes.c_void_p * 5
        base, stride = kept.ctypes.data, kept.strides[0]
        kept_count = self._run(
            *(self._attrs, self._classes, self._mode, count),
            class_id.ctypes.data,
            pointers(*(row.ctypes.data for row in rows)),
            kept_id.ctypes.data,
            pointers(*(base + row * stride for row in range(5))),
        )
        return Boxes.from_block(kept_id[:kept_count], kept[:, :kept_count])


def _native_attrs(attrs: ClassAttrs) -> native.ClusterAttrs:
    return native.ClusterAttrs(
        pre_cluster_threshold=attrs.pre_cluster_threshold,
        post_cluster_threshold=attrs.post_cluster_threshold,
        nms_iou_threshold=attrs.nms_iou_threshold,
        eps=attrs.eps,
        min_score=attrs.dbscan_min_score,
        topk=attrs.topk,
        min_boxes=attrs.min_boxes,
    )
