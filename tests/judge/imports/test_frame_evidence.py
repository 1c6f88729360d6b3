"""The range of pixels by gain and by boxes that are found again; boxes mapped back from other views."""

from __future__ import annotations

import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.families.base import Network, Preprocessing
from dsbench.judge.imports.frame_evidence import (
    Findings,
    PixelRange,
    Views,
    below,
    fed_range,
    findings,
    of_findings,
    of_gain,
    to_surface,
    unmirrored,
    unzoomed,
)
from dsbench.model.onnx.beginning import Beginning

BYTE, UNIT, IMAGENET = Preprocessing(1.0), Preprocessing(1 / 255), Preprocessing(0.01752)
SURFACE = Network(200, 100)
NOTHING, SURE, FLOOD = Findings(0, 0, 0), Findings(2, 1.6, 1.4), Findings(60, 42, 4.0)


def boxes(*rows: tuple[float, ...]) -> Boxes:
    return Boxes.from_table(np.array(rows, np.float32).reshape(-1, 6))


@pytest.mark.parametrize(
    ("gain", "expected"),
    [
        (None, PixelRange.UNKNOWN),
        (0.0036, PixelRange.BYTE),  # RetinaFace
        (0.0311, PixelRange.BYTE),  # a YOLOX of ddddocr, the highest
        (0.1, PixelRange.UNKNOWN),
        (0.235, PixelRange.UNIT),  # SCRFD-500M, the lowest
        (44.6, PixelRange.UNIT),  # a PicoDet of PaddleDetection
    ],
)
def test_gain(gain: float | None, expected: PixelRange) -> None:
    evidence = of_gain(gain)
    assert evidence.range is expected
    assert bool(evidence.reason) == (expected is not PixelRange.UNKNOWN)


@pytest.mark.parametrize(
    ("gain", "factor", "expected", "anomaly"),
    [
        (23.0 / 255, 1 / 255, PixelRange.BYTE, False),  # a YOLOv8 that divides by 255 itself
        (0.53 / 128, 1 / 128, PixelRange.BYTE, False),
        (0.021 * 255, 255.0, PixelRange.UNIT, False),  # a YOLOX that takes 0..1
        (2.1 / 0.225, 1 / 0.225, PixelRange.UNIT, False),  # ImageNet's deviations
        (0.021 / 255, 1 / 255, PixelRange.UNKNOWN, True),  # a YOLOX that divides as well
        (23.0 * 255, 255.0, PixelRange.UNKNOWN, True),
        (0.021 * 65025, 65025.0, PixelRange.UNKNOWN, True),
        (0.1, 1 / 255, PixelRange.BYTE, False),
        (0.1 / 255, 1 / 255, PixelRange.UNKNOWN, False),
        (23.0 * 255, 1.0, PixelRange.UNIT, True),  # folded into the weights
        (0.021 / 255, 1.0, PixelRange.BYTE, True),
    ],
)
def test_a_scale_of_the_graph_itself(gain: float, factor: float, expected: PixelRange, anomaly: bool) -> None:
    own = Beginning() if factor == 1 else Beginning().then((factor,), (0.0,), "Mul")
    evidence = of_gain(gain, own)
    assert (evidence.range, bool(evidence.anomaly)) == (expected, anomaly)
    assert bool(evidence.span) == (anomaly and factor != 1)


def test_what_the_graph_subtracts() -> None:
    own = Beginning().then((1 / 255,), (0.0,), "Div").then((1.0,), (-0.5,), "Sub").then((2.0,), (0.0,), "Mul")
    assert of_gain(0.004, own).own_offsets == pytest.approx((127.5,))
    assert of_gain(0.004, Beginning()).own_offsets == ()


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (1.0, PixelRange.BYTE),
        (0.5, PixelRange.BYTE),
        (0.1, PixelRange.UNKNOWN),
        (0.01752, PixelRange.UNIT),
        (1 / 255, PixelRange.UNIT),
    ],
)
def test_fed_range(scale: float, expected: PixelRange) -> None:
    assert fed_range(Preprocessing(scale)) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({UNIT: SURE, BYTE: NOTHING}, PixelRange.UNIT),
        ({UNIT: NOTHING, BYTE: SURE}, PixelRange.BYTE),
        ({UNIT: SURE, IMAGENET: SURE, BYTE: NOTHING}, PixelRange.UNIT),
        ({UNIT: NOTHING, BYTE: FLOOD}, PixelRange.UNKNOWN),
        ({UNIT: SURE, BYTE: FLOOD}, PixelRange.UNIT),
        ({UNIT: SURE, BYTE: Findings(60, 15, 4.0)}, PixelRange.UNKNOWN),
        ({UNIT: SURE, BYTE: SURE}, PixelRange.UNKNOWN),
        ({UNIT: NOTHING, BYTE: NOTHING}, PixelRange.UNKNOWN),
        ({UNIT: Findings(1, 0.2, 0.2), BYTE: NOTHING}, PixelRange.UNKNOWN),
        ({}, PixelRange.UNKNOWN),
    ],
)
def test_what_is_found_again_decides_only_where_it_is_clear(
    found: dict[Preprocessing, Findings], expected: PixelRange
) -> None:
    assert of_findings(found).range is expected


def test_a_box_counts_as_far_as_both_other_views_have_it() -> None:
    box, elsewhere = (0, 10, 10, 40, 40, 0.9), (0, 120, 10, 40, 40, 0.9)
    weaker, other_class = (0, 12, 10, 40, 40, 0.7), (1, 10, 10, 40, 40, 0.9)

    def again(mirror: Boxes, zoom: Boxes) -> float:
        return findings([Views(boxes(box), mirror, zoom)], 0.5).again

    assert again(boxes(box), boxes(box)) == pytest.approx(0.8)
    assert again(boxes(box), boxes(weaker)) == pytest.approx(0.4)
    assert again(boxes(box), boxes(elsewhere)) == 0
    assert again(boxes(other_class), boxes(box)) == 0
    assert again(boxes(), boxes()) == 0
    assert findings([], 0.5) == NOTHING


@pytest.mark.parametrize(
    "value", [Preprocessing(1.0, (), 0, 0), Preprocessing(1.0, (), 0, 1), Preprocessing(1.0, (), 0, 1, 1)]
)
def test_views_map_back_to_the_frame(value: Preprocessing) -> None:
    # an object at x 40..80, y 20..60 of the surface, seen by a network of 100x100
    placed = {(0, 0): (20, 20, 20, 40), (1, 0): (20, 10, 20, 20), (1, 1): (20, 35, 20, 20)}
    left, top, width, height = placed[value.maintain_aspect_ratio, value.symmetric_padding]
    seen = to_surface(boxes((0, left, top, width, height, 0.9)), value, Network(100, 100), SURFACE)
    assert seen.table()[0, 1:5] == pytest.approx([40, 20, 40, 40])
    assert unmirrored(seen, SURFACE).left[0] == pytest.approx(120)
    assert unmirrored(unmirrored(seen, SURFACE), SURFACE).left[0] == pytest.approx(40)
    assert unzoomed(seen, (0.1, 0.0, 0.6, 0.5), SURFACE).table()[0, 1:5] == pytest.approx([40, 10, 20, 20])


def test_a_box_that_ends_at_the_edge_is_not_below_the_frame() -> None:
    rows = boxes((0, 10, 60, 20, 40, 0.9), (0, 10, 60, 20, 41, 0.9), (0, 190, 10, 20, 20, 0.9), (0, 10, 110, 5, 5, 0.9))
    assert (below(rows, SURFACE), below(boxes(), SURFACE)) == (2, 0)
