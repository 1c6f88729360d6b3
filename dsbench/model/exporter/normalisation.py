"""Means and deviations of a framework in nvinfer's keys: one scale for all channels, an offset for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base import spec

Row = tuple[float, tuple[float, ...]]
"""net-scale-factor and offsets."""
Statistics = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation of pixels in 0..1 (red, green, blue)."""

IMAGENET: Statistics = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP: Statistics = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
ROWS: tuple[tuple[Statistics, Row], ...] = ((IMAGENET, spec.IMAGENET_ROW), (CLIP, spec.CLIP_ROW))
"""Statistics whose scale and offsets the specification gives."""
EQUAL = 1e-4
"""Deviations that differ by less than this fraction count as equal."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """Keys of y = (pixel * rescale - mean) / std. ``deviations``: in pixels, empty where one scale is exact."""

    net_scale_factor: float
    offsets: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()


def one_scale(rescale: float, mean: Sequence[float] = (), std: Sequence[float] = ()) -> Scaling | None:
    """The keys for pixels times ``rescale``, less ``mean``, divided by ``std``; None if the numbers are unusable.

    For the statistics of ImageNet and CLIP in RGB order the specification's own row, else the mean of the deviations.
    """
    if not math.isfinite(rescale) or rescale <= 0:
        return None
    if not mean and not std:
        return Scaling(rescale)
    if len(mean) not in (1, 3) or len(mean) != len(std) or not all(map(math.isfinite, (*mean, *std))) or min(std) <= 0:
        return None
    deviations = tuple(value / rescale for value in std)
    differ = max(deviations) - min(deviations) > EQUAL * max(deviations)
    for (known_mean, known_std), (scale, offsets) in ROWS:
        if math.isclose(rescale, 1 / 255, rel_tol=1e-3) and _close(mean, known_mean) and _close(std, known_std):
            return Scaling(scale, offsets, deviations)
    offsets = tuple(round(value / rescale, 4) for value in mean) if any(mean) else ()
    return Scaling(rescale / (sum(std) / len(std)), offsets, deviations if differ else ())


def _close(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other) and all(abs(a - b) < 1e-3 for a, b in zip(one, other, strict=True))
