"""What RF-DETR's exporter writes into an ONNX file's metadata: one JSON object under ``rfdetr_inference`` (schema 1).

Logits have a column for each class id and, after fine-tuning, one more that is never trained to be high.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dsbench.base import reading
from dsbench.model.exporter.files import names_by_id, number, numbers, size
from dsbench.model.exporter.normalisation import one_scale
from dsbench.model.exporter.statement import Said, Statement, Trust

KEY = "rfdetr_inference"
ORIGIN = "ONNX metadata (RF-DETR)"
_LONGEST = 1 << 20
_TASKS = {"detect": "detect", "segment": "segment", "keypoints": "pose"}


def statement(metadata: Sequence[tuple[str, str]]) -> Statement | None:
    """What the entry states; None without a readable one."""
    data = _entry(dict(metadata).get(KEY, ""))
    if data is None:
        return None
    mean, std = numbers(data.get("means")), numbers(data.get("stds"))
    scaling = one_scale(number(data.get("pixel_scale")) or 1 / 255, mean, std) if mean and std else None
    names = names_by_id(data.get("class_id_to_name")) or names_by_id(data.get("class_names"))
    shape = data.get("input_shape")
    sides = size(shape[2:]) if isinstance(shape, list) and len(shape) == 4 else None
    task = _TASKS.get(str(data.get("task")), "")
    source = f"ONNX metadata: {KEY}"
    return Statement(
        ORIGIN,
        Trust.ONNX_METADATA,
        family=Said("rtdetr", source) if task == "detect" else None,
        task=Said(task, f"{source} task") if task else None,
        net_scale_factor=Said(scaling.net_scale_factor, f"{source} means, stds") if scaling else None,
        offsets=Said(scaling.offsets, f"{source} means, stds") if scaling else None,
        deviations=Said(scaling.deviations, f"{source} stds") if scaling and scaling.deviations else None,
        model_color_format=Said(0, f"{source} channel_order"),
        maintain_aspect_ratio=Said(0, f"{source}: its predictor stretches the picture"),
        cluster_mode=Said(4, f"{source}: one query an object"),
        classes=Said(len(names), f"{source} class_names") if names else None,
        names=Said(names, f"{source} class_names") if names else None,
        input_size=Said(sides, f"{source} input_shape") if sides else None,
    )


def _entry(text: str) -> dict[str, Any] | None:
    if not text or len(text) > _LONGEST:
        return None
    try:
        data = reading.parse_json(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
