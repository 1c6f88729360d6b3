"""The gain of the first convolution: 0..255 and 0..1 told apart, and graphs that have none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dsbench.embedded.probes import views
from dsbench.embedded.probes.stem import input_gain, picture
from dsbench.embedded.video.frame import YuvFrame
from dsbench.judge.imports.frame_evidence import PixelRange, of_gain
from tests.street_zoo import HEIGHT, STREET, WIDTH, nhwc, yolov8

SHAPE = (3, HEIGHT, WIDTH)


def network(path: Path, *nodes: onnx.NodeProto, channels: int = 8, scale: float = 1.0) -> Path:
    """An input of 3x64x64, these nodes, and the constants "weights" of ``channels`` filters and "range"."""
    weights = np.random.default_rng(1).normal(0, 0.1 * scale, (channels, 3, 3, 3)).astype(np.float32)
    constants = [
        numpy_helper.from_array(weights, "weights"),
        numpy_helper.from_array(np.float32(1 / 255), "range"),
        numpy_helper.from_array(np.uint8(0), "zero"),
    ]
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 64, 64])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "stem", [image], [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


def node(kind: str, *names: str) -> onnx.NodeProto:
    return helper.make_node(kind, list(names[:-1]), [names[-1]])


CONVOLUTION, ACTIVATION = node("Conv", "images", "weights", "x"), node("Relu", "x", "output")


def test_the_demo_model_takes_bytes_and_its_zoo_0_to_1(tmp_path: Path) -> None:
    demo = input_gain(str(STREET / "model" / "street.onnx"), SHAPE, False)
    assert of_gain(demo).range is PixelRange.BYTE
    assert demo is not None
    converted = input_gain(str(yolov8(tmp_path / "y.onnx")), SHAPE, False)
    assert converted == pytest.approx(255 * demo, rel=0.1)
    assert of_gain(converted).range is PixelRange.UNIT


def test_channels_last(tmp_path: Path) -> None:
    gain = input_gain(str(nhwc(tmp_path / "n.onnx")), SHAPE, True)
    assert of_gain(gain).range is PixelRange.UNIT


def test_a_normalisation_in_the_graph_counts_as_part_of_it(tmp_path: Path) -> None:
    bare = input_gain(str(network(tmp_path / "a.onnx", CONVOLUTION, ACTIVATION)), (3, 64, 64), False)
    baked = (node("Mul", "images", "range", "y"), node("Conv", "y", "weights", "x"), ACTIVATION)
    with_range = input_gain(str(network(tmp_path / "b.onnx", *baked)), (3, 64, 64), False)
    assert bare is not None
    assert with_range == pytest.approx(bare / 255)


@pytest.mark.parametrize(
    ("nodes", "channels"),
    [
        ((CONVOLUTION, ACTIVATION), 4),
        ((node("Conv", "images", "weights", "output"),), 8),
        ((node("Relu", "images", "output"),), 8),
        ((node("Relu", "images", "y"), node("Conv", "y", "weights", "x"), ACTIVATION), 8),
        (
            (
                node("QuantizeLinear", "images", "range", "zero", "q"),
                node("DequantizeLinear", "q", "range", "zero", "y"),
                node("Conv", "y", "weights", "x"),
                ACTIVATION,
            ),
            8,
        ),
    ],
    ids=["few channels", "no activation", "no convolution", "activation first", "fixed quantisation"],
)
def test_graphs_without_a_gain(tmp_path: Path, nodes: tuple[onnx.NodeProto, ...], channels: int) -> None:
    path = network(tmp_path / "x.onnx", *nodes, channels=channels)
    assert input_gain(str(path), (3, 64, 64), False) is None


def test_a_file_that_is_no_model_has_none(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"no model")
    assert input_gain(str(tmp_path / "x.onnx"), (3, 64, 64), False) is None


def test_the_picture_is_the_same_every_time_and_within_a_byte() -> None:
    pixels = picture(3, 60, 90)
    assert np.array_equal(pixels, picture(3, 60, 90))
    assert pixels.shape == (3, 60, 90)
    assert (pixels.min(), pixels.max()) >= (0, 0)
    assert pixels.max() <= 255


def test_views_of_a_frame() -> None:
    y = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    frame = YuvFrame(y, y[:24, ::2].copy(), y[:24, ::2].copy(), 64, 48, "bt601", False, 7)
    mirrored = views.mirrored(frame)
    assert np.array_equal(mirrored.y, y[:, ::-1])
    assert np.array_equal(views.zoomed(frame, views.WHOLE).y, y)
    half = views.zoomed(frame, (0.5, 0.0, 1.0, 1.0))
    assert half.y.shape == y.shape
    assert half.y[0, 0] == 32
    assert half.index == 7
