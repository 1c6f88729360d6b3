"""COCO's JSON: ``images``, ``annotations`` with ``bbox`` = left, top, width, height in pixels, ``categories``.

Every listed image is annotated, also one without annotations. ``iscrowd`` = 1 is a region in which nothing is judged.
Source: cocodataset.org, "Data format".
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Any

from dsbench.base import numbers, reading
from dsbench.base.reading import FileKind
from dsbench.formats.ground_truth.truth import TruthFrame, TruthObject, invalid, read_text

MAX_SIDE = 1 << 20
"""Pixels of an image's longest side."""
_FIX = "export the annotations again as COCO JSON: images, annotations, categories"


def is_coco(path: Path) -> bool:
    """Whether a JSON file is COCO's ground truth, by its beginning and its keys."""
    try:
        data = reading.parse_json(read_text(path, FileKind.TRUTH_JSON))
    except ValueError:
        return False
    return isinstance(data, dict) and "annotations" in data and "images" in data


def read(path: Path) -> tuple[tuple[TruthFrame, ...], tuple[str, ...], tuple[str, ...]]:
    """Frames, class names, notes. Raises GROUND_TRUTH_INVALID."""
    data = _load(path)
    categories = _by_id(_list(data, "categories", path), "categories", path)
    names = {number: _text(item, "name", "categories", path) for number, item in categories.items()}
    images = _by_id(_list(data, "images", path), "images", path)
    objects: dict[int, list[TruthObject]] = defaultdict(list)
    empty = 0
    for position, item in enumerate(_list(data, "annotations", path)):
        place = f"annotations[{position}]"
        image, category = _whole(item, "image_id", place, path), _whole(item, "category_id", place, path)
        if image not in images or category not in names:
            missing = f"image_id {image}" if image not in images else f"category_id {category}"
            raise invalid(f"{place} has {missing}, which is not listed", path, _FIX)
        left, top, width, height = _bbox(item, place, path)
        if not (width and height):
            empty += 1
            continue
        crowd = bool(item.get("iscrowd", 0))
        objects[image].append(TruthObject(names[category], left, top, left + width, top + height, crowd))
    frames = tuple(_frame(number, item, tuple(objects[number]), path) for number, item in images.items())
    notes = (f"{empty} annotations without area are left out",) if empty else ()
    return frames, tuple(dict.fromkeys(names.values())), notes


def _load(path: Path) -> dict[str, Any]:
    try:
        data = reading.parse_json(read_text(path, FileKind.TRUTH_JSON))
    except ValueError as error:
        raise invalid(f"is not JSON: {error}", path, "copy the file again: it may be cut off") from None
    if isinstance(data, list) and data and isinstance(data[0], dict) and "score" in data[0]:
        raise invalid("the file holds detections with scores", path, "give the annotations, not results")
    if not isinstance(data, dict):
        raise invalid("is not COCO JSON: there is no object at the top", path, _FIX)
    return data


def _list(data: dict[str, Any], key: str, path: Path) -> list[dict[str, Any]]:
    value = data.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid(f"is not COCO JSON: {key} is missing or not a list of objects", path, _FIX)
    return value


def _by_id(items: list[dict[str, Any]], key: str, path: Path) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for position, item in enumerate(items):
        number = _whole(item, "id", f"{key}[{position}]", path)
        if number in found:
            raise invalid(f"{key}: id {number} is listed twice", path, "give every one an id of its own")
        found[number] = item
    return found


def _whole(item: dict[str, Any], key: str, place: str, path: Path) -> int:
    value = item.get(key)
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        value = numbers.whole(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(f"{place}: {key} is {value!r}, not a whole number", path, _FIX)
    return value


def _text(item: dict[str, Any], key: str, place: str, path: Path) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value:
        raise invalid(f"{place}: {key} is {value!r}, not a text", path, _FIX)
    return value


def _bbox(item: dict[str, Any], place: str, path: Path) -> tuple[float, float, float, float]:
    value = item.get("bbox")
    sides = value if isinstance(value, list) else []
    if len(sides) != 4 or not all(map(numbers.finite, sides)) or min(sides[2:]) < 0:
        raise invalid(
            f"{place}: bbox is {value!r}",
            path,
            "write bbox as [left, top, width, height] in pixels: not as two corners, not negative",
        )
    left, top, width, height = map(float, sides)
    return left, top, width, height


def _frame(number: int, item: dict[str, Any], objects: tuple[TruthObject, ...], path: Path) -> TruthFrame:
    name = _text(item, "file_name", f"image {number}", path)
    size = item.get("width"), item.get("height")
    stated = all(isinstance(side, int) and 0 < side <= MAX_SIDE for side in size)
    plain = PurePosixPath(name.replace("\\", "/"))
    return TruthFrame(
        plain.name,
        plain.stem,
        objects,
        (int(size[0] or 0), int(size[1] or 0)) if stated else None,
        image=_image(path, plain),
    )


def _image(path: Path, name: PurePosixPath) -> Path | None:
    """The image file, looked for where COCO's, Roboflow's and CVAT's exports have it."""
    split = path.stem.removeprefix("instances_")
    own, above = path.parent, path.parent.parent
    for place in (own, own / "images", above / "images", above / split, above / "images" / split, above):
        for inner in (name, PurePosixPath(name.name)):
            if not name.is_absolute() and (found := place / inner).is_file():
                return found
    return None
