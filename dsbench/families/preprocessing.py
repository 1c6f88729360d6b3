"""Normalisations that many models share, as the specification gives them to nvinfer."""

from __future__ import annotations

from dsbench.base import spec
from dsbench.model.exporter.normalisation import CLIP, IMAGENET, Row, Statistics

__all__ = ["CLIP", "CLIP_ROW", "IMAGENET", "IMAGENET_ROW", "Row", "Statistics"]

IMAGENET_ROW: Row = spec.IMAGENET_ROW
CLIP_ROW: Row = spec.CLIP_ROW
