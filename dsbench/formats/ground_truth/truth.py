"""Ground truth of any format: the annotated frames and their objects."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from dsbench.base import numbers, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind

# Roboflow's names: <own name>_jpg.rf.<hash>
_ROBOFLOW = re.compile(r"^(.*?)_(?:jpe?g|png|bmp|webp)\.rf\.[0-9A-Za-z]+$")
_LAST_NUMBER = re.compile(r"(\d+)$", re.ASCII)


class TruthFormat(StrEnum):
    """The formats that are read."""

    KITTI = "KITTI label files"
    COCO = "COCO JSON"
    YOLO = "YOLO text files"


@dataclass(frozen=True, slots=True)
class TruthObject:
    """One annotated object. Corners in pixels of the source frame; as fractions of its size while
    ``TruthFrame.normalised``. ``crowd``: a region in which detections are neither right nor wrong."""

    name: str
    left: float
    top: float
    right: float
    bottom: float
    crowd: bool = False


@dataclass(frozen=True, slots=True)
class TruthFrame:
    """One annotated frame, which may be without objects.

    ``key`` names it in messages. ``name`` is the file name of the image or of the labels, without suffix. ``size``:
    width and height where the file states them. ``image``: the picture, where one lies beside the labels.
    """

    key: str
    name: str
    objects: tuple[TruthObject, ...]
    size: tuple[int, int] | None = None
    normalised: bool = False
    image: Path | None = None

    @property
    def number(self) -> int | None:
        """The number at the end of the name; None without one."""
        roboflow = _ROBOFLOW.match(self.name)
        found = _LAST_NUMBER.search(roboflow[1] if roboflow else self.name)
        return int(found[1]) if found and len(found[1]) <= 12 else None

    def in_pixels(self, width: int, height: int) -> TruthFrame:
        """The frame with its objects in pixels of a frame of this size, cut at its edges; those outside are left out.

        nvinfer cuts detections at the edges as well.
        """
        x, y = (width, height) if self.normalised else (1, 1)
        cut = (
            replace(
                one,
                left=min(max(one.left * x, 0.0), width),
                top=min(max(one.top * y, 0.0), height),
                right=min(max(one.right * x, 0.0), width),
                bottom=min(max(one.bottom * y, 0.0), height),
            )
            for one in self.objects
        )
        objects = tuple(one for one in cut if one.right > one.left and one.bottom > one.top)
        return replace(self, objects=objects, size=(width, height), normalised=False)


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """What a path holds. ``names``: the classes, those without an object included where the format lists them.

    ``notes``: what was left out, one sentence each.
    """

    path: Path
    format: TruthFormat
    frames: tuple[TruthFrame, ...]
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def objects(self) -> int:
        return sum(not one.crowd for frame in self.frames for one in frame.objects)

    @property
    def pictures(self) -> bool:
        """Whether every frame is a picture of its own rather than a frame of the video."""
        return bool(self.frames) and all(frame.image is not None for frame in self.frames)


def invalid(what: str, where: Path | str, fix: str) -> DsbenchError:
    """GROUND_TRUTH_INVALID."""
    return DsbenchError(Code.GROUND_TRUTH_INVALID, f"ground truth: {what}", where=str(where), fix=fix)


def read_text(path: Path, kind: FileKind = FileKind.TRUTH_TEXT) -> str:
    """The text of a file, bytes that are not UTF-8 kept as surrogates. Raises GROUND_TRUTH_INVALID."""
    try:
        return reading.read_bytes(path, kind).decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    except OSError as error:
        raise invalid(f"cannot be read: {error.strerror}", path, "make it readable") from error


def finite(text: str) -> float:
    """The number. Raises ValueError for anything else, NaN, infinity and Python's 1_000."""
    return numbers.decimal(text)
