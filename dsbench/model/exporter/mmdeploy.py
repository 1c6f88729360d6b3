"""mmdeploy's ``pipeline.json`` (preprocessing) and ``deploy.json`` (task), as its SDK reads them.

Pictures are BGR until Normalize turns them (``to_rgb``); Pad adds pixels at the right and below. The score threshold of
the postprocessing is that of an evaluation and is not taken over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dsbench.model.exporter.files import Files, numbers, size
from dsbench.model.exporter.normalisation import one_scale
from dsbench.model.exporter.statement import Said, Statement, Trust

PIPELINE, DEPLOY, DETAIL = "pipeline.json", "deploy.json", "detail.json"
_TASKS = {
    "ObjectDetection": "detect",
    "RotatedDetection": "obb",
    "InstanceSegmentation": "segment",
    "Segmentation": "segment",
    "PoseDetection": "pose",
    "Classification": "classify",
}


def statement(folders: tuple[Path, ...], files: Files) -> Statement | None:
    """What the first pipeline.json of ``folders`` and the files beside it state."""
    for folder in folders:
        steps = transforms(files.json_object(folder / PIPELINE))
        if steps:
            return _stated(steps, _task(folder, files))
    return None


def transforms(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The preprocessing's transforms by type; empty if the file is none of mmdeploy's."""
    pipeline = data.get("pipeline")
    tasks = pipeline.get("tasks") if isinstance(pipeline, dict) else None
    found: dict[str, dict[str, Any]] = {}
    for task in tasks if isinstance(tasks, list) else ():
        if isinstance(task, dict) and task.get("module") == "Transform" and isinstance(task.get("transforms"), list):
            for item in task["transforms"]:
                if isinstance(item, dict) and isinstance(item.get("type"), str):
                    found.setdefault(item["type"], item)
    return found


def _task(folder: Path, files: Files) -> Said[str] | None:
    detail = files.json_object(folder / DETAIL).get("codebase")
    of_detail = detail.get("task") if isinstance(detail, dict) else None
    for name, value in ((DEPLOY, files.json_object(folder / DEPLOY).get("task")), (DETAIL, of_detail)):
        if isinstance(value, str) and value in _TASKS:
            return Said(_TASKS[value], f"{name}: task={value}")
    return None


def _stated(steps: dict[str, dict[str, Any]], task: Said[str] | None) -> Statement:
    normalize, resize, pad = steps.get("Normalize"), steps.get("Resize"), steps.get("Pad")
    scaling = one_scale(1.0, numbers(normalize.get("mean")), numbers(normalize.get("std"))) if normalize else None
    named = f"{PIPELINE}: Normalize"
    keeps = resize.get("keep_ratio") if resize else None
    sides = size(pad.get("size")) if pad else size(resize.get("size")) if resize else None
    return Statement(
        PIPELINE,
        Trust.FRAMEWORK_FILE,
        task=task,
        net_scale_factor=Said(scaling.net_scale_factor, f"{named} std") if scaling else None,
        offsets=Said(scaling.offsets, f"{named} mean") if scaling else None,
        deviations=Said(scaling.deviations, f"{named} std") if scaling and scaling.deviations else None,
        model_color_format=Said(int(normalize.get("to_rgb") is not True), f"{named} to_rgb") if normalize else None,
        maintain_aspect_ratio=Said(int(keeps), f"{PIPELINE}: Resize keep_ratio") if isinstance(keeps, bool) else None,
        symmetric_padding=Said(0, f"{PIPELINE}: Pad at the right and below") if keeps is True else None,
        input_size=Said((sides[1], sides[0]), f"{PIPELINE}: {'Pad' if pad else 'Resize'} size") if sides else None,
    )
