"""Boxes out of the heads of the calibration's models: dsbench's own families where one decodes the head, else a short
decoder that only this benchmark needs. Boxes are in network pixels, before NMS."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from dsbench.base.boxes import Boxes
from dsbench.families.base import Head, NamedArray, Network, Outputs
from dsbench.families.registry import by_name

Floats = npt.NDArray[np.float32]
Decoder = Callable[[Sequence[Floats], Network, float], Boxes]


def of_family(head: Head, names: Sequence[str]) -> Decoder:
    """The decode of the family that recognised ``head``."""
    family = by_name(head.family)

    def decode(arrays: Sequence[Floats], network: Network, threshold: float) -> Boxes:
        outputs: Outputs = tuple(NamedArray(*pair) for pair in zip(names, arrays, strict=True))
        return family.decode(outputs, head, network, threshold)

    return decode


def boxes_of(corners: Floats, scores: Floats, classes: npt.NDArray[np.integer], threshold: float) -> Boxes:
    """Rows of x1, y1, x2, y2 with a score of at least ``threshold`` and an area."""
    with np.errstate(invalid="ignore"):
        keep = (scores >= threshold) & (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
    corners = corners[keep]
    left, top, right, bottom = corners.T.astype(np.float32)
    return Boxes(classes[keep].astype(np.int32), left, top, right - left, bottom - top, scores[keep].astype(np.float32))


def centres(rows: int, columns: int, stride: float, offset: float = 0.5) -> Floats:
    """Centres of a grid's cells in pixels, (cells, 2), row by row."""
    y, x = np.mgrid[0:rows, 0:columns]
    return ((np.stack([x, y], -1).reshape(-1, 2) + offset) * stride).astype(np.float32)


def softmax(values: Floats) -> Floats:
    exp = np.exp(values - values.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)


def sigmoid(values: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(values, -80, 80)))


def gfl(arrays: Sequence[Floats], network: Network, threshold: float) -> Boxes:
    """NanoDet and PicoDet: class maps and side distributions of each stride, paired by their number of cells."""
    flat = [np.asarray(array, np.float32).reshape(-1, array.shape[-1]) for array in arrays]
    sides = [array for array in flat if array.shape[1] == 32]
    found = []
    for scores in (array for array in flat if array.shape[1] != 32):
        distances = next(array for array in sides if len(array) == len(scores))
        stride = min((8, 16, 32, 64), key=lambda s: abs(-(-network.height // s) * -(-network.width // s) - len(scores)))
        grid = centres(-(-network.height // stride), -(-network.width // stride), stride)
        bins = softmax(distances.reshape(len(scores), 4, -1))
        far = (bins * np.arange(bins.shape[-1])).sum(-1) * stride
        corners = np.concatenate([grid - far[:, :2], grid + far[:, 2:]], axis=1)
        found.append((corners, scores))
    corners, scores = (np.concatenate(part) for part in zip(*found, strict=True))
    return boxes_of(corners, scores.max(1), scores.argmax(1), threshold)


def dets_labels(arrays: Sequence[Floats], network: Network, threshold: float) -> Boxes:
    """mmdeploy: x1, y1, x2, y2, score and the class."""
    rows, labels = arrays
    return boxes_of(rows[:, :4], rows[:, 4], labels.astype(np.int32), threshold)


def retinaface(arrays: Sequence[Floats], network: Network, threshold: float) -> Boxes:
    """loc, conf, landms on priors of strides 8, 16, 32 with two sizes each; variances 0.1 and 0.2."""
    by_width = {array.shape[-1]: array for array in arrays}
    priors = []
    for stride, sizes in ((8, (16, 32)), (16, (64, 128)), (32, (256, 512))):
        rows, columns = -(-network.height // stride), -(-network.width // stride)
        grid = np.repeat(centres(rows, columns, stride), len(sizes), axis=0)
        priors.append(np.column_stack([grid, np.tile(sizes, rows * columns)]))
    prior = np.concatenate(priors).astype(np.float32)
    loc, scores = by_width[4], by_width[2]
    centre = prior[:, :2] + loc[:, :2] * 0.1 * prior[:, 2:]
    half = prior[:, 2:] * np.exp(np.clip(loc[:, 2:] * 0.2, -10, 10)) / 2
    if scores.min() < 0 or scores.max() > 1:
        scores = softmax(scores)
    return boxes_of(
        np.concatenate([centre - half, centre + half], 1), scores[:, 1], np.zeros(len(prior), int), threshold
    )


def centerface(arrays: Sequence[Floats], network: Network, threshold: float) -> Boxes:
    """Heat map, log sizes (height, width) and offsets (y, x) at stride 4."""
    heat, scale, offset, _ = arrays
    rows, columns = heat.shape[-2:]
    grid = centres(rows, columns, 1, 0.0)
    size = np.exp(np.clip(scale.reshape(2, -1).T, -10, 10)) * 4
    centre = (grid + offset.reshape(2, -1).T[:, ::-1] + 0.5) * 4
    half = size[:, ::-1] / 2
    return boxes_of(
        np.concatenate([centre - half, centre + half], 1), heat.ravel(), np.zeros(rows * columns, int), threshold
    )


def fastestdet(arrays: Sequence[Floats], network: Network, threshold: float) -> Boxes:
    """One map of objectness, four box values and class scores: score = objectness^0.6 x class^0.4."""
    raw = arrays[0].reshape(arrays[0].shape[0], -1).T
    rows, columns = arrays[0].shape[-2:]
    scores = np.clip(raw[:, 0], 0, None) ** 0.6 * np.clip(raw[:, 5:].max(1), 0, None) ** 0.4
    grid = centres(rows, columns, 1, 0.0)
    centre = (grid + np.tanh(raw[:, 1:3])) / (columns, rows) * (network.width, network.height)
    half = sigmoid(raw[:, 3:5]) * (network.width, network.height) / 2
    return boxes_of(np.concatenate([centre - half, centre + half], 1), scores, raw[:, 5:].argmax(1), threshold)


DECODERS: dict[str, Decoder] = {
    "gfl": gfl,
    "dets_labels": dets_labels,
    "retinaface": retinaface,
    "centerface": centerface,
    "fastestdet": fastestdet,
}
