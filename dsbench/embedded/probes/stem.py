"""The gain of the network's first convolution, which shows whether the network expects pixels of 0..255.

After training with normalisation layers the outputs of the first layer have a spread of about one, whatever the range
of the input. So the weights of a network trained on 0..255 are about a hundred times smaller than those of a network
trained on 0..1 or -1..1. The gain is measured on a synthetic picture with the spectrum of a photograph, so that it does
not depend on the video.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dsbench.embedded.ort import load_onnxruntime

Array = npt.NDArray[Any]
MIN_CHANNELS = 8
"""Fewer are no learnt convolution of a detector."""
MAX_KERNEL = 8
"""A first convolution of larger windows cuts the picture into patches, as transformers do: no gain of such a one has
been measured."""
MAX_BEND = 1.5
"""Gains of a strong and a weak picture differ by at most this factor; a fixed input quantisation does not keep it."""
_CONVOLUTIONS = ("Conv", "ConvInteger", "QLinearConv")
_LINEAR = {
    *("Add", "BatchNormalization", "Cast", "Concat", "DequantizeLinear", "Div", "DynamicQuantizeLinear", "Flatten"),
    *("Gather", "Identity", "Mul", "Pad", "QuantizeLinear", "Reshape", "Slice", "SpaceToDepth", "Split", "Squeeze"),
    *("Sub", "Transpose", "Unsqueeze", *_CONVOLUTIONS),
}
"""Operators that may stand between the input and the end of the stem."""
_OCTAVES = (1, 2, 4, 8, 16, 32, 64)


def input_gain(path: str, shape: tuple[int, int, int], nhwc: bool) -> float | None:
    """Median over the first convolution's channels of output spread per input spread (pixels, unscaled).

    ``shape``: channels, height, width. None for a graph that does not begin with a convolution and an activation, that
    cannot be taken apart, or that does not answer in proportion (an input quantised to a fixed range).
    """
    import onnx

    try:
        return gain_of(onnx.load(path), shape, nhwc)
    except Exception:  # a graph that cannot be cut is no error here: it is run whole afterwards
        return None


def gain_of(model: Any, shape: tuple[int, int, int], nhwc: bool) -> float | None:
    """`input_gain` of a loaded model. Raises whatever taking it apart raises."""
    constants = {item.name for item in model.graph.initializer}
    image = next(item for item in model.graph.input if item.name not in constants)
    end = _end(model.graph.node, image.name)
    if end is None or _patches(model.graph.node):
        return None
    stem = _Stem(_until(model, image, end), image, nhwc)
    pixels = picture(*shape)
    gains = [stem.gain(part) for part in (pixels, pixels / 255)]
    if not min(gains) > 0 or max(gains) > MAX_BEND * min(gains):
        return None
    return gains[0]


class _Stem:
    """The first layer as a program of its own."""

    def __init__(self, model: Any, image: Any, nhwc: bool) -> None:
        onnxruntime = load_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 4
        self._session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        self._name, self._nhwc = image.name, nhwc
        self._batch = image.type.tensor_type.shape.dim[0].dim_value or 1

    def gain(self, pixels: Array) -> float:
        """Median over the channels of output spread per input spread; 0 for fewer than `MIN_CHANNELS`."""
        response = self._respond(pixels) - self._respond(np.zeros_like(pixels))
        rows = response.reshape(len(response), -1) if response.ndim == 3 else response.T
        if rows.ndim != 2 or len(rows) < MIN_CHANNELS:
            return 0.0
        return float(np.median(rows.std(axis=1)) / pixels.std())

    def _respond(self, pixels: Array) -> Array:
        one = pixels.transpose(1, 2, 0) if self._nhwc else pixels
        fed = np.ascontiguousarray(np.broadcast_to(one, (self._batch, *one.shape)))
        return np.asarray(self._session.run(None, {self._name: fed})[0][0], np.float64)


def _end(nodes: Sequence[Any], source: str) -> str | None:
    """The tensor that the first activation, normalisation or pooling after the first convolution reads."""
    reached, convolved = {source}, False
    for node in nodes:
        read = [name for name in node.input if name in reached]
        if not read:
            continue
        if node.op_type not in _LINEAR:
            return read[0] if convolved else None
        convolved |= node.op_type in _CONVOLUTIONS
        reached |= set(node.output)
    return None


def _patches(nodes: Sequence[Any]) -> bool:
    """Whether the first convolution cuts the picture into patches."""
    first = next((node for node in nodes if node.op_type in _CONVOLUTIONS), None)
    kernel = next((item.ints for item in first.attribute if item.name == "kernel_shape"), ()) if first else ()
    return max(kernel, default=1) > MAX_KERNEL


def _until(model: Any, image: Any, end: str) -> Any:
    """The part of the model that computes ``end``."""
    import onnx

    needed, nodes = {end}, []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            nodes.append(node)
            needed |= set(node.input)
    constants = [item for item in model.graph.initializer if item.name in needed]
    result = onnx.helper.make_empty_tensor_value_info(end)
    graph = onnx.helper.make_graph(nodes[::-1], "stem", [image], [result], constants)
    return onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def picture(channels: int, height: int, width: int) -> npt.NDArray[np.float32]:
    """Pixels of 0..255 with equal contrast in every octave, as photographs have; the channels differ a little."""
    random = np.random.default_rng(0)
    planes = [_octaves(random, height, width) for _ in range(channels + 1)]
    mixed = np.stack([planes[0] + 0.2 * plane for plane in planes[1:]])
    spread = mixed - mixed.mean(axis=(1, 2), keepdims=True)
    return np.asarray(np.clip(110 + 55 * spread / spread.std(), 0, 255), np.float32)


def _octaves(random: np.random.Generator, height: int, width: int) -> Array:
    total = np.zeros((height, width))
    for block in _OCTAVES:
        noise = random.standard_normal((-(-height // block), -(-width // block)))
        total += np.kron(noise, np.ones((block, block)))[:height, :width]
    return total
