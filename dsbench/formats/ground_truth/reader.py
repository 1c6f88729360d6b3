"""Reads ground truth: which format it is, its files, and the pictures beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dsbench.formats.ground_truth import coco, kitti, yolo
from dsbench.formats.ground_truth.truth import GroundTruth, TruthFormat, TruthFrame, invalid, read_text

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_LABEL_FOLDERS = ("labels", "label_2", "obj_train_data", "ground_truth")
"""Where exports of YOLO and KITTI have their label files, below the folder that people name."""
_IMAGE_FOLDERS = ("images", "image_2", "image")
_NO_LABELS = frozenset((*yolo.LISTS, "train.txt", "val.txt", "test.txt", "trainval.txt", "labels.txt", "readme.txt"))
_LISTS_OF_FILES = frozenset(("README.roboflow.txt", "README.dataset.txt"))
_FORMATS = "KITTI label files, COCO JSON, or YOLO text files"


def read(path: Path) -> GroundTruth:
    """The ground truth of a file or folder. Raises GROUND_TRUTH_INVALID."""
    if path.is_file():
        if path.suffix.lower() != ".json":
            raise invalid(
                f"{path.name} is neither a folder nor COCO's JSON", path, f"give a folder or a .json file: {_FORMATS}"
            )
        return _of_json(path)
    if not path.is_dir():
        raise invalid(
            "there is no such file or folder", path, "correct `ground-truth` in dsbench.toml, or --ground-truth"
        )
    folder = _label_folder(path)
    jsons = sorted(path.glob("*.json")) if folder is None else []
    if len(jsons) > 1:
        jsons = [found for found in jsons if coco.is_coco(found)]
    if len(jsons) == 1:
        return _of_json(jsons[0])
    if folder is None:
        several = f"{len(jsons)} COCO files: {', '.join(one.name for one in jsons[:4])}"
        what = several if jsons else "the folder has no label file"
        raise invalid(what, path, "name one .json file" if jsons else f"give {_FORMATS}")
    return _of_folder(folder)


def _of_json(path: Path) -> GroundTruth:
    frames, names, notes = coco.read(path)
    return _checked(GroundTruth(path, TruthFormat.COCO, frames, names, notes))


def _label_folder(path: Path) -> Path | None:
    return next((place for place in (path, *(path / name for name in _LABEL_FOLDERS)) if _label_files(place)), None)


def _label_files(folder: Path) -> list[Path]:
    """The label files of a folder, in name order."""
    return sorted(
        file
        for file in folder.glob("*.txt")
        if file.name.lower() not in _NO_LABELS and file.name not in _LISTS_OF_FILES and not file.name.startswith(".")
    )


def _of_folder(folder: Path) -> GroundTruth:
    files = _label_files(folder)
    first = next(((file, line) for file in files if (line := _first_line(file))), None)
    if first is None:
        raise invalid(f"all {len(files)} label files are empty", folder, "give the files that hold the objects")
    if yolo.is_line(first[1]):
        names = yolo.names(folder)
        found = GroundTruth(folder, TruthFormat.YOLO, tuple(yolo.read(file, names) for file in files), names)
    elif kitti.is_line(first[1]):
        frames = [kitti.read(file) for file in files]
        names = tuple(dict.fromkeys(one.name for frame in frames for one in frame.objects if not one.crowd))
        found = GroundTruth(folder, TruthFormat.KITTI, tuple(frames), names)
    else:
        what = f"{first[0].name} is in no known format; its first line is {first[1][:60]!r}"
        raise invalid(what, first[0], f"give {_FORMATS}")
    return _checked(replace(found, frames=_with_pictures(found.frames, folder)))


def _first_line(file: Path) -> str:
    return next((line for line in read_text(file).splitlines() if line.strip()), "")


def _with_pictures(frames: Sequence[TruthFrame], folder: Path) -> tuple[TruthFrame, ...]:
    """The frames with the pictures of their names, where they lie beside the labels or in the usual folder."""
    places = [folder, *(folder.parent / name for name in _IMAGE_FOLDERS)]
    if folder.parent.name in _LABEL_FOLDERS:  # labels/train and images/train
        places += [folder.parent.parent / name / folder.name for name in _IMAGE_FOLDERS]
    for place in places:
        found = {file.stem: file for file in sorted(place.glob("*")) if file.suffix.lower() in PICTURES}
        if any(frame.name in found for frame in frames):
            return tuple(replace(frame, image=found.get(frame.name)) for frame in frames)
    return tuple(frames)


def _checked(truth: GroundTruth) -> GroundTruth:
    """The ground truth, if it can be used. Raises GROUND_TRUTH_INVALID."""
    if not truth.objects:
        raise invalid(f"no object in {len(truth.frames)} frames", truth.path, "give ground truth that has objects")
    without = [frame for frame in truth.frames if frame.image is None]
    if 0 < len(without) < len(truth.frames):
        raise invalid(
            f"{len(without)} of {len(truth.frames)} frames have no picture, the first is {without[0].key}",
            truth.path,
            "put the missing pictures beside the others, or remove all of them to use the video",
        )
    return truth
