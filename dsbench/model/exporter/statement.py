"""What one source of an exporter states about a model: values, each with the place where it stands."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Generic, TypeVar

T = TypeVar("T", covariant=True)


class Trust(IntEnum):
    """How far a source is trusted: the lowest number wins where two sources disagree."""

    NVINFER_CONFIG = 0
    ONNX_METADATA = 1
    FRAMEWORK_FILE = 2
    GRAPH = 3
    """No statement of the exporter: what the graph's names and its first operators show."""


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """A value and its place: file, line and key, or the metadata entry."""

    value: T
    source: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What one file, or the ONNX file's metadata, states; None: it does not say.

    The preprocessing keys are nvinfer's: y = net_scale_factor * (pixel - offsets), offsets and deviations in network
    channel order and in pixels of 0..255. A statement that gives a scale gives offsets too (empty: none).
    """

    origin: str
    """The file or the exporter, for messages."""
    trust: Trust
    family: Said[str] | None = None
    """The only family of dsbench that the head can belong to."""
    task: Said[str] | None = None
    """detect, segment, pose, obb, classify ... as Ultralytics names them."""
    net_scale_factor: Said[float] | None = None
    offsets: Said[tuple[float, ...]] | None = None
    deviations: Said[tuple[float, ...]] | None = None
    """Standard deviation of each channel, if they differ. nvinfer has one scale, which only approximates them."""
    model_color_format: Said[int] | None = None
    """0 RGB, 1 BGR, 2 GRAY."""
    maintain_aspect_ratio: Said[int] | None = None
    symmetric_padding: Said[int] | None = None
    cluster_mode: Said[int] | None = None
    classes: Said[int] | None = None
    names: Said[tuple[str, ...]] | None = None
    """By class id; "" for an id without a name."""
    pre_cluster_threshold: Said[float] | None = None
    nms_iou_threshold: Said[float] | None = None
    topk: Said[int] | None = None
    input_size: Said[tuple[int, int]] | None = None
    """Height, width."""
    parser_function: Said[str] | None = None
    """parse-bbox-func-name: named only, the function is not at hand."""

    def said(self, key: str) -> Said[Any] | None:
        """The value of a field by its name."""
        value = getattr(self, key)
        assert value is None or isinstance(value, Said), key
        return value


KEYS = tuple(item.name for item in fields(Statement) if item.name not in ("origin", "trust"))
"""The fields that hold values."""
