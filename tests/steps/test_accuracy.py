"""The step accuracy: on the demo model as users run it, and its parts on tiny material."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.model import preflight
from dsbench.model.layout import ModelLayout
from dsbench.steps import ground_truth, picture_clip
from dsbench.steps.model_run import ModelRun
from tests.material import write_clip, write_onnx
from tests.steps.model_run import model_run
from tests.street_zoo import STREET
from tests.warm import run_pytest

KITTI = "car 0.00 0 0.00 10.00 20.00 30.00 60.00 0 0 0 0 0 0 0\n"


@pytest.mark.long
def test_the_demo_model_meets_its_gate(tmp_path: Path) -> None:
    root = tmp_path / "street"
    for name in ("model", "config", "ground_truth"):
        shutil.copytree(STREET / name, root / name)
    (root / "dsbench.toml").write_text((STREET / "dsbench.toml").read_text())
    shutil.copy(STREET / "street.mp4", root)
    arguments = [f"--model-dir={root}", "--runtime=embedded", "--prepare=never"]
    done = run_pytest(tmp_path, *arguments, "-k", "accuracy", "--kitti-frames=16", "-p", "no:cacheprovider", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Accuracy: mAP@0.5 0." in done.stdout
    record = json.loads((root / "reports" / "benchmark_data.json").read_text())
    found = record["beyond"]["accuracy"]
    assert found["state"] == "pass"
    assert found["map50"] > 0.9
    assert 0.6 < found["map_low"] <= found["map"] <= found["map_high"] < 0.85
    assert (found["frames"], found["gate"]) == (16, 0.65)
    step = next(step for step in record["steps"] if step["step"] == "accuracy")
    assert step["tables"][0]["columns"][:3] == ["class", "objects", "AP@0.5:0.95"]
    assert {row[0] for row in step["tables"][0]["rows"]} == {"car", "person", "bicycle", "road_sign"}
    low = (root / "samples" / "accuracy" / "config_infer_low.txt").read_text()
    assert "pre-cluster-threshold=0.01" in low
    assert len(list((root / "samples" / "accuracy" / "kitti_low").iterdir())) == 16


def tiny(tmp_path: Path, settings: str, **options: str) -> ModelRun:
    """A model directory with settings, a clip of its own, ground truth of it, and pre-flight's facts."""
    root = tmp_path / "net"
    write_onnx(root / "model" / "net.onnx")
    (root / "config").mkdir()
    (root / "config" / "labels.txt").write_text("car\nperson\n")
    (root / "truth").mkdir()
    (root / "truth" / "000000.txt").write_text(KITTI)
    (root / "dsbench.toml").write_text(settings)
    write_clip(root / "own.mp4", frames=3)
    run = model_run(ModelLayout.at("net", tmp_path), Path(options.pop("clip", "net/own.mp4")), tmp_path, **options)  # type: ignore[arg-type]
    run.keep(preflight.run(run.layout, run.preflight_request()))
    return run


OWN = 'video = "own.mp4"\nground-truth = "truth"\n'


def test_ground_truth_of_dsbench_toml_belongs_to_its_video(tmp_path: Path) -> None:
    run = tiny(tmp_path, OWN)
    found = ground_truth.find(run)
    assert found.truth is not None
    assert (found.origin, found.truth.objects) == ("dsbench.toml", 1)


def test_a_copy_of_the_video_counts_as_the_video(tmp_path: Path) -> None:
    write_clip(tmp_path / "copy.mp4", frames=3)
    assert ground_truth.find(tiny(tmp_path, OWN, clip="copy.mp4")).truth is not None


def test_another_video_has_no_ground_truth_unless_it_is_given(tmp_path: Path) -> None:
    write_clip(tmp_path / "other.mp4", frames=4)
    found = ground_truth.find(tiny(tmp_path, OWN, clip="other.mp4"))
    assert found.truth is None
    assert found.none.startswith("the ground truth of dsbench.toml belongs to own.mp4, and this run plays other.mp4")


def test_ground_truth_of_the_command_line_starts_where_pytest_does(tmp_path: Path) -> None:
    write_clip(tmp_path / "other.mp4", frames=4)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "000001.txt").write_text(KITTI * 2)
    found = ground_truth.find(tiny(tmp_path, OWN, clip="other.mp4", ground_truth="labels"))
    assert found.truth is not None
    assert (found.origin, found.truth.objects) == ("command line", 2)


def test_without_ground_truth(tmp_path: Path) -> None:
    found = ground_truth.find(tiny(tmp_path, ""))
    assert found.truth is None
    assert found.none.startswith("no ground truth is given")


def picture(path: Path, width: int, height: int, level: int = 90) -> Path:
    from PIL import Image

    array = np.full((height, width, 3), (level, level // 2, 200), np.uint8)
    array[: height // 2, : width // 2] = 250
    Image.fromarray(array).save(path)
    return path


def test_pictures_of_one_size_become_a_clip_close_to_them(tmp_path: Path) -> None:
    import av

    pictures = [picture(tmp_path / f"{number}.png", 64, 48, 60 + 40 * number) for number in range(3)]
    clip = picture_clip.write(pictures, tmp_path / "a" / "clip.mp4")
    assert (clip.width, clip.height, clip.stretched) == (64, 48, False)
    with av.open(str(clip.path)) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    assert len(frames) == 3
    for number, frame in enumerate(frames):
        assert np.abs(frame[10, 10] - 250).max() <= 4
        assert np.abs(frame[40, 50] - (60 + 40 * number, (60 + 40 * number) // 2, 200)).max() <= 8


def test_pictures_of_different_sizes_are_stretched_to_the_surface(tmp_path: Path) -> None:
    pictures = [picture(tmp_path / "a.png", 64, 48), picture(tmp_path / "b.png", 31, 50)]
    clip = picture_clip.write(pictures, tmp_path / "clip.mp4")
    assert (clip.width, clip.height, clip.stretched) == (1280, 720, True)
    assert clip.sizes == ((64, 48), (31, 50))


def test_a_file_that_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8 not a picture")
    with pytest.raises(DsbenchError, match="a picture cannot be read") as caught:
        picture_clip.write([tmp_path / "a.jpg"], tmp_path / "clip.mp4")
    assert caught.value.code == Code.GROUND_TRUTH_INVALID
