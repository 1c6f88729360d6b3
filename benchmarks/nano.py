"""A network of YOLOX-nano's shape and cost (416x416, 80 classes, 0.54 GMAC, 0.9 M weights) with random weights.

Layer by layer as in YOLOX's ``exps/default/yolox_nano.py`` (depth 0.33, width 0.25, depthwise convolutions), exported
as its ``export_onnx.py`` does: batch normalisation folded into the convolutions, SiLU as Sigmoid and Mul, scores past
the sigmoid, boxes undecoded. It detects nothing, but costs what the real one costs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE, CLASSES = 416, 80
_STRIDES = (8, 16, 32)
_NECK = 64  # channels of the head


class _Graph:
    """Nodes and weights in the making; every method adds an operation to ``x`` and returns its output's name."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.channels: dict[str, int] = {"images": 3}
        self._random = np.random.default_rng(seed)

    def add(self, op: str, *inputs: str, channels: int, **attributes: object) -> str:
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        self.channels[name] = channels
        return name

    def constant(self, array: np.ndarray) -> str:
        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def conv(self, x: str, out: int, kernel: int, stride: int = 1, group: int = 1, gain: float = 2.1) -> str:
        """Weights that neither blow up nor die out: variance ``gain`` over the inputs of a neuron."""
        fan_in = self.channels[x] // group
        deviation = np.sqrt(gain / (fan_in * kernel * kernel))
        weight = self._random.normal(0, deviation, (out, fan_in, kernel, kernel)).astype(np.float32)
        names = self.constant(weight), self.constant(np.zeros(out, np.float32))
        pads = [kernel // 2] * 4
        return self.add("Conv", x, *names, channels=out, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads,
                        group=group)  # fmt: skip

    def base(self, x: str, out: int, kernel: int = 1, stride: int = 1, group: int = 1, gain: float = 2.1) -> str:
        """YOLOX's BaseConv: convolution and SiLU."""
        y = self.conv(x, out, kernel, stride, group, gain)
        gate = self.add("Sigmoid", y, channels=out)
        return self.add("Mul", y, gate, channels=out)

    def depthwise(self, x: str, out: int, stride: int = 1) -> str:
        """YOLOX's DWConv."""
        return self.base(self.base(x, self.channels[x], 3, stride, self.channels[x]), out)

    def concat(self, *parts: str, axis: int = 1) -> str:
        return self.add("Concat", *parts, channels=sum(self.channels[part] for part in parts), axis=axis)

    def csp(self, x: str, out: int, depth: int, shortcut: bool = True) -> str:
        """YOLOX's CSPLayer."""
        half = out // 2
        main, side = self.base(x, half), self.base(x, half)
        for _ in range(depth):
            y = self.depthwise(self.base(main, half), half)
            main = self.add("Add", y, main, channels=half) if shortcut else y
        return self.base(self.concat(main, side), out)

    def focus(self) -> str:
        parts = [self._corner(row, column) for column in (0, 1) for row in (0, 1)]
        return self.base(self.concat(*parts), 16, 3, gain=4e-4)  # pixels are 0..255

    def _corner(self, row: int, column: int) -> str:
        bounds = ([row, column], [SIZE, SIZE], [2, 3], [2, 2])
        names = [self.constant(np.array(values, np.int64)) for values in bounds]
        return self.add("Slice", "images", *names, channels=3)

    def pyramid(self, x: str) -> str:
        """YOLOX's SPPBottleneck."""
        y = self.base(x, 128)
        pools = [self.add("MaxPool", y, channels=128, kernel_shape=[k, k], pads=[k // 2] * 4) for k in (5, 9, 13)]
        return self.base(self.concat(y, *pools), 256)

    def enlarge(self, x: str) -> str:
        scales = self.constant(np.array([1, 1, 2, 2], np.float32))
        return self.add("Resize", x, "", scales, channels=self.channels[x], mode="nearest",
                        coordinate_transformation_mode="asymmetric", nearest_mode="floor")  # fmt: skip

    def head(self, x: str) -> str:
        """One stride's rows: 4 box values, objectness, class scores."""
        stem = self.base(x, _NECK)
        scores, boxes = stem, stem
        for _ in range(2):
            scores, boxes = self.depthwise(scores, _NECK), self.depthwise(boxes, _NECK)
        classes = self.add("Sigmoid", self.conv(scores, CLASSES, 1), channels=CLASSES)
        objectness = self.add("Sigmoid", self.conv(boxes, 1, 1), channels=1)
        limited = self.add("Tanh", self.conv(boxes, 4, 1), channels=4)  # exp of a random number is a random giant
        rows = self.concat(limited, objectness, classes)
        shape = self.constant(np.array([0, 5 + CLASSES, -1], np.int64))
        return self.add("Reshape", rows, shape, channels=5 + CLASSES)


def _build(graph: _Graph) -> None:
    """Backbone, feature pyramid, heads; the last node's output is (batch, 3549, 85)."""
    c2 = graph.csp(graph.depthwise(graph.focus(), 32, 2), 32, 1)
    c3 = graph.csp(graph.depthwise(c2, 64, 2), 64, 3)
    c4 = graph.csp(graph.depthwise(c3, 128, 2), 128, 3)
    c5 = graph.csp(graph.pyramid(graph.depthwise(c4, 256, 2)), 256, 1, shortcut=False)
    p5 = graph.base(c5, 128)
    p4 = graph.base(graph.csp(graph.concat(graph.enlarge(p5), c4), 128, 1, shortcut=False), 64)
    n3 = graph.csp(graph.concat(graph.enlarge(p4), c3), 64, 1, shortcut=False)
    n4 = graph.csp(graph.concat(graph.depthwise(n3, 64, 2), p4), 128, 1, shortcut=False)
    n5 = graph.csp(graph.concat(graph.depthwise(n4, 128, 2), p5), 256, 1, shortcut=False)
    rows = graph.concat(*(graph.head(level) for level in (n3, n4, n5)), axis=2)
    graph.add("Transpose", rows, channels=0, perm=[0, 2, 1])


def write(path: Path, *, batch: int | str = "batch", seed: int = 7) -> Path:
    """The network as an ONNX file; the same bytes for the same ``seed``."""
    graph = _Graph(seed)
    _build(graph)
    graph.nodes[-1].output[0] = "output"
    anchors = sum((SIZE // stride) ** 2 for stride in _STRIDES)
    proto = helper.make_graph(
        graph.nodes,
        "yolox_nano_sized",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, anchors, 5 + CLASSES])],
        graph.weights,
    )
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path
