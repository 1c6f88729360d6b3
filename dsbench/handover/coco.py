"""The KITTI dump of 6g as COCO JSON: results, and the images and categories that they belong to.

Boxes are in pixels of the clip's frames: [x, y, width, height] from the top left. An image is a frame; its id is the
frame's number in the clip, from 0. A category is a line of labels.txt as nvinfer numbers them, its id counts from 1.
Format: https://cocodataset.org/#format-results
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsbench.base import spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import kitti
from dsbench.formats.kitti import KittiObject
from dsbench.record.schema import Record

_DIGITS, _SCORE_DIGITS = 3, 6
_RUN_AGAIN = "run pytest --model-dir on this directory again"


@dataclass(frozen=True)
class CocoExport:
    """``results``: the list that COCO's tools load as detections. ``dataset``: images, categories, and the same
    detections as annotations with a score. ``skipped``: boxes that have no finite size."""

    results: list[dict[str, Any]]
    dataset: dict[str, Any]
    skipped: int


def image_name(frame: int) -> str:
    """File name of a frame's picture."""
    return f"frame_{frame:06d}.jpg"


def export(record: Record, folder: Path) -> CocoExport:
    """The dump in ``folder``, which must be that of the record. Raises RECORD_INVALID, KITTI_INVALID."""
    model, found, video = record.handover.model, record.handover.detections, record.video
    if model is None or found is None or video is None:
        raise DsbenchError(
            Code.RECORD_INVALID,
            "the record has no detections: its run stopped before the KITTI dump, or an older dsbench wrote it",
            where=record.model_dir,
            fix=_RUN_AGAIN,
        )
    frames = {file.name.frame: kitti.parse_file(file.path) for file in kitti.list_frames(folder)}
    objects = sum(map(len, frames.values()))
    if (len(frames), objects) != (found.frames, found.objects):
        raise DsbenchError(
            Code.RECORD_INVALID,
            f"the dump is not that of the record: it has {objects} objects in {len(frames)} files, "
            f"the record {found.objects} in {found.frames}",
            where=str(folder),
            fix=_RUN_AGAIN,
        )
    width, height = found.width or spec.MUX_WIDTH, found.height or spec.MUX_HEIGHT
    scale = (video.width / width, video.height / height)
    names = _category_names(model.class_names, frames.values())
    ids = {name: number for number, name in reversed(list(enumerate(names, 1)))}
    results = [_result(frame, ids[one.label], one, scale) for frame, every in sorted(frames.items()) for one in every]
    kept = [one for one in results if all(map(math.isfinite, (*one["bbox"], one["score"])))]
    return CocoExport(kept, _dataset(record, sorted(frames), names, kept), len(results) - len(kept))


def _category_names(known: Sequence[str], frames: Iterable[Iterable[KittiObject]]) -> list[str]:
    """labels.txt, then the dump's labels that it does not have."""
    seen = dict.fromkeys(one.label for every in frames for one in every)
    return [*known, *(label for label in seen if label not in known)]


def _result(frame: int, category: int, found: KittiObject, scale: tuple[float, float]) -> dict[str, Any]:
    box = (found.left * scale[0], found.top * scale[1], found.width * scale[0], found.height * scale[1])
    return {
        "image_id": frame,
        "category_id": category,
        "bbox": [round(value, _DIGITS) for value in box],
        "score": round(found.confidence, _SCORE_DIGITS),
    }


def _dataset(
    record: Record, frames: Sequence[int], names: Sequence[str], results: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    video = record.video
    assert video is not None, "checked by export"
    return {
        "info": {
            "description": f"Detections of {_text(record.model_name)} on {_text(Path(video.path).name)}: "
            f"{record.runtime_label}. They are no ground truth.",
            "date_created": record.started,
            "contributor": f"dsbench {record.dsbench_version}",
        },
        "licenses": [],
        "images": [
            {"id": frame, "file_name": image_name(frame), "width": video.width, "height": video.height}
            for frame in frames
        ],
        "categories": [
            {"id": number, "name": _text(name), "supercategory": ""} for number, name in enumerate(names, 1)
        ],
        "annotations": [
            {"id": number, "iscrowd": 0, "area": round(one["bbox"][2] * one["bbox"][3], _DIGITS), **one}
            for number, one in enumerate(results, 1)
        ],
    }


def _text(name: str) -> str:
    """Bytes that are no UTF-8 become U+FFFD: other programs refuse lone surrogates."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
