"""Frames with the boxes of reference and runtime, cut to what a page can carry. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dsbench.record.evidence import BoxedFrame
from dsbench.report.page.views import Gallery

REFERENCE, TRUTH = "reference: what the model gives", "ground truth: what was annotated"
RUNTIME, PARSER = "runtime: what the app wrote", "parser: what it returns for the same tensors"
_AGREEING = 3
"""Frames shown of a run without differences."""


def of_step(step: str, frames: Sequence[BoxedFrame], max_bytes: int) -> Gallery | None:
    """``gallery`` with the names of what the step compares."""
    reference = TRUTH if step == "accuracy" else REFERENCE
    return gallery(frames, max_bytes, reference, PARSER if step == "parser_build" else RUNTIME)


def gallery(
    frames: Sequence[BoxedFrame], max_bytes: int, reference: str = REFERENCE, found: str = RUNTIME
) -> Gallery | None:
    """The worst frames that fit into ``max_bytes`` of base64, at least one; None without frames.

    Where nothing differs a few frames are enough.
    """
    if not frames:
        return None
    if all(box.paired for frame in frames for box in frame.boxes):
        frames = frames[:_AGREEING]
    shown: list[BoxedFrame] = []
    size = 0
    for frame in frames:
        size += len(frame.base64)
        if shown and size > max_bytes:
            break
        shown.append(frame)
    boxes = [box for frame in shown for box in frame.boxes]
    labels = tuple(label for label, _ in Counter(box.label for box in boxes).most_common())
    alone = [box.side for box in boxes if not box.paired]
    return Gallery(
        reference,
        found,
        tuple(shown),
        labels,
        alone.count("reference"),
        alone.count("dump"),
        more=len(frames) - len(shown),
    )
