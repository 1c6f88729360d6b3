"""A normalisation that is built into the graph."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from dsbench.model.onnx import beginning


def graph(*nodes: NodeProto, **constants: object) -> GraphProto:
    """A graph whose nodes follow the input ``x``."""
    weights = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])
    return helper.make_graph(nodes, "tiny", [image], [], weights)


def conv(source: str) -> NodeProto:
    return helper.make_node("Conv", [source, "weight"], ["features"])


def test_a_graph_that_begins_with_a_convolution_does_nothing() -> None:
    found = beginning.read(graph(helper.make_node("Cast", ["x"], ["y"], to=1), conv("y")), "x")
    assert found == beginning.Beginning()


def test_scalings_are_put_together_channel_by_channel() -> None:
    found = beginning.read(
        graph(
            helper.make_node("Div", ["x", "full"], ["a"]),
            helper.make_node("Sub", ["a", "mean"], ["b"]),
            helper.make_node("Div", ["b", "std"], ["c"]),
            conv("c"),
            helper.make_node("Mul", ["features", "full"], ["later"]),
            full=np.float32(255),
            mean=np.array([0.4, 0.5, 0.6], np.float32).reshape(1, 3, 1, 1),
            std=np.array([0.2, 0.2, 0.4], np.float32).reshape(1, 3, 1, 1),
        ),
        "x",
    )
    assert found.nodes == ("Div", "Sub", "Div")
    assert found.factor == pytest.approx([1 / 51, 1 / 51, 1 / 102])
    assert found.shift == pytest.approx([-2, -2.5, -1.5])


def test_batch_normalisation_of_the_picture_is_a_scaling() -> None:
    three = {name: np.full(3, value, np.float32) for name, value in (("s", 2), ("b", 1), ("m", 10), ("v", 4))}
    node = helper.make_node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], epsilon=0.0)
    found = beginning.read(graph(node, conv("y"), **three), "x")
    assert (found.factor, found.shift) == ((1.0,) * 3, (-9.0,) * 3)


@pytest.mark.parametrize(
    ("node", "clear", "colours"),
    [
        (helper.make_node("Gather", ["x", "order"], ["y"], axis=1), False, False),
        (helper.make_node("Slice", ["x", "start", "end", "one"], ["y"]), False, False),
        (helper.make_node("Slice", ["x", "start", "end", "two"], ["y"]), True, True),
        (helper.make_node("Resize", ["x"], ["y"]), False, True),
        (helper.make_node("Div", ["full", "x"], ["y"]), False, True),
        (helper.make_node("Mul", ["x", "x"], ["y"]), False, True),
    ],
)
def test_what_is_no_scaling(node: NodeProto, clear: bool, colours: bool) -> None:
    constants = {
        "order": [2, 1, 0], "start": np.array([-1]), "end": np.array([-4]), "one": np.array([1]), "two": np.array([2]),
        "full": np.float32(255),
    }  # fmt: skip
    found = beginning.read(graph(node, conv("y"), **constants), "x")
    assert (found.clear, found.colours, found.scales) == (clear, colours, False)
