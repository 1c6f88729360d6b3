"""Network boxes to streammux space, and what nvinfer drops on the way (semantics d4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dsbench.embedded.detections import Detections, Float32Array
from dsbench.embedded.preprocess import Geometry

if TYPE_CHECKING:
    from dsbench.formats.nvinfer import ClassAttrs

_UNSIGNED = 0xFFFFFFFF


class FrameMapper:
    """Maps the clustered objects of one frame after another under one configuration.

    ``attrs`` has one entry per class id that can occur. Boxes are moved in double and stored in float32; every
    comparison is float32, as in nvinfer.
    """

    def __init__(
        self,
        geometry: Geometry,
        attrs: Sequence[ClassAttrs],
        filter_out_class_ids: Collection[int] = (),
        crop_objects_to_roi_boundary: bool = False,
    ) -> None:
        self._geometry = geometry
        self._crop = crop_objects_to_roi_boundary

        def column(value: Callable[[ClassAttrs], int]) -> Float32Array:
            return np.array([value(entry) for entry in attrs], np.float32)

        self._wanted = np.array([index not in filter_out_class_ids for index in range(len(attrs))], np.bool_)
        self._min_w = column(lambda entry: entry.detected_min_w)
        self._min_h = column(lambda entry: entry.detected_min_h)
        # no limit is written as 0; "not above infinity" holds for NaN too
        self._max_w = _no_limit(column(lambda entry: entry.detected_max_w))
        self._max_h = _no_limit(column(lambda entry: entry.detected_max_h))
        self._roi_top = column(lambda entry: entry.roi_top_offset)
        # unsigned 32-bit in nvinfer: an offset above the height wraps round and drops nothing
        surface_h = geometry.surface_h
        self._roi_bottom = column(lambda entry: (surface_h - entry.roi_bottom_offset) & _UNSIGNED)

    def run(self, objects: Detections) -> Detections:
        """``objects`` (network pixels) that become metadata, in streammux pixels, order kept.

        A box beyond the upper or left edge is shifted inside, its size unchanged; one that reaches below the
        lower limit is dropped (or cut, when cropping); the right edge is not looked at unless cropping.
        """
        if len(objects) == 0:
            return objects
        moved = _moved(objects, self._geometry)
        kept = moved.take(self._passes_size(moved))
        return self._cropped(kept) if self._crop else kept.take(self._passes_roi(kept))

    def _passes_size(self, boxes: Detections) -> np.typing.NDArray[np.bool_]:
        ids = boxes.class_id
        fails = (boxes.width < self._min_w[ids]) | (boxes.height < self._min_h[ids])
        fails |= (boxes.width > self._max_w[ids]) | (boxes.height > self._max_h[ids])
        passes: np.typing.NDArray[np.bool_] = self._wanted[ids] & ~fails
        return passes

    def _passes_roi(self, boxes: Detections) -> np.typing.NDArray[np.bool_]:
        ids = boxes.class_id
        fails = (boxes.top < self._roi_top[ids]) | (boxes.top + boxes.height > self._roi_bottom[ids])
        passes: np.typing.NDArray[np.bool_] = ~fails
        return passes

    def _cropped(self, boxes: Detections) -> Detections:
        ids = boxes.class_id
        surface_w = np.float32(self._geometry.surface_w)
        bottom = self._roi_bottom[ids]
        top = np.where(boxes.top < self._roi_top[ids], self._roi_top[ids], boxes.top)
        width = np.where(boxes.left + boxes.width >= surface_w, surface_w - boxes.left, boxes.width)
        height = np.where(top + boxes.height > bottom, bottom - top, boxes.height)
        return Detections(boxes.class_id, boxes.left, top, width, height, boxes.confidence)


def to_frame(
    objects: Detections,
    geometry: Geometry,
    surface_h: int,
    surface_w: int,
    attrs: Sequence[ClassAttrs],
    filter_out_class_ids: Collection[int] = (),
    crop_objects_to_roi_boundary: bool = False,
) -> Detections:
    """One-off form of FrameMapper(...).run(objects); the limits are those of the surface given here."""
    placed = replace(geometry, surface_h=surface_h, surface_w=surface_w)
    return FrameMapper(placed, attrs, filter_out_class_ids, crop_objects_to_roi_boundary).run(objects)


def _moved(objects: Detections, geometry: Geometry) -> Detections:
    """Boxes in streammux pixels; a negative corner becomes 0, the size stays."""
    left = ((objects.left.astype(np.float64) - geometry.offset_left) / geometry.ratio_x).astype(np.float32)
    top = ((objects.top.astype(np.float64) - geometry.offset_top) / geometry.ratio_y).astype(np.float32)
    left[left < 0] = 0
    top[top < 0] = 0
    return Detections(
        objects.class_id,
        left,
        top,
        (objects.width / np.float64(geometry.ratio_x)).astype(np.float32),
        (objects.height / np.float64(geometry.ratio_y)).astype(np.float32),
        objects.confidence,
    )


def _no_limit(limit: Float32Array) -> Float32Array:
    return np.where(limit > 0, limit, np.float32(np.inf))
