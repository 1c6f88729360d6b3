"""Reference decodes of the built-in TAO functions, as far as their behaviour is known. Source: semantics g."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.families import queries
from dsbench.families.base import Network, Outputs, clip_boxes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

BBOX_NORM = 35.0
TOP = 100
"""Detections that NvDsInferParseCustomRTDETRTAO considers."""
MOST = 201
"""Objects after which NvDsInferParseCustomBatchedNMSTLT stops."""


@dataclass(frozen=True, slots=True)
class TaoLayout:
    """Function and indices of the outputs it reads, in the order in which `decode` needs them; ``classes`` is 0 where
    the outputs do not say."""

    function: str
    outputs: tuple[int, ...]
    classes: int


def layout_of(function: str, names: Sequence[str], samples: Sequence[Outputs]) -> TaoLayout | str:
    """The layout, or what is missing ("needs ...")."""
    shapes = [out.data.shape for out in samples[0]] if samples else []
    if function.endswith("Resnet"):
        wanted = [next((i for i, name in enumerate(names) if key in name), -1) for key in ("bbox", "cov")]
        if -1 in wanted:
            return "needs outputs called output_bbox/BiasAdd and output_cov/Sigmoid"
        return TaoLayout(function, tuple(wanted), shapes[wanted[1]][0] if shapes else 0)
    if function.endswith("DETRTAO"):
        wanted = [names.index(key) if key in names else -1 for key in ("pred_logits", "pred_boxes")]
        if -1 in wanted:
            return "needs outputs called pred_logits and pred_boxes"
        return TaoLayout(function, tuple(wanted), shapes[wanted[0]][-1] if shapes else 0)
    if function.endswith("TfSSD"):
        parts = ("num_detections", "detection_boxes", "detection_scores", "detection_classes")
        if not set(parts[1:]) <= set(names):
            return f"needs outputs called {', '.join(parts[1:])}"
        return TaoLayout(function, tuple(names.index(part) for part in parts if part in names), 0)
    count = 2 if function.endswith("CustomNMSTLT") else 4
    if len(names) != count:
        return f"needs {count} outputs, the model has {len(names)}"
    return TaoLayout(function, tuple(range(count)), 0)


def decode(outputs: Outputs, layout: TaoLayout, network: Network, threshold: float) -> Boxes:
    """Boxes of one image in network pixels, in the order of the built-in function."""
    arrays = [outputs[index].data for index in layout.outputs]
    if layout.function.endswith("Resnet"):
        return _resnet(arrays[0], arrays[1], network, threshold)
    if layout.function.endswith("DETRTAO"):
        return _queries(arrays[0], arrays[1], network, threshold, top=layout.function.endswith("RTDETRTAO"))
    if len(arrays) == 2:
        return _nms_rows(arrays[0], arrays[1], network, threshold)
    return _four(arrays, layout.function, network, threshold)


def _resnet(bbox: Floats, cov: Floats, network: Network, threshold: float) -> Boxes:
    """DetectNet_v2: coverage [C, h, w], box planes [4C, h, w] as distances from the cell's centre in units of 35."""
    import numpy as np

    classes, rows, columns = cov.shape
    label, y, x = np.nonzero(np.isfinite(cov) & (cov >= np.float32(threshold)))
    planes = bbox.reshape(classes, 4, rows, columns)[label, :, y, x].T.astype(np.float32)
    norm, stride_x, stride_y = (
        np.float32(BBOX_NORM),
        math.ceil(network.width / columns),
        math.ceil(network.height / rows),
    )
    centre_x = ((x * stride_x).astype(np.float32) + np.float32(0.5)) / norm
    centre_y = ((y * stride_y).astype(np.float32) + np.float32(0.5)) / norm
    right, bottom = np.float32(network.width - 1), np.float32(network.height - 1)
    left = np.clip((planes[0] - centre_x) * -norm, 0, right)
    top = np.clip((planes[1] - centre_y) * -norm, 0, bottom)
    width = np.clip((planes[2] + centre_x) * norm, 0, right) - left + np.float32(1)
    height = np.clip((planes[3] + centre_y) * norm, 0, bottom) - top + np.float32(1)
    keep = np.isfinite(planes).all(axis=0) & (width > 0) & (height > 0)
    parts = (left, top, width, height, cov[label, y, x])
    return Boxes(label[keep].astype(np.int32), *(part[keep].astype(np.float32) for part in parts))


def _queries(logits: Floats, boxes: Floats, network: Network, threshold: float, *, top: bool) -> Boxes:
    """DETR heads: sigmoid; RT-DETR's best 100 of all query-class pairs, Deformable DETR's classes but 0."""
    import numpy as np

    with np.errstate(over="ignore"):
        scores = (np.float32(1) / (np.float32(1) + np.exp(-logits.astype(np.float32)))).astype(np.float32)
    classes = scores.shape[1]
    order = np.argsort(-scores.reshape(-1), kind="stable")[:TOP] if top else np.arange(scores.size)
    label, query = (order % classes).astype(np.int32), order // classes
    confidence = scores.reshape(-1)[order]
    keep = (confidence >= np.float32(threshold)) & (top | (label > 0))  # NaN compares false
    label, query, confidence = label[keep], query[keep], confidence[keep]
    return queries.centre_boxes(label, boxes[query], confidence, network)


def _nms_rows(rows: Floats, count: Floats, network: Network, threshold: float) -> Boxes:
    """TAO's NMS plugin: rows of image, class, score, x1, y1, x2, y2 as fractions."""
    import numpy as np

    table = rows.reshape(-1, 7)[: int(np.asarray(count).reshape(-1)[0])]
    table = table[np.isfinite(table).all(axis=1) & (table[:, 2] >= np.float32(threshold)) & (table[:, 1] >= 0)]
    size = np.array([network.width, network.height] * 2, np.float32)
    x1, y1, x2, y2 = (table[:, 3:] * size).T
    return clip_boxes(table[:, 1].astype(np.int32), (x1, y1, x2, y2), table[:, 2], network)


def _four(arrays: Sequence[Floats], function: str, network: Network, threshold: float) -> Boxes:
    """Count, boxes, scores, classes; TfSSD may come without a count."""
    import numpy as np

    if len(arrays) == 3:
        arrays = [np.array([arrays[1].size], np.float32), *arrays]
    count, boxes, scores, classes = (np.asarray(array, np.float32).reshape(-1) for array in arrays)
    used = max(0, min(int(count[0]), len(scores), MOST if function.endswith("BatchedNMSTLT") else len(scores)))
    boxes, scores, classes = boxes.reshape(-1, 4)[:used], scores[:used], classes[:used]
    keep = np.isfinite(boxes).all(axis=1) & (scores >= np.float32(threshold)) & (classes >= 0)
    boxes, scores, classes = boxes[keep], scores[keep], classes[keep]
    if function.endswith(("EfficientDetTAO", "TfSSD")):
        boxes = boxes[:, [1, 0, 3, 2]]
    pixels = function.endswith("EfficientDetTAO") or "YoloV5" in function
    size = (1, 1) if pixels else (network.width, network.height)
    x1, y1, x2, y2 = (boxes * np.array([*size, *size], np.float32)).T
    return clip_boxes(classes.astype(np.int32), (x1, y1, x2, y2), scores, network)
