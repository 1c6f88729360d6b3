"""KITTI label files: one file per frame, one line per object.

Line: ``type truncated occluded alpha left top right bottom`` and seven numbers that boxes do not need; a result has a
score at its end. A type may hold blanks. ``DontCare`` marks a region in which nothing is judged. Source: the object
development kit of the KITTI benchmark.
"""

from __future__ import annotations

from pathlib import Path

from dsbench.formats.ground_truth.truth import TruthFrame, TruthObject, finite, invalid, read_text

_NUMBERS = 14
_DONT_CARE = "dontcare"


def is_line(line: str) -> bool:
    """Whether a line looks like KITTI's."""
    return _split(line) is not None


def read(path: Path) -> TruthFrame:
    """One frame. Raises GROUND_TRUTH_INVALID naming the line."""
    objects = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if line.strip():
            objects.append(_object(line, f"{path}:{number}"))
    return TruthFrame(path.name, path.stem, tuple(objects))


def _object(line: str, where: str) -> TruthObject:
    parts = _split(line)
    if parts is None:
        raise invalid(
            f"not a KITTI line: {line[:80]!r}",
            where,
            "write: type truncated occluded alpha left top right bottom and seven more numbers",
        )
    name, (left, top, right, bottom) = parts
    if right < left or bottom < top:
        raise invalid(
            f"right is left of left, or bottom above top: {left:g} {top:g} {right:g} {bottom:g}",
            where,
            "write the corners as left top right bottom, in pixels",
        )
    return TruthObject(name, left, top, right, bottom, crowd=name.lower() == _DONT_CARE)


def _split(line: str) -> tuple[str, list[float]] | None:
    """Label and corners; None if it is not KITTI's. A line is read from its right end: the label may hold blanks."""
    parts = line.split()
    numbers: list[float] = []
    for text in reversed(parts[1:]):
        try:
            numbers.append(finite(text))
        except ValueError:
            break
    if len(numbers) < _NUMBERS:
        return None
    count = min(len(numbers), _NUMBERS + 1)  # with a score
    numbers = numbers[:count][::-1]
    return " ".join(parts[: len(parts) - count]), numbers[3:7]
