"""Outputs that are no detector's at all, told before any family is asked: segmentation maps, rows without a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.errors import Code, DsbenchError

if TYPE_CHECKING:
    from dsbench.families.base import Outputs
    from dsbench.model.onnx_model import OnnxFacts

_NMS = "NonMaxSuppression"


def not_a_detector(facts: OnnxFacts, samples: Sequence[Outputs], where: str) -> DsbenchError | None:
    """NOT_A_DETECTOR with what the outputs are instead; None if they may be a detector's."""
    return _bare_nms(facts, where) or _image_sized_map(facts, samples, where)


def _bare_nms(facts: OnnxFacts, where: str) -> DsbenchError | None:
    """ONNX's NonMaxSuppression writes one row a detection of the whole batch: [n, 3], [n, 6], [n, 7] or vectors."""
    if _NMS not in facts.operators or not all(_ragged(out.shape, facts.shape[0]) for out in facts.outputs):
        return None
    shapes = "; ".join(f"{out.name!r} [{', '.join(map(str, out.shape or ('?',)))}]" for out in facts.outputs)
    return DsbenchError(
        Code.NOT_A_DETECTOR,
        f"the graph ends in ONNX's {_NMS}: {shapes} has one row a detection and no batch dimension,"
        " so nvinfer cannot tell the frames apart; not a detector head",
        where=where,
        fix="export the head before NMS (DeepStream does it: cluster-mode=2), or with a fixed number of detections"
        " an image ([N, 300, 6])",
    )


def _ragged(shape: tuple[int | str, ...] | None, batch: int | str) -> bool:
    """An output of at most two dims whose first is open and not the input's batch."""
    if shape is None or len(shape) > 2 or not shape:
        return False
    return isinstance(shape[0], str) and (shape[0] != batch or shape[0] == "?")


def _image_sized_map(facts: OnnxFacts, samples: Sequence[Outputs], where: str) -> DsbenchError | None:
    """The only output is a value for each pixel, or for each second one: [C, H, W], [H, W, C] or [H, W]."""
    if not samples or len(samples[0]) != 1:
        return None
    shape = samples[0][0].data.shape
    sizes = [(facts.height // s, facts.width // s) for s in (1, 2)]
    for size, planes in ((shape[-2:], shape[:-2]), (shape[:2], shape[2:])):
        if len(shape) in (2, 3) and size in sizes and min(size) > 8:
            count = planes[0] if planes else 1
            return DsbenchError(
                Code.NOT_A_DETECTOR,
                f"the output is {count} map{'s' if count > 1 else ''} of {size[0]}x{size[1]}, a value a pixel:"
                " a segmentation net, not a detector",
                where=where,
                fix="import a detection model (its outputs hold boxes)",
            )
    return None
