"""Possible preprocessings side by side: in the report, and as a file in samples/."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dsbench.base.boxes import Boxes
from dsbench.families.base import Preprocessing
from dsbench.model.layout import ModelLayout
from dsbench.steps import candidate_pictures
from dsbench.steps.candidate_pictures import SeenFrames, SideBySide

POSSIBLE = tuple(Preprocessing(scale, (), 0, 1) for scale in (1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125))


def side_by_side(possible: tuple[Preprocessing, ...] = POSSIBLE[:2]) -> SideBySide:
    noise = np.random.default_rng(0).integers(0, 255, (270, 480, 3), np.uint8)
    box = Boxes.from_table(np.array([(0, 100, 100, 200, 300, 0.75)], np.float32))
    frames = [box, Boxes.empty(), box, box]
    return candidate_pictures.draw(
        possible, [frames for _ in possible], SeenFrames([noise] * 4, (5, 15, 25, 35)), ["<b>"]
    )


@pytest.fixture
def layout(tmp_path: Path) -> ModelLayout:
    (tmp_path / "net" / "samples").mkdir(parents=True)
    return ModelLayout.at("net", tmp_path)


def test_a_column_for_each_possibility_with_the_same_frames() -> None:
    grid = candidate_pictures.grid(side_by_side())
    assert [column.title for column in grid.columns] == ["Possibility 1 (taken for this run)", "Possibility 2"]
    shown = [[picture.title for picture in column.pictures] for column in grid.columns]
    assert shown == [[f"frame {number}: 1 box, best score 0.75" for number in (5, 25, 35)]] * 2
    assert grid.columns[1].text.startswith("[property]\nnet-scale-factor = 0.5\n")


def test_the_report_stays_below_a_megabyte() -> None:
    grid = candidate_pictures.grid(side_by_side(POSSIBLE))  # noise: no frame of a video is larger
    assert sum(len(picture.base64) for column in grid.columns for picture in column.pictures) < 1 << 20


def test_the_file_is_replaced_and_removed_again(layout: ModelLayout) -> None:
    for _ in range(2):
        assert candidate_pictures.write(layout, side_by_side()) == ""
    assert Image.open(io.BytesIO(layout.candidates_picture.read_bytes())).format == "JPEG"
    assert candidate_pictures.write(layout, None) == ""
    assert not list(layout.samples.iterdir())


def test_nothing_is_written_through_a_link(layout: ModelLayout, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    layout.candidates_picture.symlink_to(tmp_path / "precious")
    assert candidate_pictures.write(layout, side_by_side()) == ""
    assert not layout.candidates_picture.is_symlink()
    layout.candidates_picture.rename(tmp_path / "preprocessing_candidates.jpg")
    layout.samples.rmdir()
    layout.samples.symlink_to(tmp_path)
    for side in (side_by_side(), None):
        assert candidate_pictures.write(layout, side).startswith(f"samples is a link to {tmp_path}, outside")
    assert (tmp_path / "precious").read_text() == "mine"
    assert (tmp_path / "preprocessing_candidates.jpg").is_file()
