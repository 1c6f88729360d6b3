"""Heads of object queries and raw SSD, made from the demo model: all detect the same objects in the demo clip.

Preprocessing is baked in as the family's published models have it: RGB, normalised as Hugging Face's processors do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

from dsbench.model.exporter.normalisation import CLIP, IMAGENET
from tests.street_zoo import ANCHORS, CLASSES, HEIGHT, KEPT, NAMES, STRIDES, WIDTH, Surgery

ZERO_ONE = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
PATCHES = (WIDTH // 16) * (HEIGHT // 16)
TINY = 1e-4


class Normalised(Surgery):
    """The demo model fed with RGB, (x / 255 - mean) / std per channel."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        self.mean, self.std = mean, std
        super().__init__()

    def _input(self, rgb01: bool, nhwc: bool) -> None:
        shape = ("batch", 3, HEIGHT, WIDTH)
        self.graph.input.append(helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, shape))
        scale, shift = (np.array(part, np.float32).reshape(1, 3, 1, 1) * 255 for part in (self.std, self.mean))
        image = self.op("Mul", ["pixel_values", self.const(scale)])
        image = self.op("Add", [image, self.const(shift)])
        image = self.op("Gather", [image, self.const(np.array([2, 1, 0], np.int64))], axis=1)
        self.op("Identity", [image], name="bgr255")

    def centres(self, corners: str) -> str:
        """Corners in pixels as cx, cy, w, h in 0..1, clipped to the picture."""
        inside = self.op("Clip", [self.scaled(corners), self.const(np.float32(0)), self.const(np.float32(1))])
        low, high = self.columns(0, 2, inside), self.columns(2, 4, inside)
        middle = self.op("Mul", [self.op("Add", [low, high]), self.const(np.float32(0.5))])
        return self.op("Concat", [middle, self.op("Sub", [high, low])], axis=2)

    def one_hot(self, scores: str, classes: str) -> str:
        """Probabilities [b, K, C]: the score at its class, next to nothing elsewhere."""
        eye = self.op("Gather", [self.const(np.eye(CLASSES, dtype=np.float32)), classes], axis=0)
        last = self.const(np.array([2], np.int64))
        each = self.op("Mul", [eye, self.op("Unsqueeze", [scores, last])])
        return self.op("Clip", [each, self.const(np.float32(TINY)), self.const(np.float32(1 - 5 * TINY))])

    def logits(self, probabilities: str) -> str:
        rest = self.op("Sub", [self.const(np.float32(1)), probabilities])
        return self.op("Log", [self.op("Div", [probabilities, rest])])


def detr(path: Path, *, graph_softmax: bool = False) -> Path:
    """logits [b, K, C+1], background last, so that a softmax gives the scores; ImageNet's normalisation."""
    net = Normalised(*IMAGENET)
    boxes, scores, classes = net.suppressed()
    each = net.one_hot(scores, classes)
    total = net.op("ReduceSum", [each, net.const(np.array([2], np.int64))], keepdims=1)
    rest = net.op("Max", [net.op("Sub", [net.const(np.float32(1)), total]), net.const(np.float32(TINY))])
    rows = net.op("Concat", [each, rest], axis=2)
    if graph_softmax:
        rows = net.op("Div", [rows, net.op("ReduceSum", [rows, net.const(np.array([2], np.int64))], keepdims=1)])
    else:
        rows = net.op("Add", [net.op("Log", [rows]), net.const(np.float32(3))])  # a softmax does not see the shift
    net.output(rows, "logits", ("batch", KEPT, CLASSES + 1))
    net.output(net.centres(boxes), "pred_boxes", ("batch", KEPT, 4))
    return net.save(path)


def rtdetr(path: Path, *, graph_sigmoid: bool = False, boxes_first: bool = False) -> Path:
    """logits [b, K, C], a sigmoid each; 0..1."""
    net = Normalised(*ZERO_ONE)
    boxes, scores, classes = net.suppressed()
    each = net.one_hot(scores, classes)
    parts = [(each if graph_sigmoid else net.logits(each), "logits", CLASSES), (net.centres(boxes), "pred_boxes", 4)]
    for tensor, name, width in reversed(parts) if boxes_first else parts:
        net.output(tensor, name, ("batch", KEPT, width))
    return net.save(path)


def rtdetr_selected(path: Path, *, normalised: bool = False, factor: float = 1.0, scores_first: bool = False) -> Path:
    """labels int64 [b, K], boxes [b, K, 4] as corners, scores [b, K]; ``factor``: pixels of another size."""
    net = Normalised(*ZERO_ONE)
    boxes, scores, classes = net.suppressed()
    boxes = net.scaled(boxes) if normalised else net.op("Mul", [boxes, net.const(np.float32(factor))])
    parts = [
        (classes, "labels", ("batch", KEPT), TensorProto.INT64),
        (boxes, "boxes", ("batch", KEPT, 4), TensorProto.FLOAT),
        (scores, "scores", ("batch", KEPT), TensorProto.FLOAT),
    ]
    for tensor, name, shape, kind in reversed(parts) if scores_first else parts:
        net.output(tensor, name, shape, kind)
    return net.save(path)


def owlvit(path: Path) -> Path:
    """logits [b, P, C] and boxes of as many anchors as there are patches, not suppressed; CLIP's normalisation."""
    net = Normalised(*CLIP)
    found = net.decoded()
    strongest = net.op("ReduceMax", [found.score], axes=[2], keepdims=0)
    net.graph.node.append(
        helper.make_node("TopK", [strongest, net.const(np.array([PATCHES], np.int64))], ["top", "anchor"], axis=1)
    )
    anchor = net.op("Unsqueeze", ["anchor", net.const(np.array([2], np.int64))])
    boxes = net.op("GatherND", [net.corners(found), anchor], batch_dims=1)
    each = net.op("GatherND", [found.score, anchor], batch_dims=1)
    each = net.op("Clip", [each, net.const(np.float32(TINY)), net.const(np.float32(1 - TINY))])
    net.output(net.logits(each), "logits", ("batch", PATCHES, CLASSES))
    net.output(net.centres(boxes), "pred_boxes", ("batch", PATCHES, 4))
    return net.save(path)


def raw_ssd(path: Path, *, priors: str = "initializer", softmax: bool = False, batch: int | str = "batch") -> Path:
    """Class logits [b, A, 1+C] with the background first, box offsets [b, A, 4] of variances 0.1 and 0.2.

    ``priors``: "output" (a third one, [1, A, 4]), "initializer", or "" for none.
    """
    net = Surgery()
    found = net.decoded()
    cells = [(x, y, s) for s in STRIDES for y in range(HEIGHT // s) for x in range(WIDTH // s)]
    grid = [((x + 0.5) * s / WIDTH, (y + 0.5) * s / HEIGHT, 4 * s / WIDTH, 4 * s / HEIGHT) for x, y, s in cells]
    table = np.array(grid, np.float32)[None]
    size = net.const(np.array([WIDTH, HEIGHT], np.float32))
    centre, extent = net.op("Div", [found.xy, size]), net.op("Div", [found.wh, size])
    offset = net.op("Div", [net.op("Sub", [centre, net.const(table[..., :2])]), net.const(table[..., 2:] * 0.1)])
    growth = net.op("Log", [net.op("Div", [extent, net.const(table[..., 2:])])])
    growth = net.op("Div", [growth, net.const(np.float32(0.2))])
    each = net.op("Clip", [found.score, net.const(np.float32(TINY)), net.const(np.float32(0.24))])
    each = net.op("Mul", [each, net.const(np.float32(4))])
    total = net.op("ReduceSum", [each, net.const(np.array([2], np.int64))], keepdims=1)
    rest = net.op("Max", [net.op("Sub", [net.const(np.float32(1)), total]), net.const(np.float32(TINY))])
    rows = net.op("Concat", [rest, each], axis=2)
    rows = net.op("Div", [rows, net.op("ReduceSum", [rows, net.const(np.array([2], np.int64))], keepdims=1)])
    net.output(rows if softmax else net.op("Log", [rows]), "scores", (batch, ANCHORS, 1 + CLASSES))
    net.output(net.op("Concat", [offset, growth], axis=2), "boxes", (batch, ANCHORS, 4))
    if priors:
        net.graph.initializer.append(onnx_tensor("priors", table))
    if priors == "output":
        net.output("priors", "prior_boxes", (1, ANCHORS, 4))
    if isinstance(batch, int):
        net.graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch
    return net.save(path)


def onnx_tensor(name: str, value: np.ndarray) -> TensorProto:
    """An initializer."""
    from onnx import numpy_helper

    return numpy_helper.from_array(value, name)


def write_config(folder: Path, model_type: str, names: Sequence[str] = NAMES) -> Path:
    """Hugging Face's config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.json"
    path.write_text(json.dumps({"model_type": model_type, "id2label": {str(i): n for i, n in enumerate(names)}}))
    return path


def write_processor(folder: Path, kind: str, **keys: object) -> Path:
    """Hugging Face's preprocessor_config.json; ImageNet's mean and std unless others are given."""
    mean, std = IMAGENET
    base = {
        "image_processor_type": kind,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "image_mean": mean,
        "image_std": std,
    }
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps({**base, **keys}))
    return path
