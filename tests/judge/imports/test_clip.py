"""What a clip is reported for, and that ordinary clips are not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dsbench.base.boxes import Boxes
from dsbench.judge.imports import clip
from dsbench.judge.imports.clip import ClipSeen, Sighting

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
    noise = np.random.default_rng(by).integers(-by, by + 1, picture.shape)
    return np.clip(picture.astype(int) + noise, 0, 255).astype(np.uint8)


def seen(pictures: Pictures, decoded: int = 100, different: int = 100) -> ClipSeen:
    return ClipSeen(pictures, NUMBERS[: len(pictures)], decoded, different)


@pytest.mark.parametrize(
    ("pictures", "different", "word"),
    [
        ([scene(), scene(moved=20), scene(moved=40)], 100, ""),
        ([scene(), scene(1), scene(2)], 100, ""),
        ([scene(), scene(), scene(moved=3)], 100, ""),
        ([scene(), scene(moved=20), scene(moved=40)], 10, ""),
        ([scene(), scene(), scene()], 100, "the clip is frozen: frames 10, 50, 90 show the same picture"),
        ([noisy(scene(), 4), scene(), scene()], 80, "frozen"),
        ([noisy(scene(), 16), scene(), scene()], 80, ""),
        ([noisy(scene(), 16), scene(), scene()], 20, "frozen"),
        ([black(), black(), black()], 100, "the clip is black in frames 10, 50, 90"),
        ([black(), black(), scene()], 100, ""),
        ([np.full((90, 160, 3), grey, np.uint8) for grey in (90, 120, 150)], 100, "the clip shows one colour"),
        ([scene(), scene(), scene(1)], 1, "the clip is frozen, its 100 frames show one picture"),
        ([scene(), scene(1)], 2, "its 100 frames show 2 different pictures"),
        ([scene()], 100, ""),
        ([], 0, ""),
    ],
)
def test_clips_that_show_nothing(pictures: Pictures, different: int, word: str) -> None:
    found = clip.shows_nothing(seen(pictures, different=different))
    assert bool(found) == bool(word)
    assert found is None or (word in found.what and found.code == clip.SHOWS_NOTHING)


@pytest.mark.parametrize(("frames", "word"), [(1, "1 frame only"), (2, "2 frames only"), (3, "")])
def test_a_frame_or_two(frames: int, word: str) -> None:
    found = clip.shows_nothing(seen([scene(), scene(1), scene(2)][:frames], frames, frames))
    assert (word in found.what) if found else not word


def test_black_parts() -> None:
    assert clip.remarks(seen([black(), black(), scene()])) == ("2 of 3 frames looked at are black: 10, 50",)
    assert clip.remarks(seen([black(), scene(), scene(1)])) == ()


def test_a_dark_street_is_not_black() -> None:
    night = black()
    night[40:44, 50:60] = 200
    assert clip.shows_nothing(seen([night, np.roll(night, 9, 1)])) is None


def test_the_container() -> None:
    assert clip.container(0, 0) == clip.container(100, 0) == ()
    assert clip.container(1, 0) == ("the clip has 1 frame: rates over its frames say little",)
    assert "turn it by 90 degrees" in clip.container(300, 90)[0]


def boxes(*scores: float) -> Boxes:
    return Boxes.from_table(np.array([[0, 0, 0, 10, 10, score] for score in scores], np.float32).reshape(-1, 6))


def test_sightings() -> None:
    found = clip.sighting([boxes(0.9, 0.6, 0.3), boxes(), boxes(0.3)])
    assert (found.sure, found.best) == (2, pytest.approx(0.4))
    assert clip.sighting([]) == Sighting(0)


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
        # measured: the demo upside down, bottles upside down; upright clips of FastestDet and YOLOv8n
        ((53, 0.90), {90: (13, 0.65), 180: (88, 0.95), 270: (26, 0.84)}, "upside down"),
        ((7, 0.70), {90: (0, 0.0), 180: (18, 0.93), 270: (0, 0.0)}, "upside down"),
        ((17, 0.82), {90: (21, 0.70), 180: (27, 0.82), 270: (17, 0.67)}, ""),
        ((19, 0.87), {90: (16, 0.62), 180: (25, 0.62), 270: (9, 0.56)}, ""),
        ((3, 0.47), {90: (0, 0.10), 180: (1, 0.47), 270: (7, 0.58)}, ""),
    ],
)
def test_turned(plain: tuple[int, float], turns: dict[clip.Turn, tuple[int, float]], word: str) -> None:
    def sighted(sure: int, best: float) -> Sighting:
        return Sighting(sure, (best,) * 6)

    found = clip.turned(sighted(*plain), {turn: sighted(*seen) for turn, seen in turns.items()})
    assert bool(found) == bool(word)
    assert found is None or (word in found.what and found.code == clip.CLIP_TURNED)


def test_a_turn_must_be_better_in_every_frame_but_one() -> None:
    plain = Sighting(10, (0.8, 0.8, 0.8, 0.8, 0.9, 0.9))
    assert clip.turned(plain, {180: Sighting(20, (0.9, 0.9, 0.9, 0.9, 0.95, 0.9))}) is not None
    assert clip.turned(plain, {180: Sighting(20, (0.9, 0.9, 0.9, 0.9, 0.9, 0.9))}) is None


def test_boxes_that_never_change() -> None:
    assert "the same 3 boxes with the same scores in all 100 frames" in clip.unmoved(100, 3)
    assert clip.unmoved(100, 0) == clip.unmoved(3, 2) == ""


@pytest.mark.parametrize(("frames", "wanted", "said"), [(1, 24, True), (1, 0, True), (6, 6, False), (24, 24, False)])
def test_a_dump_that_ended_with_a_short_clip(frames: int, wanted: int, said: bool) -> None:
    assert bool(clip.short(frames, wanted)) == said
