"""Maps network boxes to streammux space and drops the boxes that nvinfer drops (semantics d4)."""

from __future__ import annotations

import ctypes
import math
import weakref
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dsbench.base.boxes import Boxes
from dsbench.embedded import native
from dsbench.embedded.nvinfer.preprocess import Geometry

if TYPE_CHECKING:
    from dsbench.formats.nvinfer import ClassAttrs

_UNSIGNED = 0xFFFFFFFF


class FrameMapper:
    """Maps the clustered objects of one frame after another under one configuration.

    ``attrs`` has one entry per possible class id. As in nvinfer, boxes are mapped in double and stored in float32, and
    comparisons are float32. One object serves one thread.
    """

    def __init__(
        self,
        geometry: Geometry,
        attrs: Sequence[ClassAttrs],
        filter_out_class_ids: Collection[int] = (),
        crop_objects_to_roi_boundary: bool = False,
    ) -> None:
        plan = native.MapperPlan(
            *(geometry.ratio_x, geometry.ratio_y, geometry.surface_w),
            *(geometry.offset_left, geometry.offset_top, int(crop_objects_to_roi_boundary)),
        )
        limits = (native.ClassLimits * len(attrs))(
            *(_limits(entry, geometry, index not in filter_out_class_ids) for index, entry in enumerate(attrs))
        )
        self._native = native.library()
        self.handle: int = self._native.mapper_new(ctypes.byref(plan), limits, len(attrs))
        """Handle of the C++ host, for ParserHost.detect."""
        weakref.finalize(self, self._native.mapper_free, self.handle)

    def run(self, objects: Boxes) -> Boxes:
        """Those of ``objects`` (network pixels) that become metadata, in streammux pixels and in their order.

        A box beyond the upper or left edge is shifted inside; its size stays. A box below the lower limit is dropped,
        or cut when cropping. The right edge is checked only when cropping.
        """
        if len(objects) == 0:
            return objects
        class_id = np.array(objects.class_id, np.int32)
        given = (objects.left, objects.top, objects.width, objects.height, objects.confidence)
        block = np.stack([np.asarray(row, np.float32) for row in given])
        kept = self._native.mapper_run(self.handle, len(class_id), class_id.ctypes.data, block.ctypes.data)
        return Boxes.from_block(class_id[:kept], block[:, :kept])

    def take(self, count: int) -> Boxes:
        """The ``count`` objects that ParserHost.detect has stored."""
        if count == 0:
            return Boxes.empty()
        class_id, block = np.empty(count, np.int32), np.empty((5, count), np.float32)
        self._native.detect_take(self.handle, class_id.ctypes.data, block.ctypes.data)
        return Boxes.from_block(class_id, block)


def _limits(attrs: ClassAttrs, geometry: Geometry, wanted: bool) -> native.ClassLimits:
    return native.ClassLimits(
        min_w=attrs.detected_min_w,
        min_h=attrs.detected_min_h,
        max_w=_no_limit(attrs.detected_max_w),
        max_h=_no_limit(attrs.detected_max_h),
        roi_top=attrs.roi_top_offset,
        # unsigned 32-bit in nvinfer: an offset above the height wraps around and drops nothing
        roi_bottom=(geometry.surface_h - attrs.roi_bottom_offset) & _UNSIGNED,
        wanted=int(wanted),
    )


def _no_limit(limit: int) -> float:
    """0 means no limit, which is infinity: NaN passes as well."""
    return float(limit) if limit > 0 else math.inf
