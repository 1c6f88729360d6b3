"""Puts ground truth and the lines of a KITTI dump side by side: the same pixels, the same class ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dsbench.base import spec
from dsbench.base.boxes import Boxes
from dsbench.formats.ground_truth.truth import TruthFrame, TruthObject
from dsbench.formats.kitti import KittiObject
from dsbench.judge.accuracy.average_precision import JudgedFrame
from dsbench.judge.accuracy.class_names import SharedClasses


@dataclass(frozen=True, slots=True)
class DumpedFrame:
    """An annotated frame, its number in the dump, and the dump's objects in pixels of the streammux surface."""

    number: int
    truth: TruthFrame
    found: tuple[KittiObject, ...]


def judged(frames: Sequence[DumpedFrame], names: SharedClasses) -> tuple[JudgedFrame, ...]:
    """The frames in pixels of the source, class ids of ``names.every``.

    Boxes are brought back from the surface, which the muxer stretches the source to.
    """
    written = {one.label for frame in frames for one in frame.found}
    written |= {one.name for frame in frames for one in frame.truth.objects}
    numbers = names.numbers(written)
    return tuple(_judged(frame, numbers, names.shared) for frame in frames)


def _judged(frame: DumpedFrame, numbers: dict[str, int], shared: int) -> JudgedFrame:
    import numpy as np

    width, height = frame.truth.size or (spec.MUX_WIDTH, spec.MUX_HEIGHT)
    x, y = width / spec.MUX_WIDTH, height / spec.MUX_HEIGHT
    found = [
        (numbers[one.label], one.left * x, one.top * y, one.width * x, one.height * y, one.confidence)
        for one in frame.found
        if one.label in numbers
    ]
    objects = [pair for one in frame.truth.objects for pair in _with_class(one, numbers, shared)]
    truth = [(number, one.left, one.top, one.right - one.left, one.bottom - one.top, 1.0) for number, one in objects]
    crowd = np.array([one.crowd for _, one in objects], np.bool_)
    return JudgedFrame(frame.number, frame.truth.key, _boxes(truth), crowd, _boxes(found))


def _with_class(one: TruthObject, numbers: dict[str, int], shared: int) -> list[tuple[int, TruthObject]]:
    """The object with its class id; a region of no class (DontCare) stands for every class."""
    if one.name in numbers:
        return [(numbers[one.name], one)]
    return [(number, one) for number in range(shared)] if one.crowd else []


def _boxes(rows: Iterable[tuple[float, ...]]) -> Boxes:
    import numpy as np

    return Boxes.from_table(np.array(list(rows), np.float32).reshape(-1, 6))


def of_shared_classes(frames: Sequence[JudgedFrame], shared: int) -> tuple[JudgedFrame, ...]:
    """The frames with the objects and detections of the first ``shared`` classes only."""
    return tuple(
        replace(
            frame,
            truth=frame.truth.take(frame.truth.class_id < shared),
            crowd=frame.crowd[frame.truth.class_id < shared],
            found=frame.found.take(frame.found.class_id < shared),
        )
        for frame in frames
    )
