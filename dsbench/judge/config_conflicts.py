"""What dsbench.toml says otherwise than the user's own nvinfer config, which runs: one of the two is out of date."""

from __future__ import annotations

import math

from dsbench.formats.nvinfer import NvinferConfig
from dsbench.model.settings import Settings

_SAME = 1e-4
"""Numbers that differ by less than this fraction are equal: configs round 1/255."""


def conflicts(settings: Settings, config: NvinferConfig) -> tuple[str, ...]:
    """A sentence with both values for each key; a key that the config leaves out has DeepStream's default there."""
    every = config.class_attrs_all
    pairs: tuple[tuple[str, object, object], ...] = (
        ("net-scale-factor", settings.net_scale_factor, config.net_scale_factor),
        ("offsets", settings.offsets, config.offsets),
        ("model-color-format", settings.model_color_format, config.model_color_format),
        ("maintain-aspect-ratio", settings.maintain_aspect_ratio, config.maintain_aspect_ratio),
        ("symmetric-padding", settings.symmetric_padding, config.symmetric_padding),
        ("scaling-filter", settings.scaling_filter, config.scaling_filter),
        ("cluster-mode", settings.cluster_mode, config.cluster_mode),
        ("network-mode", settings.network_mode, config.network_mode),
        ("parse-bbox-func-name", settings.parse_bbox_func_name, config.parse_bbox_func_name),
        ("pre-cluster-threshold", settings.pre_cluster_threshold, every.pre_cluster_threshold),
        ("nms-iou-threshold", settings.nms_iou_threshold, every.nms_iou_threshold),
        ("topk", settings.topk, every.topk),
    )
    return tuple(
        f"dsbench.toml says {key} = {_text(given)}, your nvinfer config {_text(used)}: the config runs; set both alike"
        for key, given, used in pairs
        if given is not None and not _equal(given, used)
    )


def _equal(given: object, used: object) -> bool:
    if isinstance(given, tuple) and isinstance(used, tuple):
        size = max(len(given), len(used))
        one, other = ((*values, *(0.0,) * (size - len(values))) for values in (given, used))
        return all(map(_equal, one, other))
    if isinstance(given, int | float) and isinstance(used, int | float):
        return math.isclose(given, used, rel_tol=_SAME, abs_tol=1e-9)
    return given == used


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ";".join(f"{part:g}" for part in value) or "none"
    return f"{value:g}" if isinstance(value, float) else f"{int(value)}" if isinstance(value, bool) else str(value)
