"""What LibreYOLO's exporter writes into an ONNX file's metadata: ``model_family``, ``model_size``, ``task``, ``names``.

Its families feed what the original projects feed; the normalisation that nvinfer cannot express is part of the graph
only with deepstream=True, which gives one output [N, 6]. Names are JSON.
``nvinfer_config`` reads its config.
"""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.base import reading
from dsbench.model.exporter.files import names_by_id
from dsbench.model.exporter.normalisation import IMAGENET, Scaling, one_scale
from dsbench.model.exporter.statement import Said, Statement, Trust

ORIGIN = "ONNX metadata (LibreYOLO)"
_LONGEST = 1 << 20
_LETTERBOX = ("yolo2", "yolo3", "yolo4", "yolo7", "yolo9", "yolo9_p2", "yolo9_e2e", "yolonas", "yolox", "rtmdet")
_STRETCHED = ("rfdetr", "dfine", "deim", "deimv2", "ec", "rtdetr", "rtdetrv2", "rtdetrv4", "picodet", "yolo1")
_QUERIES = ("rfdetr", "dfine", "deim", "deimv2", "ec", "rtdetr", "rtdetrv2", "rtdetrv4")
_BGR = ("yolox", "rtmdet")
_NORMALISED_SIZES = ("s", "m", "l", "x")
"""Sizes of DEIMv2 that are normalised with ImageNet's statistics."""


def statement(metadata: Sequence[tuple[str, str]], outputs: int, columns: int | None) -> Statement | None:
    """What the metadata state; None for a file of another exporter. ``columns``: of the only output's rows."""
    texts = {key: value.strip() for key, value in metadata}
    family = texts.get("model_family", "")
    if not ("libreyolo_version" in texts or family) or family not in (*_LETTERBOX, *_STRETCHED):
        return None
    names = _names(texts.get("names", ""))
    rows = outputs == 1 and columns == 6
    source = f"ONNX metadata: model_family={family}"
    scaling = _scaling(family, texts.get("model_size", texts.get("size", "")), baked=rows)
    known = scaling is not None and texts.get("task", "detect") == "detect"
    keeps = family in _LETTERBOX
    return Statement(
        ORIGIN,
        Trust.ONNX_METADATA,
        family=Said("rtdetr", source) if family in _QUERIES and not rows else None,
        task=Said(texts["task"], "ONNX metadata: task") if texts.get("task") else None,
        net_scale_factor=Said(scaling.net_scale_factor, source) if scaling and known else None,
        offsets=Said(scaling.offsets, source) if scaling and known else None,
        deviations=Said(scaling.deviations, source) if scaling and known and scaling.deviations else None,
        model_color_format=Said(int(family in _BGR), source),
        maintain_aspect_ratio=Said(int(keeps), source),
        symmetric_padding=_padding(family, texts, source) if keeps else None,
        cluster_mode=Said(4, source) if family in (*_QUERIES, "yolo9_e2e") else None,
        classes=Said(len(names), "ONNX metadata: names") if names else None,
        names=Said(names, "ONNX metadata: names") if names else None,
    )


def _scaling(family: str, size: str, *, baked: bool) -> Scaling | None:
    """The family's scale and offsets; ``baked``: deviations of three channels are in the graph."""
    if family in ("rtmdet", "picodet"):
        mean, std = ((v * 255 for v in part) for part in IMAGENET)
        order = -1 if family in _BGR else 1
        return one_scale(1.0) if baked else one_scale(1.0, tuple(mean)[::order], tuple(std)[::order])
    if family == "yolox":
        return one_scale(1.0)
    if family in ("rfdetr", "ec") or (family == "deimv2" and size in _NORMALISED_SIZES):
        return one_scale(1 / 255) if baked else one_scale(1 / 255, *IMAGENET)
    return one_scale(1 / 255)


def _padding(family: str, texts: dict[str, str], source: str) -> Said[int]:
    if "letterbox_pad" in texts:
        return Said(int(texts["letterbox_pad"] == "center"), f"ONNX metadata: letterbox_pad={texts['letterbox_pad']}")
    return Said(int(family == "yolonas"), source)


def _names(text: str) -> tuple[str, ...]:
    if not text or len(text) > _LONGEST:
        return ()
    try:
        return names_by_id(reading.parse_json(text))
    except (ValueError, RecursionError):
        return ()
