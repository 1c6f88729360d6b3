"""Which frame of the clip is which; ground truth that does not fit it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.ground_truth.truth import GroundTruth, TruthFormat, TruthFrame, TruthObject
from dsbench.judge.accuracy import clip_frames
from dsbench.judge.accuracy.clip_frames import ClipSize

CLIP = ClipSize(640, 480, 100)
BOX = TruthObject("car", 500, 400, 600, 450)


def truth(*numbers: int, size: tuple[int, int] | None = None, box: TruthObject = BOX, name: str = "f") -> GroundTruth:
    frames = tuple(TruthFrame(f"{name}{number}.txt", f"{name}{number}", (box,) * 3, size) for number in numbers)
    return GroundTruth(Path("labels"), TruthFormat.KITTI, frames, ("car",))


@pytest.mark.parametrize(
    ("numbers", "placed", "doubt"),
    [
        ([0, 1, 2], [0, 1, 2], False),
        ([10, 5], [5, 10], False),
        ([1, 2, 3], [0, 1, 2], False),  # no gap from 1 on: counted from 1
        ([10, 50, 100], [9, 49, 99], False),  # as many as there are frames: counted from 1
        ([1, 10, 20], [1, 10, 20], True),
    ],
)
def test_frames_are_counted_from_0_or_1(numbers: list[int], placed: list[int], doubt: bool) -> None:
    found = clip_frames.place(truth(*numbers), CLIP)
    assert [number for number, _ in found.frames] == placed
    assert bool(found.warnings) == doubt


def test_the_first_frames() -> None:
    found = clip_frames.place(truth(0, 10, 20), CLIP)
    assert [number for number, _ in found.first(11).frames] == [0, 10]
    assert len(found.first(0).frames) == 3


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (truth(0, 120, 130), r"2 of 3 annotated frames are beyond the clip, which has 100 frames; .* f120\.txt"),
        (truth(0, size=(1920, 1080)), "1 of 1 images are of another size .* 1920x1080 instead of 640x480"),
        (truth(0, box=TruthObject("car", 900, 400, 990, 450)), "3 boxes lie outside the frame of 640x480"),
        (truth(7, 7), "annotated more than once"),
    ],
)
def test_ground_truth_of_another_clip(found: GroundTruth, problem: str) -> None:
    with pytest.raises(DsbenchError, match=problem) as caught:
        clip_frames.place(found, CLIP)
    assert caught.value.code == Code.GROUND_TRUTH_INVALID


def test_names_without_a_number() -> None:
    frames = (TruthFrame("a.txt", "a", (BOX,)), TruthFrame("b.txt", "b", (BOX,)))
    with pytest.raises(DsbenchError, match="the names of 2 of 2 frames do not end in a frame number"):
        clip_frames.place(GroundTruth(Path("labels"), TruthFormat.KITTI, frames, ("car",)), CLIP)


def test_labels_of_a_smaller_picture_are_a_warning() -> None:
    small = TruthObject("car", 10, 10, 300, 200)
    assert "300x200 of 640x480" in clip_frames.place(truth(*range(10), box=small), CLIP).warnings[0]
    assert not clip_frames.place(truth(*range(10)), CLIP).warnings
