"""nvinfer's built-in detector decode, used when no parse function is loaded (semantics g).

It is for the resnet10 sample networks: one output whose name contains ``cov`` (a score for each class and grid cell),
one whose name contains ``bbox`` (four planes per class: distances of the box edges from the cell centre, over 35).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dsbench.base.boxes import Boxes
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.nvinfer.parser_host import OutputLayer

if TYPE_CHECKING:
    from dsbench.base.boxes import Floats

_NORM = np.float32(35.0)
REFUSED = "Failed to parse bboxes"
NO_COVERAGE = "Could not find output coverage layer for parsing objects"
NO_BOXES = "Could not find output bbox layer for parsing objects"


def missing_layer(names: Sequence[str]) -> str:
    """nvinfer's message about outputs with these names, or "" if it finds both."""
    if not any("cov" in name for name in names):
        return NO_COVERAGE
    return "" if any("bbox" in name for name in names) else NO_BOXES


class BuiltinParser:
    """Decodes grid cells to boxes. Same interface as ParserHost."""

    def parse(
        self,
        layers: Sequence[OutputLayer],
        net: tuple[int, int, int],
        num_classes: int,
        pre_thresholds: Sequence[float] | Floats,
        post_thresholds: Sequence[float] | Floats,
    ) -> Boxes | None:
        """Objects in network pixels, class by class, row by row. Boxes are clipped; inverted ones are dropped.

        Raises DsbenchError(TENSOR_UNSUPPORTED) for outputs of another shape: nvinfer would read out of bounds.
        """
        cover, distances = _grids(layers)
        classes = min(num_classes, len(cover))
        pre = np.asarray(pre_thresholds, np.float32)
        found = [_decode(cover[i], distances[4 * i : 4 * i + 4], net, pre[i]) for i in range(classes)]
        columns = [np.concatenate(parts) for parts in zip(*found, strict=True)] if found else []
        if not columns or len(columns[0]) == 0:
            return Boxes.empty()
        class_id = np.repeat(np.arange(classes, dtype=np.int32), [len(part[0]) for part in found])
        return Boxes(class_id, *columns)


def _grids(layers: Sequence[OutputLayer]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Scores (classes, h, w) and distances (4 * classes, h, w) of the last layers with these names."""
    cover = [layer for layer in layers if "cov" in layer.name][-1]
    boxes = [layer for layer in layers if "bbox" in layer.name][-1]
    a, b = cover.array, boxes.array
    for layer in (cover, boxes):
        if layer.array.dtype != np.float32:
            raise DsbenchError(
                Code.TENSOR_UNSUPPORTED,
                f"output {layer.name} is {layer.array.dtype}: nvinfer's built-in decode reads it as float32",
                where=layer.name,
                fix="put a Cast to float32 into the graph, or give a parser of your own for this network",
            )
    if a.ndim != 3 or b.ndim != 3 or a.shape[1:] != b.shape[1:] or len(b) < 4 * len(a) or a.size == 0:
        raise DsbenchError(
            Code.TENSOR_UNSUPPORTED,
            f"outputs {cover.name} {list(a.shape)} and {boxes.name} {list(b.shape)} are no grid of scores with four "
            "distances a class: nvinfer's built-in decode would read memory that is not theirs",
            where=boxes.name,
            fix="give custom-lib-path and parse-bbox-func-name of a parser for this network",
        )
    return a, b


def _decode(cover: Floats, distances: Floats, net: tuple[int, int, int], threshold: np.float32) -> tuple[Floats, ...]:
    """One class: left, top, width, height, confidence, each (n,)."""
    width, height, _ = net
    rows, columns = np.nonzero(~(cover < threshold))  # NaN passes
    at = (rows, columns)
    x, y = _centres(cover.shape[1], width)[columns], _centres(cover.shape[0], height)[rows]
    left = _clipped((distances[0][at] - x) * -_NORM, width)
    top = _clipped((distances[1][at] - y) * -_NORM, height)
    right = _clipped((distances[2][at] + x) * _NORM, width)
    bottom = _clipped((distances[3][at] + y) * _NORM, height)
    box_w, box_h = right - left, bottom - top
    kept = ~((box_w < 0) | (box_h < 0))
    return tuple(column[kept] for column in (left, top, box_w, box_h, cover[at]))


def _centres(cells: int, pixels: int) -> Floats:
    """Centres of the cells along one axis, over 35."""
    stride = -(-pixels // cells)
    return (np.arange(cells) * stride + 0.5).astype(np.float32) / _NORM


def _clipped(edge: Floats, pixels: int) -> Floats:
    edge[edge >= pixels] = pixels - 1
    edge[edge < 0] = 0
    return edge
