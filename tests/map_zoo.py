"""The demo model with heads of maps: what NanoDet, PicoDet, raw YOLO, SCRFD, YuNet, FastestDet and CenterFace write.

`street_zoo.Surgery` opens the network; here its decoded boxes are encoded again as each head does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.street_zoo import CLASSES, HEIGHT, STRIDES, WIDTH, Surgery

GRIDS = tuple((s, WIDTH // s, HEIGHT // s) for s in STRIDES)
LEAST = np.float32(1e-6)


class MapSurgery(Surgery):
    """Parts of the decoded head by stride; a part is [b, h*w, C] until `as_map` turns it."""

    def part(self, tensor: str, index: int) -> str:
        first = sum(w * h for _, w, h in GRIDS[:index])
        last = first + GRIDS[index][1] * GRIDS[index][2]
        bounds = [self.const(np.array([value], np.int64)) for value in (first, last, 1)]
        return self.op("Slice", [tensor, *bounds])

    def as_map(self, tensor: str, index: int, channels: int) -> str:
        """[b, C, h, w]."""
        _, width, height = GRIDS[index]
        shape = self.const(np.array([0, channels, height, width], np.int64))
        return self.op("Reshape", [self.op("Transpose", [tensor], perm=[0, 2, 1]), shape])

    def logit(self, tensor: str) -> str:
        ends = [self.const(value) for value in (LEAST, 1 - LEAST)]
        inside = self.op("Clip", [tensor, *ends])
        return self.op("Log", [self.op("Div", [inside, self.op("Sub", [self.const(np.float32(1)), inside])])])

    def sides(self, corners: str, index: int, origin: float) -> str:
        """Distances from the points of the cells to the four sides, in strides [b, h*w, 4]."""
        stride, width, height = GRIDS[index]
        points = np.array([(x + origin, y + origin) for y in range(height) for x in range(width)], np.float32)
        offsets = self.op("Div", [self.part(corners, index), self.const(np.float32(stride))])
        signed = self.op("Sub", [offsets, self.const(np.tile(points, 2)[None])])
        return self.op("Mul", [signed, self.const(np.array([-1, -1, 1, 1], np.float32))])

    def distributions(self, sides: str, bins: int) -> str:
        """Logits [b, h*w, 4 * bins] whose softmax has the sides as expectation: two neighbouring bins share it."""
        each = self.op("Unsqueeze", [sides, self.const(np.array([3], np.int64))])
        last = [self.const(np.float32(value)) for value in (0, bins - 1)]
        away = self.op("Sub", [self.op("Clip", [each, *last]), self.const(np.arange(bins, dtype=np.float32))])
        weight = self.op("Sub", [self.const(np.float32(1)), self.op("Abs", [away])])
        logits = self.op("Log", [self.op("Max", [weight, self.const(LEAST)])])
        return self.op("Reshape", [logits, self.const(np.array([0, 0, 4 * bins], np.int64))])


def nanodet(path: Path, *, batch: bool = True, bins: int = 16) -> Path:
    """Class rows [b, h*w, C] and side rows [b, h*w, 4 * bins] in turn, the sides in another order than the classes."""
    net = MapSurgery()
    found = net.decoded()
    corners = net.corners(found)
    for index, other in enumerate((1, 0, 2)):
        _, width, height = GRIDS[index]
        _, wide, high = GRIDS[other]
        scores = net.part(found.score, index)
        sides = net.distributions(net.sides(corners, other, 0.5), bins)
        if batch:
            net.output(scores, f"cls_{index}", ("batch", width * height, CLASSES))
            net.output(sides, f"reg_{index}", ("batch", wide * high, 4 * bins))
            continue
        axis = net.const(np.array([0], np.int64))
        net.output(net.op("Squeeze", [scores, axis]), f"cls_{index}", (width * height, CLASSES))
        net.output(net.op("Squeeze", [sides, axis]), f"reg_{index}", (wide * high, 4 * bins))
    if not batch:
        net.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    return net.save(path)


def picodet(path: Path) -> Path:
    """Maps of their own for classes (logits) and sides."""
    net = MapSurgery()
    found = net.decoded()
    corners = net.corners(found)
    for index, (_, width, height) in enumerate(GRIDS):
        scores = net.as_map(net.logit(net.part(found.score, index)), index, CLASSES)
        sides = net.as_map(net.distributions(net.sides(corners, index, 0.5), 17), index, 68)
        net.output(sides, f"reg_{index}", ("batch", 68, height, width))
        net.output(scores, f"cls_{index}", ("batch", CLASSES, height, width))
    return net.save(path)


def raw_yolov8(path: Path) -> Path:
    """[b, 64 + C, h, w] for each stride, logits."""
    net = MapSurgery()
    found = net.decoded()
    corners = net.corners(found)
    for index, (_, width, height) in enumerate(GRIDS):
        sides = net.distributions(net.sides(corners, index, 0.5), 16)
        both = net.op("Concat", [sides, net.logit(net.part(found.score, index))], axis=2)
        net.output(net.as_map(both, index, 64 + CLASSES), f"out_{index}", ("batch", 64 + CLASSES, height, width))
    return net.save(path)


def rtmdet(path: Path, *, pixels: bool = True, third: bool = False) -> Path:
    """Class logits [b, C, h, w] and distances to the sides [b, 4, h, w]; ``third``: FCOS's centre-ness too."""
    net = MapSurgery()
    found = net.decoded()
    corners = net.corners(found)
    for index, (stride, width, height) in enumerate(GRIDS):
        sides = net.sides(corners, index, 0.5 if third else 0.0)
        sides = net.op("Mul", [sides, net.const(np.float32(stride))]) if pixels else sides
        scores = net.logit(net.part(found.classes if third else found.score, index))
        net.output(net.as_map(scores, index, CLASSES), f"cls_{index}", ("batch", CLASSES, height, width))
        net.output(net.as_map(sides, index, 4), f"reg_{index}", ("batch", 4, height, width))
        if third:
            centre = net.as_map(net.logit(net.part(found.obj, index)), index, 1)
            net.output(centre, f"ctr_{index}", ("batch", 1, height, width))
    return net.save(path)


def yolox_maps(path: Path, *, apart: bool = True) -> Path:
    """YOLOX before its strides are put together: box, objectness and classes as maps; ``apart``: nine, as logits."""
    net = MapSurgery()
    for index, (_, width, height) in enumerate(GRIDS):
        raw = net.part("raw", index)
        if not apart:
            net.output(net.as_map(raw, index, 5 + CLASSES), f"out_{index}", ("batch", 5 + CLASSES, height, width))
            continue
        for name, first, last in (("reg", 0, 4), ("obj", 4, 5), ("cls", 5, 5 + CLASSES)):
            columns = net.columns(first, last, raw)
            part = net.as_map(columns if name == "reg" else net.logit(columns), index, last - first)
            net.output(part, f"{name}_{index}", ("batch", last - first, height, width))
    return net.save(path)


def joined(path: Path, *, bins: int = 16, turned: bool = False) -> Path:
    """[b, A, C + 4 * bins] of all strides, scores through a sigmoid."""
    net = MapSurgery()
    found = net.decoded()
    corners = net.corners(found)
    sides = [net.distributions(net.sides(corners, index, 0.5), bins) for index in range(len(GRIDS))]
    head = net.op("Concat", [found.score, net.op("Concat", sides, axis=1)], axis=2)
    shape: Sequence[int] = (sum(w * h for _, w, h in GRIDS), CLASSES + 4 * bins)
    if turned:
        head, shape = net.op("Transpose", [head], perm=[0, 2, 1]), shape[::-1]
    net.output(head, "output", ("batch", *shape))
    return net.save(path)
