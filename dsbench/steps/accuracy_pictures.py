"""Frames for the report's gallery: those with the most errors against ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dsbench.base import spec
from dsbench.base.boxes import Boxes
from dsbench.judge.accuracy import judged_frames
from dsbench.judge.accuracy.class_names import SharedClasses
from dsbench.judge.accuracy.judged_frames import DumpedFrame
from dsbench.judge.imports import matching
from dsbench.record.evidence import BoxedFrame
from dsbench.steps import boxed_frames

FRAMES = 6


def hardest(frames: Sequence[DumpedFrame], names: SharedClasses, clip: Path) -> tuple[BoxedFrame, ...]:
    """The frames of ``clip`` that differ most from ground truth at the run's thresholds; none without errors.

    Frames with regions in which detections are neither right nor wrong are left out.
    """
    pairs = [pair for pair in zip(frames, judged_frames.judged(frames, names), strict=True) if not pair[1].crowd.any()]
    sizes = [dumped.truth.size or (spec.MUX_WIDTH, spec.MUX_HEIGHT) for dumped, _ in pairs]
    truth = [_on_surface(frame.truth, size) for (_, frame), size in zip(pairs, sizes, strict=True)]
    found = [_on_surface(frame.found, size) for (_, frame), size in zip(pairs, sizes, strict=True)]
    compared = matching.match([frame.number for _, frame in pairs], truth, found)
    if not (compared.missed or compared.extra):
        return ()
    return boxed_frames.worst(compared, clip, names.every.__getitem__, FRAMES)


def _on_surface(boxes: Boxes, size: tuple[int, int]) -> Boxes:
    """From pixels of the source to pixels of the streammux surface."""
    x, y = spec.MUX_WIDTH / size[0], spec.MUX_HEIGHT / size[1]
    return Boxes(boxes.class_id, boxes.left * x, boxes.top * y, boxes.width * x, boxes.height * y, boxes.confidence)
