"""Normalisations that many models share, as the specification gives them to nvinfer and as their papers give them."""

from __future__ import annotations

from dsbench.base import spec

Row = tuple[float, tuple[float, ...]]
"""net-scale-factor and offsets (red, green, blue)."""
Statistics = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation of pixels in 0..1 (red, green, blue)."""

IMAGENET_ROW: Row = spec.IMAGENET_ROW
IMAGENET: Statistics = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP_ROW: Row = spec.CLIP_ROW
CLIP: Statistics = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
