"""Ground truth of a folder of pictures ranks the candidate preprocessings as that of a video does."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from dsbench.formats.ground_truth.truth import GroundTruth, TruthFormat, TruthFrame, TruthObject
from dsbench.judge.accuracy import class_names
from dsbench.steps import ground_truth, truth_candidates


def test_some_pictures_with_objects_spread_over_all(tmp_path: Path) -> None:
    for number in range(20):
        Image.new("RGB", (40, 20)).save(tmp_path / f"{number}.png")
    box = TruthObject("car", 0.25, 0.5, 0.75, 1.0)
    frames = tuple(
        TruthFrame(f"{number}.txt", f"{number}", (box,) if number % 2 else (), normalised=True,
                   image=tmp_path / f"{number}.png")
        for number in range(20)
    )  # fmt: skip
    truth = GroundTruth(tmp_path, TruthFormat.YOLO, frames, ("car",))
    names = class_names.match(["car"], ["car"])
    found = truth_candidates._of_pictures(truth, names, ("car",))
    assert [number for number, _ in found.frames] == list(range(truth_candidates.PICTURES))
    assert [path.stem for path in found.pictures] == ["1", "3", "5", "7", "11", "13", "15", "17"]
    assert found.frames[0][1].objects == (TruthObject("car", 10.0, 10.0, 30.0, 20.0),)


def test_few_are_all_taken() -> None:
    assert ground_truth.spread((1, 2, 3), 3) == (1, 2, 3)
    assert ground_truth.spread(tuple(range(10)), 3) == (0, 3, 6)
