"""Boxes drawn on frames, and sheets of pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from dsbench.base import pictures
from dsbench.base.boxes import Boxes
from dsbench.base.pictures import SheetColumn

GREY = np.full((90, 160, 3), 128, np.uint8)


def made(*rows: tuple[float, float, float, float, float, float]) -> Boxes:
    return Boxes.from_table(np.array(rows, np.float32).reshape(-1, 6))


def changed(boxes: Boxes, names: tuple[str, ...] = ("car",)) -> np.ndarray:
    """Where a drawn frame differs from the plain one, (h, w)."""
    return np.asarray((np.asarray(pictures.with_boxes(GREY, boxes, names, 0.5)) != GREY).any(axis=2))


def test_a_box_is_an_outline_at_its_scaled_place() -> None:
    drawn = changed(made((0, 40, 80, 100, 60, 0.9)))
    assert drawn[40:70, 20].all(), "left"
    assert drawn[70, 20:70].all(), "bottom"
    assert not drawn[45:65, 25:65].any(), "inside"
    assert not drawn[75:].any()


@pytest.mark.parametrize(
    "row",
    [
        (0, np.nan, 0, 10, 10, 0.5),
        (0, 0, 0, np.inf, 10, 0.5),
        (0, 50, 50, -10, 10, np.nan),
    ],
)
def test_boxes_that_are_no_numbers_are_left_out(row: tuple[float, float, float, float, float, float]) -> None:
    assert not changed(made(row)).any()


@pytest.mark.parametrize("name", ["<script>\x1b[2J\n\u202e", "\ud800", "x" * 10_000, "", "模型"])
def test_a_name_is_only_pixels(name: str) -> None:
    assert changed(made((0, -1e30, 0, 2e30, 20, 0.5), (7, 0, 0, 9, 9, 0.1)), (name,)).any()


def test_a_sheet_holds_every_picture() -> None:
    image = Image.fromarray(GREY)
    columns = [SheetColumn(("a", "b"), (image, image), ("x", "y")), SheetColumn(("c",), (image,), ("z",))]
    page = Image.open(io.BytesIO(pictures.jpeg(pictures.sheet(columns), 80)))
    assert page.format == "JPEG"
    assert page.width > 2 * image.width
    assert page.height > 2 * image.height
