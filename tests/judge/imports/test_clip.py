"""What a clip is reported for, and that ordinary clips are not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dsbench.base.boxes import Boxes
from dsbench.judge.imports import clip
from dsbench.judge.imports.clip import Sighting

Pictures = list[npt.NDArray[np.uint8]]
NUMBERS = (10, 50, 90)


def scene(seed: int = 0, moved: int = 0) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    picture = rng.integers(60, 200, (90, 160, 3)).astype(np.uint8)
    picture[20:40, 10 + moved : 30 + moved] = 250
    return picture


def black() -> npt.NDArray[np.uint8]:
    return np.full((90, 160, 3), 16, np.uint8)


def noisy(picture: npt.NDArray[np.uint8], by: int) -> npt.NDArray[np.uint8]:
    return (picture.astype(int) + np.random.default_rng(by).integers(-by, by + 1, picture.shape)).astype(np.uint8)


@pytest.mark.parametrize(
    ("pictures", "word"),
    [
        ([scene(), scene(moved=20), scene(moved=40)], ""),
        ([scene(), scene(1), scene(2)], ""),
        ([scene(), scene(), scene(moved=3)], ""),
        ([scene(), scene(), scene()], "the clip is frozen: frames 10, 50, 90 show the same picture"),
        ([noisy(scene(), 1), scene(), scene()], "frozen"),
        ([black(), black(), black()], "the clip is black in frames 10, 50, 90"),
        ([black(), black(), scene()], "2 of 3 frames looked at are black: 10, 50"),
        ([black(), scene(), scene(moved=9)], ""),
        ([np.full((90, 160, 3), grey, np.uint8) for grey in (90, 120, 150)], "the clip shows one colour"),
        ([scene()], ""),
        ([], ""),
    ],
)
def test_pictures(pictures: Pictures, word: str) -> None:
    found = clip.pictures(pictures, NUMBERS[: len(pictures)])
    assert word in found
    assert bool(found) == bool(word)


def test_a_dark_street_is_not_black() -> None:
    night = black()
    night[40:44, 50:60] = 200
    assert clip.pictures([night, np.roll(night, 9, 1)], (0, 9)) == ""


def test_the_container() -> None:
    assert clip.container(0, 0) == clip.container(100, 0) == ()
    assert clip.container(1, 0) == ("the clip has 1 frame: rates over its frames say little",)
    assert "turn it by 90 degrees" in clip.container(300, 90)[0]


def boxes(*scores: float) -> Boxes:
    return Boxes.from_table(np.array([[0, 0, 0, 10, 10, score] for score in scores], np.float32).reshape(-1, 6))


def test_sightings() -> None:
    assert clip.sighting([boxes(0.9, 0.6, 0.3), boxes(), boxes(0.3)]) == Sighting(2, pytest.approx(0.4))
    assert clip.sighting([]) == Sighting(0, 0.0)


@pytest.mark.parametrize(
    ("plain", "turns", "word"),
    [
        ((0, 0.1), {90: (0, 0.0), 180: (18, 0.8), 270: (0, 0.0)}, "upside down: turned clockwise by 180"),
        ((1, 0.3), {90: (9, 0.7), 180: (1, 0.3), 270: (2, 0.3)}, "on its side: turned clockwise by 90"),
        ((1, 0.4), {90: (0, 0.1), 180: (0, 0.2), 270: (3, 0.7)}, ""),
        ((1, 0.4), {90: (3, 0.53), 180: (2, 0.57), 270: (0, 0.3)}, ""),
        ((2, 0.3), {90: (0, 0.0), 180: (0, 0.1), 270: (0, 0.0)}, ""),
        ((9, 0.4), {90: (10, 0.8), 180: (9, 0.8), 270: (9, 0.8)}, ""),
        ((0, 0.1), {90: (9, 0.8), 180: (0, 0.0), 270: (8, 0.8)}, ""),
        ((0, 0.1), {180: (4, 0.5)}, ""),
        ((0, 0.1), {}, ""),
    ],
)
def test_turned(plain: tuple[int, float], turns: dict[clip.Turn, tuple[int, float]], word: str) -> None:
    found = clip.turned(Sighting(*plain), {turn: Sighting(*seen) for turn, seen in turns.items()})
    assert word in found
    assert bool(found) == bool(word)


def test_boxes_that_never_change() -> None:
    assert "the same 3 boxes with the same scores in all 100 frames" in clip.unmoved(100, 3)
    assert clip.unmoved(100, 0) == clip.unmoved(3, 2) == ""


@pytest.mark.parametrize(("frames", "wanted", "said"), [(1, 24, True), (1, 0, True), (6, 6, False), (24, 24, False)])
def test_a_dump_that_ended_with_a_short_clip(frames: int, wanted: int, said: bool) -> None:
    assert bool(clip.short(frames, wanted)) == said
