"""Reference decodes of DeepStream's own functions for TAO models: what they return, right or wrong for the model.

Source: NVIDIA/DeepStream, src/utils/nvdsinfer_customparser/nvdsinfer_custombboxparser.cpp, and
src/utils/nvdsinfer/nvdsinfer_context_impl_output_parsing.cpp for the decode without a function. The functions read
32-bit words whatever the type of an output is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dsbench.base.boxes import Boxes
from dsbench.families.base import NamedArray, Network, Outputs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Corners = tuple[Floats, Floats, Floats, Floats]

BBOX_NORM = 35.0
TOP = 100
"""Query-class pairs that NvDsInferParseCustomRTDETRTAO considers."""
QUERIES = 199
"""Objects that NvDsInferParseCustomDDETRTAO returns at most."""
CLASSES_OF_DDETR = 4
"""NvDsInferParseCustomDDETRTAO reads the logits of query q from 4 q on, whatever the number of classes is."""
BATCHED = 201
"""Objects after which the BatchedNMS functions stop."""
GRID = ("output_bbox/BiasAdd:0", "output_cov/Sigmoid:0")
"""Outputs that NvDsInferParseCustomResnet looks for, compared exactly."""
GRID_PARTS = ("bbox", "cov")
"""Parts of the names that nvinfer's own decode looks for; the last output with each counts."""
PAIR = ("pred_logits", "pred_boxes")
"""Outputs that the functions for object queries look for, compared exactly."""
SSD = ("detection_boxes", "detection_scores", "detection_classes")
"""Outputs that NvDsInferParseCustomTfSSD looks for, compared exactly."""
SSD_COUNT = "num_detections"
"""Limits the rows where it is there and float32."""
_BY_NAME = {
    "NvDsInferParseCustomResnet": GRID,
    "NvDsInferParseCustomRTDETRTAO": PAIR,
    "NvDsInferParseCustomDDETRTAO": PAIR,
    "NvDsInferParseCustomTfSSD": SSD,
}


@dataclass(frozen=True, slots=True)
class TaoLayout:
    """Function and indices of the outputs it reads, in the order in which `decode` needs them; ``classes`` is 0 where
    the outputs do not say."""

    function: str
    outputs: tuple[int, ...]
    classes: int


def layout_of(function: str, names: Sequence[str], samples: Sequence[Outputs]) -> TaoLayout | str:
    """The layout, or what is missing ("needs ..."). ``function`` is "" for nvinfer's own decode."""
    shapes = [out.data.shape for out in samples[0]] if samples else []
    if not function:
        places = [max((i for i, name in enumerate(names) if part in name), default=-1) for part in GRID_PARTS]
        if -1 in places:
            return "needs outputs whose names contain bbox and cov"
        return TaoLayout(function, tuple(places), shapes[places[1]][0] if shapes else 0)
    exact = names_of(function)
    if exact:
        if not set(exact) <= set(names):
            return f"needs outputs called exactly {', '.join(exact)}"
        used = (SSD_COUNT, *exact) if exact == SSD and SSD_COUNT in names else exact
        return TaoLayout(function, tuple(map(names.index, used)), _classes_of(exact, names, shapes))
    count = 2 if function.endswith("CustomNMSTLT") else 4
    if len(names) != count:
        return f"needs {count} outputs, the model has {len(names)}"
    return TaoLayout(function, tuple(range(count)), 0)


def _classes_of(exact: tuple[str, ...], names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> int:
    """What the outputs say; 0 if they say nothing."""
    if not shapes or exact == SSD:
        return 0
    return shapes[names.index(exact[1])][0] if exact == GRID else shapes[names.index(exact[0])][-1]


def names_of(function: str) -> tuple[str, ...]:
    """The outputs that NVIDIA's function cannot do without, by exact name; () if it goes by position."""
    return _BY_NAME.get(function, ())


def decode(outputs: Outputs, layout: TaoLayout, network: Network, threshold: float) -> Boxes:
    """Boxes of one image in network pixels, in the order of the built-in function."""
    import numpy as np

    parts = [outputs[index] for index in layout.outputs]
    with np.errstate(invalid="ignore", over="ignore"):
        if not layout.function or layout.function.endswith("Resnet"):
            return _grid(parts[0].data, parts[1].data, network, threshold, own=not layout.function)
        if layout.function.endswith("RTDETRTAO"):
            return _pairs(parts[0].data, parts[1].data, network, threshold)
        if layout.function.endswith("DDETRTAO"):
            return _best_of_each_query(parts[0].data, parts[1].data, network, threshold)
        if layout.function.endswith("CustomNMSTLT"):
            return _nms_rows(parts, network, threshold)
        if layout.function.endswith("TfSSD"):
            return _tensorflow_ssd(parts, network, threshold)
        return _suppressed(parts, layout.function, network, threshold)


def _words(output: NamedArray, dtype: str) -> NDArray[Any]:
    """The output's memory as 32-bit words of type ``dtype`` ("f4" or "i4")."""
    import numpy as np

    data = np.ascontiguousarray(output.data).reshape(-1).view(np.uint8)
    return data[: len(data) // 4 * 4].view(dtype)


def _clip(value: Floats, highest: int) -> Floats:
    """Into [0, highest]; NaN becomes ``highest``."""
    import numpy as np

    low = np.where(value < highest, value, np.float32(highest))
    return np.where(low > 0, low, np.float32(0)).astype(np.float32)


def _as_boxes(label: NDArray[Any], corners: Corners, score: Floats, network: Network, keep: NDArray[Any]) -> Boxes:
    """Boxes of the corners, cut to the network's size, of those that ``keep`` says."""
    import numpy as np

    x1, y1, x2, y2 = (part[keep] for part in corners)
    right, bottom = network.width - 1, network.height - 1
    left, top = _clip(x1, right), _clip(y1, bottom)
    sizes = (_clip(x2, right) - left, _clip(y2, bottom) - top)
    return Boxes(label[keep].astype(np.int32), left, top, *sizes, score[keep].astype(np.float32))


def _grid(bbox: Floats, cov: Floats, network: Network, threshold: float, *, own: bool) -> Boxes:
    """DetectNet_v2: coverage [C, h, w], box planes [4C, h, w] as distances from the cell's centre in units of 35.

    ``own``: nvinfer's decode, which adds no pixel to the sizes and drops inverted boxes.
    """
    import numpy as np

    classes, rows, columns = cov.shape
    low = np.float32(threshold)
    label, y, x = np.nonzero(~(cov < low) if own else cov >= low)
    planes = bbox[: 4 * classes].reshape(classes, 4, rows, columns)[label, :, y, x].T.astype(np.float32)
    norm = np.float32(BBOX_NORM)
    centre_x = (x * math.ceil(network.width / columns) + 0.5).astype(np.float32) / norm
    centre_y = (y * math.ceil(network.height / rows) + 0.5).astype(np.float32) / norm
    corners = (
        (planes[0] - centre_x) * -norm,
        (planes[1] - centre_y) * -norm,
        (planes[2] + centre_x) * norm,
        (planes[3] + centre_y) * norm,
    )
    score = cov[label, y, x].astype(np.float32)
    if own:
        return _cut_by_nvinfer(label, corners, score, network)
    found = _as_boxes(label, corners, score, network, np.ones(len(label), bool))
    one = np.float32(1)
    return Boxes(found.class_id, found.left, found.top, found.width + one, found.height + one, found.confidence)


def _cut_by_nvinfer(label: NDArray[Any], corners: Corners, score: Floats, network: Network) -> Boxes:
    """Boxes whose edges at or beyond the network's size, and none between its last pixel and it, are moved."""
    import numpy as np

    def cut(edge: Floats, pixels: int) -> Floats:
        return np.where(edge >= pixels, np.float32(pixels - 1), np.where(edge < 0, np.float32(0), edge))

    left, top = cut(corners[0], network.width), cut(corners[1], network.height)
    width, height = cut(corners[2], network.width) - left, cut(corners[3], network.height) - top
    found = Boxes(label.astype(np.int32), left, top, width, height, score)
    return found.take(~((width < 0) | (height < 0)))


def _sigmoid(logits: NDArray[Any]) -> Floats:
    import numpy as np

    return (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)


def _pairs(logits: Floats, boxes: Floats, network: Network, threshold: float) -> Boxes:
    """RT-DETR: the best 100 pairs of query and class. Equal scores in another order than std::sort's."""
    import numpy as np

    classes = logits.shape[1]
    scores = _sigmoid(logits).reshape(-1)
    order = np.argsort(-scores, kind="stable")[:TOP]
    cx, cy, w, h = boxes[order // classes].astype(np.float32).T
    half, width, height = np.float32(0.5), np.float32(network.width), np.float32(network.height)
    corners = (
        (cx - half * w) * width,
        (cy - half * h) * height,
        (cx + half * w) * width,
        (cy + half * h) * height,
    )
    keep = ~(scores[order] < np.float32(threshold))
    return _as_boxes(order % classes, corners, scores[order], network, keep)


def _best_of_each_query(logits: Floats, boxes: Floats, network: Network, threshold: float) -> Boxes:
    """Deformable DETR: the best class of each query if it is not 0. The logits are read in steps of 4.

    Of equal scores the last query remains; the lowest score of all is left out.
    """
    import numpy as np

    queries, classes = logits.shape
    flat = np.concatenate([logits.reshape(-1).astype(np.float32), np.full(CLASSES_OF_DDETR, -np.inf, np.float32)])
    steps = np.arange(queries)[:, None] * CLASSES_OF_DDETR + np.arange(classes)
    read = flat[np.minimum(steps, len(flat) - 1)]
    label = np.argmax(np.where(np.isnan(read), -np.inf, read), axis=1) * ~np.isnan(read[:, 0])
    score = _sigmoid(read[np.arange(queries), label])
    kept = np.flatnonzero((label > 0) & ~(score < np.float32(threshold)) & ~np.isnan(score))
    by_score = {score[query]: query for query in kept}
    order = np.array([by_score[value] for value in sorted(by_score, reverse=True)][:-1][:QUERIES], np.intp)
    cx, cy, w, h = boxes[order].astype(np.float32).T
    two, width, height = np.float32(2), np.float32(network.width), np.float32(network.height)
    x1, y1 = (cx - w / two) * width, (cy - h / two) * height
    corners = (x1, y1, x1 + w * width, y1 + h * height)
    return _as_boxes(label[order], corners, score[order], network, np.ones(len(order), bool))


def _nms_rows(parts: Sequence[NamedArray], network: Network, threshold: float) -> Boxes:
    """TAO's NMS plugin: rows of image, class, score, x1, y1, x2, y2 as fractions; sizes are cut, not corners."""
    import numpy as np

    table = _words(parts[0], "f4").reshape(-1, 7)[: max(0, int(_words(parts[1], "i4")[0]))]
    table = table[~(table[:, 2] < np.float32(threshold)) & (table[:, 1] > -1)]
    width, height = np.float32(network.width), np.float32(network.height)
    x1, y1, x2, y2 = table[:, 3:].T
    right, bottom = network.width - 1, network.height - 1
    sides = (_clip(x1 * width, right), _clip(y1 * height, bottom))
    sizes = (_clip((x2 - x1) * width, right), _clip((y2 - y1) * height, bottom))
    return Boxes(table[:, 1].astype(np.int32), *sides, *sizes, table[:, 2])


def _tensorflow_ssd(parts: Sequence[NamedArray], network: Network, threshold: float) -> Boxes:
    """Boxes y1, x1, y2, x2 as fractions, perhaps with a count in front."""
    import numpy as np

    boxes, scores, classes = (_words(part, "f4") for part in parts[-3:])
    used = len(scores)
    if len(parts) == 4 and parts[0].data.dtype == np.float32:
        used = max(0, min(int(_words(parts[0], "f4")[0]), used))
    scores, classes = scores[:used], classes[:used]
    scale = np.array([network.height, network.width] * 2, np.float32)
    y1, x1, y2, x2 = (boxes.reshape(-1, 4)[:used] * scale).T
    found = _as_boxes(classes, (x1, y1, x2, y2), scores, network, ~(scores < np.float32(threshold)) & (classes > -1))
    return found.take((found.width > 0) & (found.height > 0))


def _suppressed(parts: Sequence[NamedArray], function: str, network: Network, threshold: float) -> Boxes:
    """Count, boxes, scores, classes by position: BatchedNMS, YOLOv5's (pixels), EfficientDet's (pixels, y first)."""
    import numpy as np

    boxes, scores, classes = (_words(part, "f4") for part in parts[1:])
    rows = min(len(scores), len(classes), len(boxes) // 4)
    used = max(0, min(int(_words(parts[0], "i4")[0]), rows))
    boxes, scores, classes = boxes.reshape(-1, 4)[:used], scores[:used], classes[:used]
    keep = ~(scores < np.float32(threshold)) & (classes > -1)
    keep &= ~((boxes[:, 2] < boxes[:, 0]) | (boxes[:, 3] < boxes[:, 1]))
    if function.endswith("EfficientDetTAO"):
        y1, x1, y2, x2 = boxes[keep].T
        right, bottom = network.width - 1, network.height - 1
        sides, sizes = (_clip(x1, right), _clip(y1, bottom)), (_clip(x2 - x1, right), _clip(y2 - y1, bottom))
        return Boxes(classes[keep].astype(np.int32), *sides, *sizes, scores[keep])
    size = (1, 1) if "YoloV5" in function else (network.width, network.height)
    x1, y1, x2, y2 = (boxes * np.array([*size, *size], np.float32)).T
    return _as_boxes(classes, (x1, y1, x2, y2), scores, network, keep).take(slice(BATCHED))
