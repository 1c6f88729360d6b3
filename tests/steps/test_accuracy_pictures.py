"""The frames with the most errors against ground truth, for the report's gallery."""

from __future__ import annotations

from pathlib import Path

from dsbench.formats.ground_truth.truth import TruthFrame, TruthObject
from dsbench.formats.kitti import KittiObject
from dsbench.judge.accuracy import class_names
from dsbench.judge.accuracy.judged_frames import DumpedFrame
from dsbench.steps import accuracy_pictures
from tests.material import write_clip

NAMES = class_names.match(["car", "person"], ["car", "person"])


def frame(number: int, label: str, crowd: bool = False) -> DumpedFrame:
    """A car of the source, 320x180, which the app saw as ``label`` on the surface, 1280x720."""
    truth = TruthObject("car", 40.0, 20.0, 140.0, 80.0, crowd)
    found = KittiObject(label, 160.0, 80.0, 560.0, 320.0, 0.9)
    return DumpedFrame(number, TruthFrame(f"{number}.txt", f"{number}", (truth,), (320, 180)), (found,))


def test_the_hardest_frames_in_pixels_of_the_picture(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=6)
    right = [frame(number, "car") for number in range(6)]
    assert accuracy_pictures.hardest(right, NAMES, clip) == ()
    (first, *_) = accuracy_pictures.hardest([*right[:4], frame(4, "person"), right[5]], NAMES, clip)
    assert first.title == "frame 4: 1 of 1 missed, 1 extra"
    assert [(box.side, box.label, box.left, box.width) for box in first.boxes] == [
        ("reference", "car", 100.0, 250.0),
        ("dump", "person", 100.0, 250.0),
    ]
    assert accuracy_pictures.hardest([frame(0, "person", crowd=True)], NAMES, clip) == ()
