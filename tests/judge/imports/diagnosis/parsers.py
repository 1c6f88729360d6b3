"""Parsers in NumPy with one fault each, and random outputs of three heads: what a diagnosis is tried on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dsbench.base.boxes import Boxes, nms
from dsbench.families.base import Head, NamedArray, Network, Outputs
from dsbench.families.ssd import SsdLayout
from dsbench.families.yolo import YoloLayout
from dsbench.families.yolox import YoloxLayout

NETWORK = Network(128, 96)
THRESHOLD = 0.25
CLASSES = 4
STRIDES = (8, 16, 32)
ANCHORS = sum((NETWORK.width // s) * (NETWORK.height // s) for s in STRIDES)
HEADS = {
    "yolox": Head("yolox", 1.0, CLASSES, YoloxLayout(ANCHORS, CLASSES, STRIDES), ()),
    "yolo": Head("yolo", 1.0, CLASSES, YoloLayout(table=False, transposed=True), ()),
    "ssd": Head("ssd", 1.0, CLASSES, SsdLayout(True, background=0, shift=1, normalised=True), ()),
}
Row = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Corners (n, 4) as pushed, class ids, scores."""


def cells(strides: tuple[int, ...] = STRIDES, width: int = NETWORK.width) -> np.ndarray:
    """(anchors, 3): column, line, stride."""
    return np.array([(x, y, s) for s in strides for y in range(NETWORK.height // s) for x in range(width // s)], float)


def scores(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """One likely class in each row, the others far below."""
    found = random.uniform(0.0, 0.2, (rows, columns))
    found[np.arange(rows), random.integers(0, columns, rows)] = random.uniform(0.05, 0.98, rows)
    return found


def outputs(family: str, seed: int) -> Outputs:
    """One image's outputs."""
    random = np.random.default_rng(seed)
    grid = cells()
    if family == "yolox":
        boxes = random.normal((0.4, 0.4, 0.7, 0.7), (0.7, 0.7, 0.4, 0.4), (ANCHORS, 4))
        objectness = random.uniform(0.3, 1, (ANCHORS, 1))
        raw = np.concatenate((boxes, objectness, scores(random, ANCHORS, CLASSES)), axis=1)
        return (NamedArray("output", raw.astype(np.float32)),)
    if family == "yolo":
        centre = (grid[:, :2] + random.uniform(-0.5, 1.5, (ANCHORS, 2))) * grid[:, 2:]
        size = random.uniform(1, 4, (ANCHORS, 2)) * grid[:, 2:]
        table = np.concatenate((centre, size, scores(random, ANCHORS, CLASSES)), axis=1)
        return (NamedArray("output0", np.ascontiguousarray(table.T, np.float32)),)
    centre, size = random.uniform(0, 1, (200, 2)), random.uniform(0.05, 0.4, (200, 2))
    boxes = np.concatenate((centre - size / 2, centre + size / 2), axis=1)
    columns = scores(random, 200, CLASSES)
    background = np.clip(1 - columns.sum(axis=1, keepdims=True), 0, 1)
    return (NamedArray("scores", np.concatenate((background, columns), axis=1).astype(np.float32)),
            NamedArray("boxes", boxes.astype(np.float32)))  # fmt: skip


def around(cx: np.ndarray, cy: np.ndarray, w: np.ndarray, h: np.ndarray) -> np.ndarray:
    return np.stack((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), axis=1)


def best(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return columns.argmax(axis=1), columns.max(axis=1)


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


COLUMNS = {"offsets-swapped": [1, 0, 2, 3], "column-repeated": [0, 0, 2, 3]}
"""Columns of the box that a fault takes."""


def yolox(found: Outputs, fault: str) -> Row:
    """YOLOX's decode."""
    raw = np.asarray(found[0].data, float)
    if fault == "row-length":
        padded = np.concatenate((raw.reshape(-1), np.zeros(ANCHORS)))
        raw = padded.reshape(ANCHORS, raw.shape[1] + 1)[:, :-1]
    if fault in COLUMNS:
        raw = np.concatenate((raw[:, COLUMNS[fault]], raw[:, 4:]), axis=1)
    order = {"stride-order": STRIDES[::-1], "other-strides": (16, 16, 32)}.get(fault, STRIDES)
    column, line, stride = (cells(order, 96 if fault == "other-grid" else NETWORK.width)[:ANCHORS]).T
    raw = raw[: len(column)]
    x, y = {"no-grid": (0 * column, 0 * line), "grid-swapped": (line, column)}.get(fault, (column, line))
    x, y = (x + 0.5, y + 0.5) if fault == "half-cell" else (x, y)
    stride = {"no-stride": 1 + 0 * stride, "one-stride": 8 + 0 * stride}.get(fault, stride)
    change = {"centre-sigmoid": sigmoid, "centre-exponent": np.exp, "centre-whole": np.trunc}.get(fault, np.asarray)
    dx, dy = change(raw[:, :2]).T
    size = {"no-exponent": np.asarray, "exponent-base": np.exp2}.get(fault, np.exp)(raw[:, 2:4])
    first = {"class-columns-early": 4, "class-columns-late": 6}.get(fault, 5)
    ids, score = best(raw[:, first:])
    if fault == "class-lowest":
        ids, score = raw[:, first:].argmin(axis=1), raw[:, first:].min(axis=1)
    objectness = raw[:, 4]
    score, objectness = (sigmoid(score), sigmoid(objectness)) if fault == "sigmoid-twice" else (score, objectness)
    total = {
        "objectness-ignored": score,
        "objectness-alone": objectness,
        "objectness-mean": (score + objectness) / 2,
        "objectness-minimum": np.minimum(score, objectness),
        "objectness-maximum": np.maximum(score, objectness),
        "objectness-sum": score + objectness,
        "objectness-of-neighbour": score * np.roll(objectness, 1),
    }.get(fault, score * objectness)
    if fault == "one-stride-for-places":
        return around((x + dx) * 8, (y + dy) * 8, *(size.T * stride)), ids, total
    return around((x + dx) * stride, (y + dy) * stride, *(size.T * stride)), ids, total


def yolo(found: Outputs, fault: str) -> Row:
    """YOLOv8's decode."""
    data = np.asarray(found[0].data, float)
    table = data.reshape(-1).reshape(data.shape[::-1]) if fault == "transposed" else data.T
    boxes = table[:, :4]
    if fault == "decoded-twice":
        column, line, stride = cells().T
        boxes = np.stack(((boxes[:, 0] + column) * stride, (boxes[:, 1] + line) * stride,
                          np.exp(boxes[:, 2]) * stride, np.exp(boxes[:, 3]) * stride), axis=1)  # fmt: skip
    columns = table[:, {"class-columns-early": 3, "class-columns-late": 5}.get(fault, 4) :]
    if fault == "softmax-for-sigmoid":
        columns = np.exp(columns) / np.exp(columns).sum(axis=1, keepdims=True)
    ids, score = best(columns)
    score = sigmoid(score) if fault == "sigmoid-twice" else score
    return boxes if fault == "centres-as-corners" else around(*boxes.T), ids, score


def ssd(found: Outputs, fault: str) -> Row:
    """A pair of scores and boxes."""
    columns, boxes = (np.asarray(out.data, float) for out in found)
    boxes = np.roll(boxes, 1, axis=0) if fault == "rows-apart" else boxes
    rows, classes = np.nonzero(columns >= THRESHOLD)
    keep = classes >= 0 if fault == "background-kept" else classes > 0
    rows, classes = rows[keep], classes[keep]
    ids = classes if fault in ("background-kept", "background-counted") else classes - 1
    corners = boxes[rows] * np.tile((NETWORK.width, NETWORK.height), 2)
    if fault == "corners-as-centres":
        corners = around(*corners.T)
    return corners, ids, columns[rows, classes]


DECODERS: dict[str, Callable[[Outputs, str], Row]] = {"yolox": yolox, "yolo": yolo, "ssd": ssd}
OWN_FAULTS = {
    "yolox": ("size-not-cut", "no-grid", "grid-swapped", "half-cell", "stride-order", "one-stride", "no-stride",
              "no-exponent", "centre-sigmoid", "objectness-ignored", "objectness-alone", "sigmoid-twice",
              "class-columns-early", "class-columns-late", "row-length", "objectness-mean", "objectness-minimum",
              "objectness-maximum", "objectness-sum", "objectness-of-neighbour", "centre-exponent", "centre-whole",
              "exponent-base", "offsets-swapped", "column-repeated", "one-stride-for-places", "other-grid",
              "other-strides", "clipped-to-other-side"),
    "yolo": ("transposed", "decoded-twice", "sigmoid-twice", "softmax-for-sigmoid",
             "class-columns-early", "class-columns-late", "centres-as-corners"),
    "ssd": ("background-kept", "background-counted", "corners-as-centres", "rows-apart"),
}  # fmt: skip


def pushed(name: str, box: np.ndarray, ids: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, ...]:
    """Left, top, width, height, class id and score of clipped boxes (n, 4: left, top, width, height) with a fault."""
    x, y, w, h = box.T
    width, height = NETWORK.width, NETWORK.height
    return {
        "corner-is-centre": (x + w / 2, y + h / 2, w, h, ids, score),
        "half-size-twice": (x - w / 2, y - h / 2, w, h, ids, score),
        "axes-swapped": (y, x, h, w, ids, score),
        "places-swapped": (y, x, w, h, ids, score),
        "sizes-swapped": (x, y, h, w, ids, score),
        "edges-as-sizes": (x, y, x + w, y + h, ids, score),
        "lower-right-corner": (x + w, y + h, w, h, ids, score),
        "size-halved": (x, y, w / 2, h / 2, ids, score),
        "size-doubled": (x, y, w * 2, h * 2, ids, score),
        "size": (x, y, w * 0.7, h * 0.7, ids, score),
        "upside-down": (x, height - y - h, w, h, ids, score),
        "mirrored": (width - x - w, y, w, h, ids, score),
        "whole-pixels": (np.trunc(x), np.trunc(y), np.trunc(w), np.trunc(h), ids, score),
        "scale": (x * 0.6, y * 0.6, w * 0.6, h * 0.6, ids, score),
        "shift": (x + 9, y + 6, w, h, ids, score),
        "class-plus-one": (x, y, w, h, ids + 1, score),
        "class-minus-one": (x, y, w, h, ids - 1, score),
        "multiples": (x // 16 * 16, y // 16 * 16, w, h, ids, score),
        "class-doubled": (x, y, w, h, ids * 2 % CLASSES, score),
        "class-lost": (x, y, w, h, 0 * ids, score),
        "score-root": (x, y, w, h, ids, np.sqrt(score)),
        "score-squared": (x, y, w, h, ids, score**2),
        "score-percent": (x, y, w, h, ids, score * 100),
        "score-inverted": (x, y, w, h, ids, 1 - score),
        "score-constant": (x, y, w, h, ids, 0 * score + 1),
        "score-unset": (x, y, w, h, ids, 0 * score),
    }.get(name, (x, y, w, h, ids, score))


PUSHED_FAULTS = (
    "corner-is-centre", "half-size-twice", "axes-swapped", "places-swapped", "sizes-swapped", "edges-as-sizes",
    "lower-right-corner", "size-halved", "size-doubled", "size", "upside-down", "mirrored", "whole-pixels", "scale",
    "shift", "multiples", "class-plus-one", "class-minus-one", "class-doubled", "class-lost", "score-root",
    "score-squared", "score-percent", "score-inverted", "score-constant", "score-unset",
)  # fmt: skip


def parse(family: str, found: Outputs, fault: str = "", threshold: float = THRESHOLD) -> np.ndarray:
    """(n, 6) float32: class id, left, top, width, height, score; as a parser with this fault returns it."""
    corners, ids, score = DECODERS[family](found, fault)
    with np.errstate(over="ignore", invalid="ignore"):
        right = NETWORK.height - 1 if fault == "clipped-to-other-side" else NETWORK.width - 1
        cut = np.clip(corners, 0, np.tile((right, NETWORK.height - 1), 2))
    box = np.concatenate((cut[:, :2], cut[:, 2:] - cut[:, :2]), axis=1)
    if fault == "size-not-cut":
        box[:, 2:] = corners[:, 2:] - corners[:, :2]
    if fault == "centres-as-corners":
        box = np.concatenate((corners[:, :2], corners[:, 2:] - corners[:, :2]), axis=1)
        keep = score >= threshold
    else:
        keep = (score >= threshold) & (box[:, 2] > 0) & (box[:, 3] > 0)
    left, top, width, height, label, confidence = pushed(fault, box[keep], ids[keep], score[keep])
    return np.stack((label, left, top, width, height, confidence), axis=1).astype(np.float32)


def clustered(table: np.ndarray) -> np.ndarray:
    """The table after an NMS of the parser's own, best first."""
    return table[nms(Boxes.from_table(table), 0.45, len(table))]
