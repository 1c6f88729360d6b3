"""NanoDet's training config (YAML) beside the ONNX file: its validation pipeline feeds what the exported model expects.

Pictures are BGR; keep_ratio puts them in the middle. Several such files beside one model are no evidence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dsbench.model.exporter.files import Files, names_by_id, numbers, size
from dsbench.model.exporter.normalisation import one_scale
from dsbench.model.exporter.statement import Said, Statement, Trust


def statement(folder: Path, files: Files, skip: tuple[str, ...]) -> Statement | None:
    """What the only config of NanoDet in ``folder`` states; files named in ``skip`` are other readers'."""
    found = []
    for path in files.in_folder(folder, ".yml", ".yaml"):
        text = files.text(path) if path.name not in skip else None
        if text and "pipeline:" in text and "normalize:" in text:
            stated = of_mapping(files.yaml_mapping(path), path.name)
            found += [stated] if stated else []
    if len(found) > 1:
        files.problems.append(f"{', '.join(item.origin for item in found)}: several NanoDet configs, none is used")
    return found[0] if len(found) == 1 else None


def of_mapping(data: dict[str, Any], name: str) -> Statement | None:
    """What a parsed file states; None if it is none of NanoDet's."""
    val = _at(data, "data", "val")
    normalize = _at(val, "pipeline", "normalize") if isinstance(val, dict) else None
    if not isinstance(val, dict) or not isinstance(normalize, list) or len(normalize) != 2:
        return None
    scaling = one_scale(1.0, numbers(normalize[0]), numbers(normalize[1]))
    if scaling is None:
        return None
    keeps, sides = val.get("keep_ratio"), size(val.get("input_size"))
    names = names_by_id(data.get("class_names"))
    named = f"{name}: data val pipeline normalize"
    return Statement(
        name,
        Trust.FRAMEWORK_FILE,
        net_scale_factor=Said(scaling.net_scale_factor, named),
        offsets=Said(scaling.offsets, named),
        deviations=Said(scaling.deviations, named) if scaling.deviations else None,
        model_color_format=Said(1, f"{name}: NanoDet reads BGR"),
        maintain_aspect_ratio=Said(int(keeps), f"{name}: data val keep_ratio") if isinstance(keeps, bool) else None,
        symmetric_padding=Said(1, f"{name}: data val keep_ratio") if keeps is True else None,
        classes=Said(len(names), f"{name}: class_names") if names else None,
        names=Said(names, f"{name}: class_names") if names else None,
        input_size=Said((sides[1], sides[0]), f"{name}: data val input_size") if sides else None,
    )


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
