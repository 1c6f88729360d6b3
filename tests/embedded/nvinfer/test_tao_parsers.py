"""The embedded runtime's version of NVIDIA's TAO parsers: what each function returns, its oddities too.

Network 100 x 50 pixels, three classes, threshold 0.25 unless a case says otherwise.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.nvinfer import deepstream_library
from dsbench.embedded.nvinfer.parser_host import OutputLayer, ParserHost
from dsbench.families import tao_decode
from dsbench.families.base import NamedArray, Network
from dsbench.families.tao import FUNCTIONS, LIBRARY

pytestmark = pytest.mark.skipif(Path(LIBRARY).exists(), reason="DeepStream is installed: its own library is used")

NET = (100, 50, 3)
CLASSES = 3
Named = dict[str, object]
BATCHED, YOLOV5 = "NvDsInferParseCustomBatchedNMSTLT", "NvDsInferParseYoloV5CustomBatchedNMSTLT"
EFFICIENT, DDETR, RTDETR = (f"NvDsInferParseCustom{name}" for name in ("EfficientDetTAO", "DDETRTAO", "RTDETRTAO"))
RESNET, NMS, SSD = (f"NvDsInferParseCustom{name}" for name in ("Resnet", "NMSTLT", "TfSSD"))


def parse(
    function: str, named: Named, classes: int = CLASSES, threshold: float = 0.25
) -> list[tuple[float, ...]] | None:
    """Rows of class, left, top, width, height, confidence; None for false."""
    layers = [OutputLayer(name, np.asarray(value), i + 1) for i, (name, value) in enumerate(named.items())]
    host = ParserHost(Path(LIBRARY), function)
    found = host.parse(layers, NET, classes, [threshold] * classes, [0.0] * classes)
    return None if found is None else [tuple(map(float, row)) for row in np.round(found.table(), 4)]


def floats(*rows: object) -> np.ndarray:
    return np.array(rows, np.float32)


def batch(boxes: object, scores: object, classes: object, count: object) -> Named:
    """Four outputs by position."""
    return {"n": np.asarray(count), "b": np.asarray(boxes, np.float32), "s": np.asarray(scores, np.float32),
            "c": np.asarray(classes)}  # fmt: skip


ONE = np.array([1], np.int32)
FRACTIONS, PIXELS, TURNED = floats([0.1, 0.2, 0.5, 0.6]), floats([10, 10, 50, 30]), floats([10, 20, 30, 60])
LOGITS = floats([-9, 0, -9, -9], [-9, -9, 2, -9], [5, 2, 2, 2], [-9, -9, -9, 1])
QUERIES = floats([0.5, 0.5, 0.2, 0.2], [0.1, 0.5, 0.4, 0.2], [0.5, 0.5, 1, 1], [0.9, 0.9, 0.4, 0.4])
HALF_SURE = 0.8808
CELL = np.zeros((1, 1, 1), np.float32)

CASES: dict[str, tuple[str, Named, list[tuple[float, ...]] | None]] = {
    "fractions": (BATCHED, batch(FRACTIONS, [0.5], floats(2), ONE), [(2, 10, 10, 40, 20, 0.5)]),
    "pixels": (YOLOV5, batch(PIXELS, [0.5], floats(2), ONE), [(2, 10, 10, 40, 20, 0.5)]),
    "whole classes are read as float bits": (YOLOV5, batch(PIXELS, [0.5], [2], ONE), [(0, 10, 10, 40, 20, 0.5)]),
    "whole classes of EfficientDet too": (EFFICIENT, batch(TURNED, [0.5], [2], ONE), [(0, 20, 10, 40, 20, 0.5)]),
    "a count of 64 bits": (BATCHED, batch(FRACTIONS, [0.5], floats(1), np.array([1])), [(1, 10, 10, 40, 20, 0.5)]),
    "classes beyond the last": (BATCHED, batch(FRACTIONS, [0.5], floats(3), ONE), []),
    "inverted boxes": (BATCHED, batch(floats([0.5, 0.2, 0.1, 0.6]), [0.5], floats(1), ONE), []),
    "boxes without area stay": (
        BATCHED, batch(floats([1.5, 0.2, 1.6, 0.6]), [0.5], floats(1), ONE), [(1, 99, 10, 0, 20, 0.5)]),
    "EfficientDet cuts sizes, not corners": (
        EFFICIENT, batch(floats([-10, -20, 30, 60]), [0.5], floats(2), ONE), [(2, 0, 0, 80, 40, 0.5)]),
    "a score that is no number passes": (BATCHED, batch(FRACTIONS, [np.nan], floats(1), ONE),
                                         [(1, 10, 10, 40, 20, np.nan)]),
    "three outputs": (BATCHED, {"n": ONE, "b": FRACTIONS, "s": floats(0.5)}, None),
    "NMS cuts sizes, not corners": (
        NMS, {"NMS": floats([0, 1, 0.5, -0.1, 0.2, 0.5, 0.6]), "NMS_1": ONE}, [(1, 0, 10, 60, 20, 0.5)]),
    "TensorFlow SSD": (
        SSD, {"detection_boxes": floats([0.2, 0.1, 0.6, 0.5]), "detection_scores": floats(0.5),
              "detection_classes": floats(1)}, [(1, 10, 10, 40, 20, 0.5)]),
    "TensorFlow SSD with whole classes": (
        SSD, {"detection_boxes": floats([0.2, 0.1, 0.6, 0.5]), "detection_scores": floats(0.5),
              "detection_classes": np.array([1])}, None),
    "the best pairs of query and class": (
        RTDETR, {"pred_logits": floats([-9, 0, 2]), "pred_boxes": QUERIES[:1]},
        [(2, 40, 20, 20, 10, HALF_SURE), (1, 40, 20, 20, 10, 0.5)]),
    "the best class of a query, but not class 0, and the lowest score is left out": (
        DDETR, {"pred_logits": LOGITS, "pred_boxes": QUERIES},
        [(2, 0, 20, 30, 10, HALF_SURE), (3, 70, 35, 29, 14, 0.7311)]),
    "one object is the lowest": (DDETR, {"pred_logits": LOGITS[1:2], "pred_boxes": QUERIES[:1]}, []),
    "of equal scores the last remains": (
        DDETR, {"pred_logits": LOGITS[[1, 0, 1]], "pred_boxes": QUERIES[[0, 1, 3]]}, [(2, 70, 35, 29, 14, HALF_SURE)]),
    "seven classes are read in steps of 4": (
        DDETR, {"pred_logits": floats(*np.eye(21)[5].reshape(3, 7) * 2 + np.eye(21)[9].reshape(3, 7) * 3),
                "pred_boxes": QUERIES[:3]}, [(1, 0, 0, 99, 49, 0.9526)]),
    "another name": (RTDETR, {"pred_logits:0": LOGITS, "pred_boxes:0": QUERIES}, None),
    "DetectNet_v2": (
        RESNET, {"output_bbox/BiasAdd:0": np.ones((12, 1, 1), np.float32),
                 "output_cov/Sigmoid:0": floats([[0.1]], [[0.5]], [[0]])}, [(1, 0, 0, 36.5, 36.5, 0.5)]),
    "DetectNet_v2 inverted": (
        RESNET, {"output_bbox/BiasAdd:0": floats([[-1]], [[-1]], [[-1]], [[-1]]),
                 "output_cov/Sigmoid:0": floats([[0.5]])}, [(0, 35.5, 35.5, -34.5, -34.5, 0.5)]),
    "DetectNet_v2 without :0": (RESNET, {"output_bbox/BiasAdd": CELL, "output_cov/Sigmoid": CELL}, None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_function_returns(case: str) -> None:
    function, named, expected = CASES[case]
    found = parse(function, named, classes=4 if function == DDETR else CLASSES)
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        np.testing.assert_allclose(np.reshape(found, (-1, 6)), np.reshape(expected, (-1, 6)), atol=1e-4)


@pytest.mark.parametrize(
    ("function", "named", "reason"),
    [
        (YOLOV5, batch(PIXELS, [0.5], floats(2), floats(1)), "beyond its end"),
        (BATCHED, batch(FRACTIONS, [0.5], floats(2), np.array([2], np.int32)), "output s beyond its end"),
        (BATCHED, batch(FRACTIONS, [0.5], np.array([1], np.float16), ONE), "output c beyond its end"),
        (EFFICIENT, batch(FRACTIONS, [0.5], floats(2), ONE), "aborts: it expects boxes in pixels"),
        (EFFICIENT, batch(TURNED, [0.5], floats(3), ONE), r"aborts: class 3\.0"),
        (NMS, {"NMS": floats([0, 3, 0.5, 0, 0, 1, 1]), "NMS_1": ONE}, r"aborts: class 3\.0"),
        (DDETR, {"pred_logits": LOGITS[:, :3], "pred_boxes": QUERIES}, "output pred_logits beyond its end"),
    ],
)
def test_where_deepstream_ends(function: str, named: Named, reason: str) -> None:
    with pytest.raises(DsbenchError, match=reason) as caught:
        parse(function, named)
    assert caught.value.code is Code.PARSER_RAISED
    assert "DeepStream would end" in caught.value.what


def test_equal_scores_come_as_std_sort_leaves_them() -> None:
    """More than 16 equal scores: std::sort's order is neither the input's nor its reverse."""
    named: Named = {"pred_logits": np.zeros((40, 1), np.float32),
                    "pred_boxes": np.tile(np.arange(40, dtype=np.float32)[:, None] / 100, (1, 4))}  # fmt: skip
    found = parse(RTDETR, named, classes=1)
    assert found is not None
    order = [round(row[3] / 1) for row in found]
    assert order != sorted(order)
    assert order != sorted(order, reverse=True)


def outputs_of(function: str, rng: np.random.Generator) -> Named:
    """Random outputs for a function; scores all differ."""
    n = 60
    if function == RESNET:
        planes = rng.normal(0, 1, (4 * CLASSES, 5, 6))
        return {"output_bbox/BiasAdd:0": floats(*planes), "output_cov/Sigmoid:0": floats(*rng.random((CLASSES, 5, 6)))}
    if function in (DDETR, RTDETR):
        classes = 4 if function == DDETR else CLASSES
        return {"pred_logits": floats(*rng.normal(-1, 2, (n, classes))), "pred_boxes": floats(*rng.random((n, 4)))}
    low, high = rng.uniform(0, 0.5, (n, 2)), rng.uniform(0.4, 1.1, (n, 2))
    boxes, scores, labels = np.hstack([low, high]), floats(*rng.random(n)), floats(*rng.integers(0, CLASSES, n))
    if function == NMS:
        return {
            "NMS": floats(*np.column_stack([np.zeros(n), labels, scores, boxes])),
            "NMS_1": np.array([50], np.int32),
        }
    if function == SSD:
        return {"detection_boxes": floats(*boxes), "detection_scores": scores, "detection_classes": labels}
    scale = 1 if function == BATCHED else 60
    return batch(boxes * scale, scores, labels, np.array([50], np.int32))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_numpy_decode_is_the_same(function: str) -> None:
    named = outputs_of(function, np.random.default_rng(len(function)))
    frame = tuple(NamedArray(name, np.asarray(value)) for name, value in named.items())
    layout = tao_decode.layout_of(function, tuple(named), [frame])
    assert not isinstance(layout, str)
    reference = np.round(tao_decode.decode(frame, layout, Network(*NET[:2]), 0.25).table(), 4)
    found = parse(function, named, classes=4 if function == DDETR else CLASSES)
    assert found is not None
    assert len(found) > 10
    np.testing.assert_allclose(found, reference, atol=2e-4)


def test_every_function_that_is_chosen_exists() -> None:
    assert deepstream_library.stand_in_for(Path(LIBRARY)) is not None
    for name in FUNCTIONS:
        ParserHost(Path(LIBRARY), name)
