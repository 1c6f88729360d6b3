"""The demo model with a head of another family: the same trained network, the same objects in the same clip.

`Surgery` opens the demo model's undecoded YOLOX head and replaces its input and outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import dsbench

STREET = Path(dsbench.__file__).resolve().parents[1] / "models" / "street"
"""The demo model of a checkout; a wheel does not hold it."""
NAMES = ("car", "person", "bicycle", "road_sign")
WIDTH, HEIGHT, CLASSES = 512, 288, 4
STRIDES = (8, 16, 32)
ANCHORS = sum((WIDTH // s) * (HEIGHT // s) for s in STRIDES)
KEPT = 100
"""Detections of a head that is suppressed in the graph."""


@dataclass(frozen=True)
class Decoded:
    """Tensor names: xy and wh in network pixels [b, A, 2], obj [b, A, 1], classes [b, A, C]; score obj * classes."""

    xy: str
    wh: str
    obj: str
    classes: str
    score: str


class Surgery:
    """The demo model with its head open: ``raw`` [b, A, 5+C]. ``side``: network size when squared, else 0."""

    def __init__(self, *, rgb01: bool = True, side: int = 0, nhwc: bool = False) -> None:
        self.model = onnx.load(STREET / "model" / "street.onnx")
        self.graph = self.model.graph
        self.side = side
        self.width, self.height = (side, side) if side else (WIDTH, HEIGHT)
        self.top = (self.height - HEIGHT) // 2
        self.count = 0
        self.body = list(self.graph.node)
        del self.graph.node[:]
        for node in self.body:
            for index, name in enumerate(node.input):
                if name == "images":
                    node.input[index] = "bgr255"
            for index, name in enumerate(node.output):
                if name == "output":
                    node.output[index] = "raw"
        del self.graph.input[:]
        del self.graph.output[:]
        self._input(rgb01, nhwc)
        self.graph.node.extend(self.body)

    def _input(self, rgb01: bool, nhwc: bool) -> None:
        sides = (self.height, self.width, 3) if nhwc else (3, self.height, self.width)
        self.graph.input.append(helper.make_tensor_value_info("images", TensorProto.FLOAT, ("batch", *sides)))
        image = self.op("Transpose", ["images"], perm=[0, 3, 1, 2]) if nhwc else "images"
        if self.side:
            bounds = [self.const(np.array([value], np.int64)) for value in (self.top, self.top + HEIGHT, 2)]
            image = self.op("Slice", [image, *bounds])
        if rgb01:
            image = self.op("Mul", [image, self.const(np.float32(255))])
            image = self.op("Gather", [image, self.const(np.array([2, 1, 0], np.int64))], axis=1)
        self.op("Identity", [image], name="bgr255")

    def const(self, value: np.ndarray[Any, Any] | np.generic) -> str:
        name = self._name("constant")
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def op(self, kind: str, inputs: Sequence[str], *, name: str = "", **attributes: Any) -> str:
        result = name or self._name(kind)
        self.graph.node.append(helper.make_node(kind, list(inputs), [result], name=f"node_{result}", **attributes))
        return result

    def _name(self, kind: str) -> str:
        self.count += 1
        return f"zoo_{kind}_{self.count}"

    def columns(self, first: int, last: int, tensor: str = "raw") -> str:
        bounds = [self.const(np.array([value], np.int64)) for value in (first, last, 2)]
        return self.op("Slice", [tensor, *bounds])

    def decoded(self) -> Decoded:
        cells = [(x, y, s) for s in STRIDES for y in range(HEIGHT // s) for x in range(WIDTH // s)]
        grid = np.array([(x, y) for x, y, _ in cells], np.float32)[None]
        stride = self.const(np.array([[s] for _, _, s in cells], np.float32)[None])
        xy = self.op("Mul", [self.op("Add", [self.columns(0, 2), self.const(grid)]), stride])
        if self.top:
            xy = self.op("Add", [xy, self.const(np.array([[[0, self.top]]], np.float32))])
        wh = self.op("Mul", [self.op("Exp", [self.columns(2, 4)]), stride])
        obj, classes = self.columns(4, 5), self.columns(5, 5 + CLASSES)
        return Decoded(xy, wh, obj, classes, self.op("Mul", [obj, classes]))

    def corners(self, found: Decoded) -> str:
        """x1, y1, x2, y2 in network pixels [b, A, 4]."""
        half = self.op("Mul", [found.wh, self.const(np.float32(0.5))])
        low, high = self.op("Sub", [found.xy, half]), self.op("Add", [found.xy, half])
        return self.op("Concat", [low, high], axis=2)

    def suppressed(self) -> tuple[str, str, str]:
        """NMS in the graph: corners [b, K, 4] in pixels, scores [b, K] (falling), classes [b, K] int64."""
        found = self.decoded()
        corners = self.corners(found)
        scores = self.op("Transpose", [found.score], perm=[0, 2, 1])
        limits = [self.const(np.array([n], dtype)) for n, dtype in ((KEPT, np.int64), (0.5, np.float32))]
        picked = self.op("NonMaxSuppression", [corners, scores, *limits, self.const(np.array([0.05], np.float32))])
        ones = self.op("Mul", [self.op("Cast", [self._last_column(picked)], to=TensorProto.FLOAT), self._zero()])
        ones = self.op("Add", [ones, self.const(np.float32(1))])
        mask = self.op("ScatterND", [self.op("Mul", [scores, self._zero()]), picked, ones])
        flat = self.op("Reshape", [self.op("Mul", [scores, mask]), self.const(np.array([0, -1], np.int64))])
        best, index = self._name("best"), self._name("index")
        k = self.const(np.array([KEPT], np.int64))
        self.graph.node.append(helper.make_node("TopK", [flat, k], [best, index], axis=1))
        anchors = self.const(np.array(ANCHORS, np.int64))
        classes = self.op("Div", [index, anchors])
        anchor = self.op("Unsqueeze", [self.op("Mod", [index, anchors]), self.const(np.array([2], np.int64))])
        boxes = self.op("GatherND", [corners, anchor], batch_dims=1)
        return boxes, best, classes

    def _last_column(self, picked: str) -> str:
        return self.op("Gather", [picked, self.const(np.array(2, np.int64))], axis=1)

    def _zero(self) -> str:
        return self.const(np.float32(0))

    def scaled(self, boxes: str) -> str:
        """Corners as fractions of the network input."""
        size = np.array([self.width, self.height] * 2, np.float32)
        return self.op("Div", [boxes, self.const(size)])

    def output(self, tensor: str, name: str, shape: Sequence[int | str], dtype: int = TensorProto.FLOAT) -> None:
        self.op("Identity", [tensor], name=name)
        self.graph.output.append(helper.make_tensor_value_info(name, dtype, shape))

    def save(self, path: Path, **metadata: str) -> Path:
        del self.graph.value_info[:]
        for key, value in metadata.items():
            self.model.metadata_props.add(key=key, value=value)
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.checker.check_model(self.model)
        onnx.save(self.model, path)
        return path


def ultralytics(task: str = "detect", names: Sequence[str] = NAMES, **more: str) -> dict[str, str]:
    """Metadata as Ultralytics' exporter writes it."""
    return {
        "author": "Ultralytics",
        "stride": "32",
        "task": task,
        "batch": "1",
        "names": str(dict(enumerate(names))),
        **more,
    }


def yolov8(path: Path, *, side: int = 0, transposed: bool = True, task: str = "") -> Path:
    """[b, 4+C, A] (``transposed``) or [b, A, 4+C] in pixels."""
    net = Surgery(side=side)
    found = net.decoded()
    head = net.op("Concat", [found.xy, found.wh, found.score], axis=2)
    if transposed:
        head = net.op("Transpose", [head], perm=[0, 2, 1])
    shape = (4 + CLASSES, ANCHORS) if transposed else (ANCHORS, 4 + CLASSES)
    net.output(head, "output0", ("batch", *shape))
    return net.save(path, **(ultralytics(task) if task else {}))


def yolov10(path: Path, *, side: int = 0, task: str = "") -> Path:
    """[b, K, 6]: x1, y1, x2, y2, score, class, suppressed in the graph."""
    net = Surgery(side=side)
    boxes, scores, classes = net.suppressed()
    columns = [net.op("Unsqueeze", [part, net.const(np.array([2], np.int64))])
               for part in (scores, net.op("Cast", [classes], to=TensorProto.FLOAT))]  # fmt: skip
    net.output(net.op("Concat", [boxes, *columns], axis=2), "output0", ("batch", KEPT, 6))
    return net.save(path, **(ultralytics(task) if task else {}))
