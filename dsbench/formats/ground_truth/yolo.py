"""YOLO's text files: ``class x_centre y_centre width height`` as fractions of the image, one file per image.

A line with more points is the outline of a segment; its bounding box counts, as in Ultralytics' training. Names come
from ``data.yaml`` (``names``), ``classes.txt``, ``obj.names`` or any ``*.names``, beside the files or up to two
folders above: the files hold numbers only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from dsbench.base.reading import FileKind
from dsbench.formats import yaml_loader
from dsbench.formats.ground_truth.truth import TruthFrame, TruthObject, finite, invalid, read_text

LISTS = ("classes.txt", "obj.names", "labels.names")
_YAMLS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_SLACK = 0.01
"""How far beyond the image a box may reach, as a fraction: annotation tools round."""


def is_line(line: str) -> bool:
    """Whether a line looks like YOLO's: a whole number and a box, or more numbers that are all fractions."""
    try:
        numbers = [finite(part) for part in line.split()]
    except ValueError:
        return False
    if len(numbers) < 5 or numbers[0] != int(numbers[0]):
        return False
    return len(numbers) == 5 or all(-_SLACK <= number <= 1 + _SLACK for number in numbers[1:])


def names(folder: Path) -> tuple[str, ...]:
    """The classes in the order of their numbers. Raises GROUND_TRUTH_INVALID if no file lists them."""
    for place in (folder, folder.parent, folder.parent.parent):
        for name in _YAMLS:
            if (place / name).is_file() and (found := _of_yaml(place / name)):
                return found
        for path in (*(place / name for name in LISTS), *sorted(place.glob("*.names"))):
            if path.is_file():
                return tuple(line.strip() for line in read_text(path).splitlines() if line.strip())
    raise invalid(
        "the files hold class numbers, and nothing beside them lists the names",
        folder,
        f"write the names in the order of their numbers, one per line, to {folder / LISTS[0]}",
    )


def name_files(folder: Path) -> list[Path]:
    """The files that may list the names for the label files of ``folder``."""
    patterns = (*_YAMLS, *LISTS, "*.names")
    places = (folder, folder.parent, folder.parent.parent)
    return [path for place in places for pattern in patterns for path in sorted(place.glob(pattern)) if path.is_file()]


def _of_yaml(path: Path) -> tuple[str, ...]:
    try:
        data = yaml_loader.plain_values(read_text(path, FileKind.YAML))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise invalid(f"is not YAML: {said}", path, "correct the file") from error
    listed: Any = data.get("names") if isinstance(data, dict) else None
    if isinstance(listed, dict) and listed.keys() == set(range(len(listed))):
        listed = [listed[number] for number in range(len(listed))]
    plain = isinstance(listed, list) and all(isinstance(name, str | int | float) for name in listed)
    return tuple(map(str, listed)) if plain else ()


def read(path: Path, classes: tuple[str, ...]) -> TruthFrame:
    """One image's objects, as fractions of its size. Raises GROUND_TRUTH_INVALID naming the line."""
    objects = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if line.strip():
            objects.append(_object(line, classes, f"{path}:{number}"))
    return TruthFrame(path.name, path.stem, tuple(objects), normalised=True)


def _object(line: str, classes: tuple[str, ...], where: str) -> TruthObject:
    try:
        number, *values = (finite(part) for part in line.split())
        if number != int(number) or len(values) < 4:
            raise ValueError
    except ValueError:
        fix = "write: class x_centre y_centre width height"
        raise invalid(f"not a YOLO line: {line[:80]!r}", where, fix) from None
    if len(values) == 5:
        raise invalid(
            "six numbers: a confidence or a track id follows the box",
            where,
            "give labels rather than predictions: class x_centre y_centre width height",
        )
    if not 0 <= number < len(classes):
        raise invalid(
            f"class {int(number)}, but {len(classes)} names are listed",
            where,
            "list every class in data.yaml or classes.txt, in the order of the numbers",
        )
    left, top, right, bottom = _corners(values, where)
    if min(left, top) < -_SLACK or max(right, bottom) > 1 + _SLACK or right < left or bottom < top:
        raise invalid(
            f"a box from {left:g}, {top:g} to {right:g}, {bottom:g} is not within 0 to 1",
            where,
            "write fractions of the image's size; for pixels use KITTI or COCO",
        )
    return TruthObject(classes[int(number)], left, top, right, bottom)


def _corners(values: list[float], where: str) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of centre and size, or around the points of an outline."""
    if len(values) == 4:
        x, y, width, height = values
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2
    if len(values) % 2:
        raise invalid(f"an outline of {len(values)} numbers", where, "write x and y of each point")
    return min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])
