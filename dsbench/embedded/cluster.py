"""nvinfer's filtering and clustering of parsed objects (semantics f), bit for bit in float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.embedded.detections import Detections

if TYPE_CHECKING:
    from dsbench.formats.nvinfer import ClassAttrs


class Clusterer:
    """Filters and clusters the objects of one frame after another under one configuration.

    ``attrs`` has one entry per class: its length is num-detected-classes.
    """

    warning: str
    """Empty, or one sentence on what differs from DeepStream (DBSCAN is a stand-in when minBoxes > 0)."""

    def __init__(self, attrs: Sequence[ClassAttrs], cluster_mode: int) -> None:
        raise NotImplementedError

    def run(self, objects: Detections) -> Detections:
        """What nvinfer keeps of ``objects`` (network pixels, parser order), class 0 first, in its order."""
        raise NotImplementedError


def cluster(objects: Detections, attrs: Sequence[ClassAttrs], cluster_mode: int) -> Detections:
    """One-off form of Clusterer(attrs, cluster_mode).run(objects)."""
    return Clusterer(attrs, cluster_mode).run(objects)
