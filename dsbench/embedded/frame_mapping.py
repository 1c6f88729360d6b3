"""Network boxes to streammux space, and what nvinfer drops on the way (semantics d4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from dsbench.embedded.detections import Detections
from dsbench.embedded.preprocess import Geometry

if TYPE_CHECKING:
    from dsbench.formats.nvinfer import ClassAttrs


class FrameMapper:
    """Maps the clustered objects of one frame after another under one configuration.

    ``attrs`` has one entry per class id that can occur.
    """

    def __init__(
        self,
        geometry: Geometry,
        attrs: Sequence[ClassAttrs],
        filter_out_class_ids: Collection[int] = (),
        crop_objects_to_roi_boundary: bool = False,
    ) -> None:
        raise NotImplementedError

    def run(self, objects: Detections) -> Detections:
        """``objects`` (network pixels) that become metadata, in streammux pixels, order kept."""
        raise NotImplementedError


def to_frame(
    objects: Detections,
    geometry: Geometry,
    surface_h: int,
    surface_w: int,
    attrs: Sequence[ClassAttrs],
    filter_out_class_ids: Collection[int] = (),
    crop_objects_to_roi_boundary: bool = False,
) -> Detections:
    """One-off form of FrameMapper(...).run(objects); the surface is the geometry's."""
    raise NotImplementedError
