"""``dsbench export``: detections as COCO JSON, and a model card, from the record of a run."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.text import printable
from dsbench.handover import bmf, coco, frame_pictures, recorded_run
from dsbench.handover.recorded_run import RecordedRun
from dsbench.record import run_clip
from dsbench.report import model_card

MODEL_CARD = "model_card.md"


def run(arguments: argparse.Namespace) -> int:
    """Write what is asked for and print the paths. Raises USAGE, RECORD_INVALID, KITTI_INVALID, NOT_WRITABLE."""
    if arguments.coco is None and arguments.model_card is None and arguments.bmf is None:
        fix = "give --coco OUT.json, --model-card, --bmf OUT.json, or several of them"
        raise DsbenchError(Code.USAGE, "nothing to export", fix=fix)
    if arguments.frames is not None and arguments.coco is None:
        raise DsbenchError(Code.USAGE, "--frames has no meaning without --coco", fix="give --coco OUT.json as well")
    start = Path.cwd()
    found = recorded_run.find(arguments.model_dir, start)
    if arguments.coco is not None:
        frames = None if arguments.frames is None else start / os.path.expanduser(arguments.frames)
        _coco(found, start / os.path.expanduser(arguments.coco), frames)
    if arguments.bmf is not None:
        _write(start / os.path.expanduser(arguments.bmf), bmf.export(found.record))
    if arguments.model_card is not None:
        card = start / os.path.expanduser(arguments.model_card) if arguments.model_card else found.reports / MODEL_CARD
        replace_file(card, model_card.render(found.record).encode("utf-8", "replace"))
        print(printable(str(card)))
    return 0


def images_file(results: Path) -> Path:
    """``OUT_images.json`` next to ``OUT.json``."""
    return results.with_name(f"{results.stem}_images{results.suffix or '.json'}")


def _coco(found: RecordedRun, target: Path, frames: Path | None) -> None:
    exported = coco.export(found.record, found.layout.kitti_dir)
    _write(target, exported.results)
    _write(images_file(target), exported.dataset)
    if exported.skipped:
        print(f"left out: {exported.skipped} boxes without a finite size or score")
    video = found.record.video
    if frames is not None and video is not None:
        numbers = {image["id"] for image in exported.dataset["images"]}
        clip = run_clip.find(found.record, found.layout.root) or Path(video.path)  # which is not there, and it says so
        written = frame_pictures.write(clip, numbers, frames)
        print(printable(f"{frames}: {written} frames"))


def _write(path: Path, content: Any) -> None:
    replace_file(path, (json.dumps(content, allow_nan=False) + "\n").encode("ascii"))
    print(printable(str(path)))
