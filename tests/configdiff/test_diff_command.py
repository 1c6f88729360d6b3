"""``dsbench diff``: the page of made-up dumps, and one run of the app on a small model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dsbench import cli
from dsbench.configdiff import page
from dsbench.configdiff.dumps import GivenConfig
from dsbench.formats import kitti
from dsbench.judge import config_diff
from tests.embedded.app_support import World
from tests.material import write_clip

HOSTILE = '<script>alert("x")</script>'


def given(name: str, text: str) -> GivenConfig:
    return GivenConfig(name, Path(name), text)


def test_the_page_is_inert_and_self_contained(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=4)
    box = kitti.from_box(HOSTILE, 300.0, 100.0, 80.0, 90.0, 0.8)
    found = config_diff.compare({1: (box,), 2: ()}, {1: (), 2: ()})
    a, b = given("a.txt", f"[property]\n# {HOSTILE}\ntopk=1\n"), given("<b>.txt", "[property]\ntopk=2\n")
    text = page.html(a, b, found, "2 frames", clip)
    assert "<script" not in text
    assert "Of 1 boxes in A and 0 in B: 1 vanishes; 0 are the same." in text
    assert len(re.findall(r'src="data:image/jpeg;base64,', text)) == 2
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert "+topk=2" in text


def test_the_same_boxes_have_no_pictures(tmp_path: Path) -> None:
    found = config_diff.compare({0: ()}, {0: ()})
    text = page.html(given("a", "x"), given("b", "x"), found, "1 frame", tmp_path / "none.mp4")
    assert "The same boxes: 0 in 1 frames." in text
    assert "The two files have the same text." in text
    assert "<img" not in text


def test_columns_are_aligned() -> None:
    assert list(page.table([("class", "a"), ("x", "10")])) == ["class   a", "x      10"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.txt", "none.txt", "--video", "clip.mp4"), "[usage] none.txt is not a file"),
        (("none.txt", "none.txt", "--model-dir", "none"), "[model-dir-missing]"),
        (("a.txt", "a.txt", "--video", "clip.mp4"), "onnx-file names a file that does not exist"),
        (("a.txt", "a.txt", "--video", "none.mp4"), "[video-missing]"),
        (("a.txt", "a.txt", "--video", "clip.mp4", "--frames", "-1"), "[usage] --frames -1"),
    ],
)
def test_what_cannot_be_compared_has_status_2(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "clip.mp4", frames=2)
    (tmp_path / "a.txt").write_text("[property]\nonnx-file=model/net.onnx\ngie-unique-id=1\n")
    assert cli.main(["diff", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_threshold_drops_the_darkest_frames(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(world.root)
    first = world.nvinfer().rename(world.root / "a.txt")
    second = world.root / "b.txt"
    second.write_text(first.read_text().replace("threshold=0.0", "threshold=0.3"))
    arguments = ["diff", "a.txt", "b.txt", "--video", str(world.clip), "--frames", "6", "-o", "d.html"]
    assert cli.main(arguments) == 1
    shown = capsys.readouterr().out
    assert "-pre-cluster-threshold=0.0\n   +pre-cluster-threshold=0.3" in shown
    assert "Of 6 boxes in A and 2 in B: 4 vanish; 2 are the same." in shown
    assert "d.html" in shown
    assert (world.root / "d.html").read_text().count("<img") == 2 * 4
