"""KITTI text files of ``gie-kitti-output-dir``: one file per frame and stream, one line per object.

Line: ``LABEL 0.0 0 0.0 LEFT TOP RIGHT BOTTOM 0.0 0.0 0.0 0.0 0.0 0.0 0.0 CONFIDENCE`` with six decimals;
right and bottom are float32 sums. The label may hold blanks or be empty (the line then begins with a blank),
so a line is read from its right end. Coordinates are pixels of the batched surface (``[streammux] width`` x
``height``). An empty file is a frame without objects. File: ``<instance>_<stream>_<frame>.txt`` padded to 2,
3 and 6 digits; a frame number beyond 999999 is longer, so names do not sort.
"""

from __future__ import annotations

import math
import os
import re
from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind
from dsbench.formats.float32 import float32, percent_f
from dsbench.formats.odd_objects import OddObjects, Ordinary

MAX_LABEL_BYTES = 127
"""DeepStream cuts a longer label: ``MAX_LABEL_SIZE`` - 1 of the object meta."""
_FIELDS = 15  # numeric fields after the label
_NAME = re.compile(r"(\d{2,})_(\d{3,})_(\d{6,})\.txt", re.ASCII)
_VALUE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE)
_NUMBER = r"(-?[0-9]+\.[0-9]+)"
# a line as DeepStream writes it when every number is finite: the fast way through a dump of many files
_DUMPED = re.compile(
    rf"^(.*) 0\.0 0 0\.0 {_NUMBER} {_NUMBER} {_NUMBER} {_NUMBER}(?: 0\.0){{7}} {_NUMBER}$", re.MULTILINE
)
_MOST_INVALID = 20  # invalid lines kept for the report; all are counted


@dataclass(frozen=True, slots=True)
class KittiObject:
    """One detection: label as written, corners in pixels of the streammux surface, confidence as the parser
    gave it.
    """

    label: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float

    @property
    def width(self) -> float:
        """right - left in pixels (negative when the corners are swapped)."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """bottom - top in pixels."""
        return self.bottom - self.top


@dataclass(frozen=True, slots=True, order=True)
class FrameName:
    """What a file name says: app instance, stream (muxer pad index), frame number from 0."""

    instance: int
    stream: int
    frame: int


@dataclass(frozen=True, slots=True)
class FrameFile:
    """One file of a dump."""

    name: FrameName
    path: Path


@dataclass(frozen=True, slots=True)
class InvalidLine:
    """A line that is not KITTI: file name, line number from 1, its text (cut)."""

    file: str
    line: int
    text: str


@dataclass(slots=True)
class Scan:
    """Summary of a directory. Memory: 4 bytes per object and per frame.

    ``files``: frames written; ``with_objects``: files with a non-empty line (``grep -rl '.'``); ``classes``:
    objects per label; ``confidences``: one float32 per object; ``per_frame``: objects per file in (stream,
    frame) order; ``zero_area``: boxes with width or height 0; ``bounds``: smallest left and top, largest
    right and bottom of finite boxes, None without any; ``invalid``: the first lines that are not KITTI
    (``invalid_count`` counts all); ``foreign``: other ``.txt`` names in the directory.
    """

    files: int = 0
    with_objects: int = 0
    objects: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    streams: Counter[int] = field(default_factory=Counter)
    confidences: array[float] = field(default_factory=lambda: array("f"))
    per_frame: array[int] = field(default_factory=lambda: array("I"))
    zero_area: int = 0
    bounds: tuple[float, float, float, float] | None = None
    invalid: list[InvalidLine] = field(default_factory=list)
    invalid_count: int = 0
    foreign: tuple[str, ...] = ()
    odd: OddObjects = field(default_factory=OddObjects)
    """Objects that no detector means; empty unless `scan` was given what is ordinary."""

    @property
    def detection_rate(self) -> float:
        """Fraction of files with objects, 0 to 1; 0 without files."""
        return self.with_objects / self.files if self.files else 0.0

    @property
    def median_confidence(self) -> float | None:
        """Median over all objects (the mean of the middle two), None without objects; NaN is left out."""
        values = sorted(value for value in self.confidences if value == value)
        if not values:
            return None
        middle = len(values) // 2
        return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def format_line(obj: KittiObject) -> str:
    """The object as DeepStream writes it, without the newline. Values are rounded to float32 first.

    Write it with ``encoding="utf-8", errors="surrogateescape"``: a label's bytes then come out as they were read.
    """
    box = " ".join(percent_f(float32(value)) for value in (obj.left, obj.top, obj.right, obj.bottom))
    return f"{obj.label} 0.0 0 0.0 {box} 0.0 0.0 0.0 0.0 0.0 0.0 0.0 {percent_f(float32(obj.confidence))}"


def from_box(label: str, left: float, top: float, width: float, height: float, confidence: float) -> KittiObject:
    """An object of left, top, width, height; right and bottom are float32 sums (``write_kitti_output``)."""
    left, top = float32(left), float32(top)
    label = cut_label(label)
    return KittiObject(
        label, left, top, float32(left + float32(width)), float32(top + float32(height)), float32(confidence)
    )


def cut_label(label: str) -> str:
    """The label as the object meta holds it: at most ``MAX_LABEL_BYTES``, even if that cuts a character."""
    if len(label) * 4 <= MAX_LABEL_BYTES:
        return label
    return label.encode("utf-8", "surrogateescape")[:MAX_LABEL_BYTES].decode("utf-8", "surrogateescape")


def parse_file(path: Path | str) -> tuple[KittiObject, ...]:
    """The objects of one frame, in file order. Raises DsbenchError(KITTI_INVALID) naming file and line."""
    return parse(_read(path), str(path))


def parse(text: str, where: str = "text") -> tuple[KittiObject, ...]:
    """The objects of a frame's text; empty lines are skipped.

    A line is read from its right end: fifteen numbers, and everything before them is the label, which may be empty or
    hold blanks. Raises DsbenchError(KITTI_INVALID) naming ``where`` and the line.
    """
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line:
            continue
        try:
            found.append(_parse(line))
        except ValueError as error:
            raise DsbenchError(
                Code.KITTI_INVALID,
                f"not a KITTI line: {error}",
                where=f"{where}:{number}",
                fix="run the dump again: the file may have been cut short",
            ) from None
    return tuple(found)


def _parse(line: str) -> KittiObject:
    parts = line.rstrip("\n").rsplit(" ", _FIELDS)
    if len(parts) != _FIELDS + 1:
        raise ValueError(f"{len(parts) - 1} fields after the label, 15 expected")
    if not all(map(_VALUE.fullmatch, parts[1:])):
        raise ValueError("not a number")  # Python alone reads 1_000 and other scripts' digits
    values = [float(part) for part in parts[1:]]
    return KittiObject(parts[0], values[3], values[4], values[5], values[6], values[14])


def _read(path: Path | str) -> str:
    try:
        return reading.read_bytes(path, FileKind.KITTI_FRAME).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise DsbenchError(
            Code.KITTI_INVALID, f"{error.strerror}: {path}", where=str(path), fix="run the dump again"
        ) from error


def file_name(instance: int, stream: int, frame: int) -> str:
    """``%02u_%03u_%06lu.txt``."""
    return f"{instance:02d}_{stream:03d}_{frame:06d}.txt"


def parse_name(name: str) -> FrameName | None:
    """The numbers of a file name, None when it is not the dump's own (``01_2_3.txt``, ``notes.txt``)."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    found = FrameName(int(match.group(1)), int(match.group(2)), int(match.group(3)))
    return found if file_name(found.instance, found.stream, found.frame) == name else None


def list_frames(directory: Path | str) -> tuple[FrameFile, ...]:
    """The dump's files in order of instance, stream and frame *number*; a missing directory is empty."""
    own, _ = _listing(Path(directory))
    return tuple(FrameFile(name, Path(directory) / file_name(name.instance, name.stream, name.frame)) for name in own)


def _listing(directory: Path) -> tuple[list[FrameName], list[str]]:
    own: list[FrameName] = []
    foreign: list[str] = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                name = parse_name(entry.name)
                if name is not None:
                    own.append(name)
                elif entry.name.endswith(".txt"):
                    foreign.append(entry.name)
    except FileNotFoundError:
        return [], []
    except OSError as error:
        raise DsbenchError(
            Code.KITTI_INVALID,
            f"{error.strerror}: {directory}",
            where=str(directory),
            fix="check the directory's permissions",
        ) from error
    own.sort()
    return own, sorted(foreign)


def scan(directory: Path | str, ordinary: Ordinary | None = None) -> Scan:
    """Read every file of a dump once and summarise it; invalid lines are counted, not raised.

    ``ordinary``: what objects must have; those that do not are counted in ``Scan.odd``.
    """
    directory = Path(directory)
    own, foreign = _listing(directory)
    result = Scan(foreign=tuple(foreign), odd=OddObjects(ordinary))
    prefix = os.fspath(directory)
    for name in own:
        short = file_name(name.instance, name.stream, name.frame)
        _scan_file(result, short, _read(os.path.join(prefix, short)))
        result.streams[name.stream] += 1
    return result


def _scan_file(result: Scan, name: str, text: str) -> None:
    result.files += 1
    found = _DUMPED.findall(text)
    if text and len(found) == text.count("\n") and text.endswith("\n"):
        count = _add_dumped(result, found)
        result.with_objects += 1
    else:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line]
        count = sum(_add_line(result, name, number, line) for number, line in lines)
        result.with_objects += bool(lines)
    result.objects += count
    result.per_frame.append(count)


def _add_dumped(result: Scan, found: list[tuple[str, str, str, str, str, str]]) -> int:
    labels, lefts, tops, rights, bottoms, confidences = zip(*found, strict=True)
    result.classes.update(labels)
    scores = list(map(float, confidences))
    result.confidences.extend(scores)
    if result.odd.ordinary is not None:
        corners = zip(*(map(float, sides) for sides in (lefts, tops, rights, bottoms)), strict=True)
        for label, box, score in zip(labels, corners, scores, strict=True):
            result.odd.add(label, box, score)
    # equal text is equal value: both ends are printed with six decimals
    result.zero_area += sum(row[1] == row[3] or row[2] == row[4] for row in found)
    _widen(result, min(map(float, lefts)), min(map(float, tops)), max(map(float, rights)), max(map(float, bottoms)))
    return len(found)


def _add_line(result: Scan, name: str, number: int, line: str) -> int:
    try:
        obj = _parse(line)
    except ValueError:
        result.invalid_count += 1
        if len(result.invalid) < _MOST_INVALID:
            result.invalid.append(InvalidLine(name, number, line[:200]))
        return 0
    result.classes[obj.label] += 1
    result.confidences.append(obj.confidence)
    result.zero_area += obj.right == obj.left or obj.bottom == obj.top
    box = (obj.left, obj.top, obj.right, obj.bottom)
    result.odd.add(obj.label, box, obj.confidence)
    if all(map(math.isfinite, box)):
        _widen(result, *box)
    return 1


def _widen(result: Scan, left: float, top: float, right: float, bottom: float) -> None:
    old = result.bounds or (left, top, right, bottom)
    result.bounds = (min(old[0], left), min(old[1], top), max(old[2], right), max(old[3], bottom))
