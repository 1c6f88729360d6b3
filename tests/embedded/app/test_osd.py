"""Drawing and encoding: where ink lands, in which colour, and that nothing but VP9 in webm comes out."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from dsbench.base.boxes import Boxes
from dsbench.embedded.app import osd
from dsbench.embedded.app.osd import Canvas, draw, text_mask, to_yuv
from dsbench.embedded.protocol import VideoJob
from dsbench.jobs import video
from tests.embedded.app_support import World

JOB = VideoJob(Path("x.webm"), 0, 0, draw_boxes=True, draw_text=False, border_width=2, text_size=10)


def canvas(width: int = 40, height: int = 30) -> Canvas:
    """All zero."""
    half = (height + 1) // 2, (width + 1) // 2
    planes = (np.zeros((height, width), np.uint8), np.zeros(half, np.uint8), np.zeros(half, np.uint8))
    return Canvas(*planes, "bt601", False)


def objects(*boxes: tuple[float, float, float, float]) -> Boxes:
    """left, top, width, height; class 0."""
    block = np.array([(*box, 0.5) for box in boxes], np.float32).reshape(-1, 5).T
    return Boxes.from_block(np.zeros(len(boxes), np.int32), block)


@pytest.mark.parametrize(
    ("color", "matrix", "full_range", "expected"),
    [
        ((1, 0, 0), "bt601", False, (81, 90, 240)),
        ((1, 0, 0), "bt709", False, (63, 102, 240)),
        ((1, 1, 1), "bt601", True, (255, 128, 128)),
        ((0, 0, 0), "bt709", False, (16, 128, 128)),
    ],
)
def test_colours(color: osd.Rgb, matrix: str, full_range: bool, expected: tuple[int, int, int]) -> None:
    assert to_yuv(color, matrix, full_range) == expected


def test_numbers_that_are_no_colour_are_drawn_all_the_same() -> None:
    wild = (float("nan"), float("inf"), -3.0)
    assert to_yuv(wild, "bt709", True) == to_yuv((0.0, 1.0, 0.0), "bt709", True)


def test_an_outline_lies_inside_its_box() -> None:
    where = canvas()
    draw(where, objects((4, 6, 20, 10)), JOB, (), None)
    inked = np.argwhere(where.y > 0)
    assert (inked.min(axis=0).tolist(), inked.max(axis=0).tolist()) == ([6, 4], [15, 23])
    assert where.y[11, 14] == 0
    assert np.count_nonzero(where.y) == 20 * 10 - 16 * 6
    assert (where.v[3, 2], where.v[5, 7]) == (240, 0)


@pytest.mark.parametrize(
    "box",
    [
        (-10, -10, 15, 15),
        (35, 25, 50, 50),
        (100, 100, 5, 5),
        (np.nan, 0, 5, 5),
        (0, 0, np.inf, 5),
        (5, 5, 0, 0),
        (9, 9, -3, -3),
    ],
)
@pytest.mark.parametrize("text", [True, False])
def test_boxes_beyond_the_picture_do_no_harm(box: tuple[float, float, float, float], text: bool) -> None:
    job = VideoJob(JOB.path, 0, 0, draw_boxes=True, draw_text=text, border_width=3, text_size=10)
    where = canvas()
    draw(where, objects(box), job, ("thing",), None)
    assert where.y.shape == (30, 40)


def test_text_is_drawn_above_its_box_or_moved_inside() -> None:
    job = VideoJob(JOB.path, 0, 0, draw_boxes=False, draw_text=True, border_width=0, text_size=10)
    for box in ((10, 80, 30, 10), (150, 0, 30, 10)):
        where = canvas(200, 100)
        draw(where, objects(box), job, ("thing",), None)
        assert where.y.max() > 200
        assert np.argwhere(where.y > 0).max(axis=0)[0] <= max(box[1], text_mask("thing 0.50", 10).shape[0])


def test_a_drawn_run(world: World) -> None:
    out = world.root / "drawn.mp4"
    app = world.app(
        osd="enable=1\nborder-width=4\ndisplay-text=0",
        sink0=f"enable=1\ntype=3\ncodec=1\ncontainer=1\noutput-file={out}",
    )
    ran = world.run("-c", app)
    assert ran.status == 0, ran.err
    assert "encoded as VP9 in webm" in ran.err
    with av.open(str(out)) as file:
        stream = file.streams.video[0]
        frames = list(file.decode(stream))
    assert stream.codec_context.name == "vp9"
    assert "webm" in file.format.name
    assert len(frames) == len(world.kitti()) == 12
    red = frames[11].to_ndarray(format="rgb24")[13, 30].astype(int)
    assert red[0] > red[1] + 60
    inside = frames[11].to_ndarray(format="rgb24")[24, 32].astype(int)
    assert abs(inside[0] - inside[1]) < 25


def test_an_output_that_cannot_be_written(world: World) -> None:
    ran = world.run("-c", world.app(sink0="enable=1\ntype=3\noutput-file=/nowhere/x.webm"))
    assert ran.status == 255
    assert "Could not write video file" in ran.err


def test_one_encoder_only() -> None:
    """The specification forbids x264enc and openh264enc: neither name occurs in what the app runs."""
    assert video.ENCODER == "libvpx-vp9"
    for module in Path(osd.__file__).parents[1].rglob("*.py"):
        text = module.read_text().lower()
        assert "x264" not in text
        assert "openh264" not in text
