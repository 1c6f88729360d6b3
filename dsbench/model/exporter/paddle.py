"""PaddleDetection's ``infer_cfg.yml``, which PaddleX calls ``inference.yml``: preprocessing, architecture, class names.

Pictures are RGB; keep_ratio pads at the right and below, LetterBoxResize in the middle. The drawing threshold is no
detector's setting.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dsbench.model.exporter.files import Files, names_by_id, numbers, size
from dsbench.model.exporter.normalisation import Scaling, one_scale
from dsbench.model.exporter.statement import Said, Statement, Trust

NAMES = ("infer_cfg.yml", "infer_cfg.yaml", "inference.yml")


def statement(folders: tuple[Path, ...], files: Files) -> Statement | None:
    """What the first such file of ``folders`` states."""
    for path in (folder / name for folder in folders for name in NAMES):
        if path.is_file():
            data = files.yaml_mapping(path)
            if isinstance(data.get("Preprocess"), list):
                return of_mapping(data, path.name)
    return None


def of_mapping(data: dict[str, Any], name: str) -> Statement:
    """What a parsed file states."""
    steps = {str(item.get("type")): item for item in data["Preprocess"] if isinstance(item, dict) and item.get("type")}
    scaling = _scaling(steps.get("NormalizeImage"))
    letterbox = steps.get("LetterBoxResize")
    resize = letterbox or steps.get("Resize")
    keeps = True if letterbox else resize.get("keep_ratio") if resize else None
    kind = "LetterBoxResize" if letterbox else "Resize"
    sides = size(resize.get("target_size")) if resize else None
    labels = names_by_id(data.get("label_list"))
    named = f"{name}: NormalizeImage"
    return Statement(
        name,
        Trust.FRAMEWORK_FILE,
        net_scale_factor=Said(scaling.net_scale_factor, f"{named} is_scale, std") if scaling else None,
        offsets=Said(scaling.offsets, f"{named} mean") if scaling else None,
        deviations=Said(scaling.deviations, f"{named} std") if scaling and scaling.deviations else None,
        model_color_format=Said(0, f"{name}: Preprocess decodes to RGB") if scaling else None,
        maintain_aspect_ratio=Said(int(keeps), f"{name}: {kind} keep_ratio") if isinstance(keeps, bool) else None,
        symmetric_padding=Said(int(bool(letterbox)), f"{name}: {kind}") if keeps is True else None,
        classes=Said(len(labels), f"{name}: label_list") if labels else None,
        names=Said(labels, f"{name}: label_list") if labels else None,
        input_size=Said(sides, f"{name}: {kind} target_size") if sides else None,
    )


def _scaling(normalize: dict[str, Any] | None) -> Scaling | None:
    """NormalizeImage: pixels / 255 with is_scale (the default), then mean and std unless norm_type is none."""
    if normalize is None:
        return None
    rescale = 1.0 if normalize.get("is_scale") is False else 1 / 255
    if normalize.get("norm_type", "mean_std") != "mean_std":
        return one_scale(rescale)
    mean, std = numbers(normalize.get("mean")), numbers(normalize.get("std"))
    return one_scale(rescale, mean, std) if mean and std else None
