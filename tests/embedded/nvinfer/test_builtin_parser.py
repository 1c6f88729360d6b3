"""nvinfer's own decode against a plain statement of it, one cell at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.nvinfer.builtin_parser import NO_BOXES, NO_COVERAGE, BuiltinParser, missing_layer
from dsbench.embedded.nvinfer.parser_host import OutputLayer
from tests.embedded.native_support import rows_of

F = np.float32
NET = (96, 64, 3)


def layers(cover: np.ndarray, distances: np.ndarray) -> tuple[OutputLayer, ...]:
    return OutputLayer("conv2d_cov/Sigmoid", cover, 1), OutputLayer("conv2d_bbox", distances, 2)


def stated(cover: np.ndarray, distances: np.ndarray, thresholds: list[float], classes: int) -> list[tuple[float, ...]]:
    """The rule, cell by cell, in float32."""
    found: list[tuple[float, ...]] = []
    _, height, width = cover.shape
    stride_x, stride_y = math.ceil(NET[0] / width), math.ceil(NET[1] / height)
    for c in range(min(classes, len(cover))):
        for h in range(height):
            for w in range(width):
                score = cover[c, h, w]
                if score < F(thresholds[c]):
                    continue
                x, y = F(w * stride_x + 0.5) / F(35), F(h * stride_y + 0.5) / F(35)
                d = distances[4 * c : 4 * c + 4, h, w]
                corners = [(d[0] - x) * F(-35), (d[1] - y) * F(-35), (d[2] + x) * F(35), (d[3] + y) * F(35)]
                for i, limit in enumerate((NET[0], NET[1], NET[0], NET[1])):
                    corners[i] = F(limit - 1) if corners[i] >= limit else max(corners[i], F(0))
                box_w, box_h = corners[2] - corners[0], corners[3] - corners[1]
                if box_w >= 0 and box_h >= 0:
                    found.append((c, *(float(v) for v in (corners[0], corners[1], box_w, box_h, score))))
    return found


@pytest.mark.parametrize("classes", [1, 2, 3, 9])
def test_equal_to_the_rule(classes: int) -> None:
    random = np.random.default_rng(classes)
    cover = random.random((3, 4, 6), np.float32)
    distances = (random.random((12, 4, 6), np.float32) - F(0.3)) * F(2)
    thresholds = [0.3, 0.0, 0.8] + [0.5] * 6
    found = BuiltinParser().parse(layers(cover, distances), NET, classes, thresholds, thresholds)
    assert found is not None
    assert rows_of(found) == stated(cover, distances, thresholds, classes)
    assert len(found) > 0


def test_no_object_and_scores_that_are_no_numbers() -> None:
    cover, distances = np.zeros((1, 2, 2), np.float32), np.ones((4, 2, 2), np.float32)
    parser = BuiltinParser()
    assert rows_of(parser.parse(layers(cover, distances), NET, 1, [0.5], [0.0])) == []  # type: ignore[arg-type]
    cover[0, 1, 1] = np.nan
    assert len(parser.parse(layers(cover, distances), NET, 1, [0.5], [0.0]) or ()) == 1


def test_the_last_layer_of_a_name_counts() -> None:
    cover, distances = np.ones((1, 1, 1), np.float32), np.zeros((4, 1, 1), np.float32)
    first = (OutputLayer("cov_0", np.zeros((1, 1, 1), np.float32), 1),)
    found = BuiltinParser().parse(first + layers(cover, distances), NET, 1, [0.5], [0.0])
    assert found is not None
    assert len(found) == 1


@pytest.mark.parametrize("distances", [(3, 2, 2), (4, 2, 3), (16,), (4, 2, 2, 1)])
def test_other_shapes_are_an_error_instead_of_foreign_memory(distances: tuple[int, ...]) -> None:
    cover = np.ones((1, 2, 2), np.float32)
    with pytest.raises(DsbenchError) as caught:
        BuiltinParser().parse(layers(cover, np.ones(distances, np.float32)), NET, 1, [0.5], [0.0])
    assert caught.value.code is Code.TENSOR_UNSUPPORTED


def test_missing_layers() -> None:
    assert missing_layer(["boxes", "scores"]) == NO_COVERAGE
    assert missing_layer(["conv", "a_cov"]) == NO_BOXES
    assert missing_layer(["a_cov", "a_bbox"]) == ""


def test_other_types_are_an_error_instead_of_other_numbers() -> None:
    cover, distances = np.ones((1, 2, 2), np.float16), np.ones((4, 2, 2), np.float32)
    with pytest.raises(DsbenchError, match="cov/Sigmoid is float16: nvinfer's built-in decode reads it as float32"):
        BuiltinParser().parse(layers(cover, distances), NET, 1, [0.5], [0.0])
