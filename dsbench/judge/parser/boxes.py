"""6b's check that a parser's boxes are in network pixels.

Source: pipeline-run.md 6b ("if bbox values land in [0, 3], the parser is reading grid-space offsets"), failure modes
6 (not scaled to pixels), 8 (class id beyond the labels), 25.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base import spec
from dsbench.base.boxes import Boxes
from dsbench.families.base import Network
from dsbench.judge.lint import ERROR, WARNING, Finding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NORMALISED = 1.5
CLASS_ID = "class-id"
"""Rule of class ids beyond the labels."""


def load_boxes(path: Path, counts: Sequence[int]) -> tuple[NDArray[np.float32] | None, ...]:
    """Raw boxes of a parser probe, one (n, 6) array per call (class id, left, top, width, height, confidence);
    None where the parser returned false."""
    import numpy as np

    with np.load(path, allow_pickle=False) as archive:
        return tuple(None if count < 0 else archive[f"b{call}"] for call, count in enumerate(counts))


def as_boxes(call: NDArray[np.float32] | None) -> Boxes:
    """A call's finite boxes; none if the parser returned false."""
    import numpy as np

    table = np.zeros((0, 6), np.float32) if call is None else call[np.isfinite(call).all(axis=1)]
    return Boxes.from_table(table)


def check(
    calls: Sequence[NDArray[np.float32] | None], network: Network, classes: int, *, where: str = ""
) -> tuple[Finding, ...]:
    """Findings about the boxes of all calls, errors first."""
    return tuple(
        Finding(rule, severity, what, where, fix)
        for rule, severity, what, fix in sorted(_problems(calls, network, classes), key=lambda p: p[1] != ERROR)
    )


def _problems(
    calls: Sequence[NDArray[np.float32] | None], network: Network, classes: int
) -> Iterator[tuple[str, str, str, str]]:
    import numpy as np

    refused = sum(boxes is None for boxes in calls)
    if refused:
        yield (
            "parser-false",
            ERROR,
            f"the parser returned false on {refused} of {len(calls)} real frames: DeepStream crashes then",
            "read the parser's messages: it expects other layers or dims than those of step 6a",
        )
    found = [boxes for boxes in calls if boxes is not None and len(boxes)]
    if not found:
        return
    boxes = np.concatenate(found)
    if not np.isfinite(boxes).all():
        yield (
            "not-finite",
            ERROR,
            f"{int((~np.isfinite(boxes).all(axis=1)).sum())} of {len(boxes)} boxes hold NaN or Inf, the model's outputs"
            " do not: the parser reads outside the tensors (more rows than inferDims has: a grid of another size, other"
            " strides or row lengths) or computes them (exp of other columns, a division by zero)",
            "compare the loops over grid, strides and columns with inferDims; dsbench parser-check names the line that"
            " reads outside; skip boxes that are not finite",
        )
        boxes = boxes[np.isfinite(boxes).all(axis=1)]
        if not len(boxes):
            return
    yield from _coordinates(boxes, network)
    beyond = boxes[:, 0][(boxes[:, 0] >= classes) | (boxes[:, 0] < 0)]
    if len(beyond):
        yield (
            CLASS_ID,
            ERROR,
            f"{len(beyond)} of {len(boxes)} boxes have class ids beyond the {classes} labels, up to {beyond.max():.0f}",
            "skip class ids >= detectionParams.perClassPreclusterThreshold.size(); compare labels.txt with the head",
        )


def _coordinates(boxes: NDArray[np.float32], network: Network) -> Iterator[tuple[str, str, str, str]]:
    import numpy as np

    left, top, width, height = (boxes[:, column] for column in range(1, 5))
    right, bottom = left + width, top + height
    largest = float(np.abs(boxes[:, 1:5]).max())
    if network.width > 8 and largest <= NORMALISED:
        yield (
            "normalised-boxes",
            ERROR,
            f"all {len(boxes)} boxes lie within [0, {largest:.2f}]: fractions that were not scaled to pixels",
            "multiply x and width by networkInfo.width, y and height by networkInfo.height",
        )
    elif network.width > 16 and largest <= spec.GRID_SPACE:
        yield (
            "grid-space",
            ERROR,
            f"all {len(boxes)} boxes lie within [0, 3]: the parser is reading grid-space offsets",
            "decode: (raw + grid_offset) * stride for cx/cy and exp(raw) * stride for w/h",
        )
    wrong = int(((width < 0) | (height < 0)).sum())
    if wrong:
        yield (
            "negative-size",
            ERROR,
            f"{wrong} of {len(boxes)} boxes have a negative width or height: DeepStream drops them",
            "check the box format: corners may be swapped, or (cx, cy, w, h) read as corners",
        )
    empty = int(((width == 0) | (height == 0)).sum())
    if empty:
        yield "zero-size", WARNING, f"{empty} of {len(boxes)} boxes have no area", "skip boxes wholly outside"
    outside = (left < -0.5) | (top < -0.5) | (right > network.width + 0.5) | (bottom > network.height + 0.5)
    if outside.any():
        yield (
            "outside",
            WARNING,
            f"{int(outside.sum())} of {len(boxes)} boxes reach outside the network's {network.width}x{network.height}:"
            " DeepStream drops those that cross the lower edge",
            "clip all coordinates to [0, networkInfo.width-1] and [0, networkInfo.height-1]",
        )
