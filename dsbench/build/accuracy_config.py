"""The nvinfer config for the mAP: the user's, with thresholds low and topk high enough that nothing is cut away."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dsbench.base import reading
from dsbench.base.reading import FileKind
from dsbench.build import ds_config
from dsbench.formats.nvinfer import CLASS_PREFIX, NvinferConfig

LOW = 0.01
"""pre-cluster-threshold of the dump for the mAP; lower where a class's own threshold is below ten times this."""
TOPK = 300
_GROUP = re.compile(r"\s*\[([^\]]*)\]\s*")
_KEY = re.compile(r"\s*([^=#\s]+)\s*=")
_ALL = f"{CLASS_PREFIX}all"


def low_threshold(config: NvinferConfig) -> float:
    """The threshold of every class in the dump for the mAP."""
    own = [config.class_attrs_all.pre_cluster_threshold, *(a.pre_cluster_threshold for _, a in config.class_attrs)]
    return min([LOW, *(value / 10 for value in own if value > 0)])


def render(config: NvinferConfig, folder: Path) -> str:
    """Text of the config as it must read in ``folder``: paths moved, thresholds low, topk raised."""
    real = Path(os.path.realpath(config.path))
    text = reading.read_bytes(real, FileKind.CONFIG).decode("utf-8", "surrogateescape")
    moved = ds_config.moved_config(text, real.parent, Path(os.path.realpath(folder)), (("batch-size", "1"),))
    return _opened(moved, low_threshold(config))


def _opened(text: str, threshold: float) -> str:
    """``text`` with the thresholds and topk of every class replaced; those of [class-attrs-all] are written anew."""
    low = f"{threshold:g}"
    values = {"pre-cluster-threshold": low, "threshold": low, "post-cluster-threshold": "0", "topk": str(TOPK)}
    lines: list[str] = []
    group, head = "", None
    for line in text.split("\n"):
        if found := _GROUP.fullmatch(line):
            group = found[1]
            lines.append(line)
            head = len(lines) if group == _ALL and head is None else head
            continue
        key = found[1] if (found := _KEY.match(line)) and group.startswith(CLASS_PREFIX) else ""
        if key not in values:
            lines.append(line)
        elif group != _ALL:
            lines.append(f"{key}={values[key]}")
    added = [f"pre-cluster-threshold={low}", f"topk={TOPK}"]
    if head is None:
        return "\n".join([*lines, f"[{_ALL}]", *added, ""])
    lines[head:head] = added
    return "\n".join(lines)
