"""``dsbench inspect --picture``: possible preprocessings side by side."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from dsbench import cli
from tests import street_zoo
from tests.inspection.material import yolox
from tests.material import write_clip


def test_the_possibilities_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, picture = street_zoo.batched_nms(tmp_path / "fused.onnx"), tmp_path / "p.jpg"
    video = street_zoo.STREET / "street.mp4"
    cli.main(["inspect", str(model), f"--video={video}", f"--picture={picture}"])
    shown = capsys.readouterr()
    assert "preprocessing-unknown" in shown.out
    assert shown.err.endswith("p.jpg: the possible preprocessings side by side\n")
    assert Image.open(io.BytesIO(picture.read_bytes())).format == "JPEG"


def test_there_is_nothing_to_draw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip, picture = write_clip(tmp_path / "clip.mp4", frames=3), tmp_path / "p.jpg"
    cli.main(["inspect", str(yolox(tmp_path / "x.onnx")), f"--video={clip}", f"--picture={picture}"])
    assert "is not written: there are no possibilities to compare" in capsys.readouterr().err
    assert not picture.exists()


def test_it_needs_a_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", str(yolox(tmp_path / "x.onnx")), "--picture=p.jpg"]) == 1
    assert "[usage] --picture needs the frames of a video" in capsys.readouterr().err
