"""6f's files: chosen frames, deleted files, valid videos, and the encoder."""

from __future__ import annotations

import base64
import io
import subprocess
from pathlib import Path

import av
import pytest
from PIL import Image

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import kitti
from dsbench.jobs import video as video_job
from dsbench.model.layout import ModelLayout
from dsbench.runtimes import visual
from tests.material import write_clip

PROHIBITED = ("x264enc", "openh264", "libx264", "x265", "h264_")


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([0] * 9, (0, 3, 6)),
        ([0, 0, 5, 6, 5, 0, 0, 3, 0, 0, 0, 1], (3, 7, 11)),
        ([9, 9, 9, 9, 1, 1, 1, 1, 1, 1, 1, 1], (0, 3, 6)),
        ([0] * 8 + [1, 2, 3, 4], (8, 10, 11)),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5], (0, 3, 11)),
        ([3, 2], (0, 1)),
        ([1], (0,)),
        ([], ()),
    ],
)
def test_the_fullest_frames_spread_out(counts: list[int], expected: tuple[int, ...]) -> None:
    assert visual.choose(counts) == expected


def test_only_what_an_older_check_left_is_deleted_and_never_through_a_link(tmp_path: Path) -> None:
    samples, outside = tmp_path / "samples", tmp_path / "outside.jpg"
    samples.mkdir()
    outside.write_text("precious")
    for name in ("frame_0001.jpg", "frame_12345.jpg", "net_output.webm"):
        (samples / name).write_text("old")
    (samples / "frame_0002.jpg").symlink_to(outside)
    kept = {"frame_1.jpg", "frame_0001.png", "my_frame_0001.jpg", "kitti.log"}
    for name in kept:
        (samples / name).write_text("mine")
    visual.clear(samples, samples / "net_output.webm")
    assert {path.name for path in samples.iterdir()} == kept
    assert outside.read_text() == "precious"


def test_nothing_is_deleted_through_a_linked_folder(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "frame_0001.jpg").write_text("mine")
    samples = ModelLayout.at("net", tmp_path).samples
    samples.parent.mkdir()
    samples.symlink_to(real)
    with pytest.raises(DsbenchError) as caught:
        visual.clear(samples, samples / "x.webm")
    assert caught.value.code == Code.NOT_WRITABLE
    assert (real / "frame_0001.jpg").exists()


@pytest.mark.parametrize("size", [None, 0])
def test_a_video_that_is_missing_or_empty_is_a_failure(tmp_path: Path, size: int | None) -> None:
    output = tmp_path / "net_output.webm"
    if size is not None:
        output.touch()
    with pytest.raises(DsbenchError, match="0 bytes" if size == 0 else "no video") as caught:
        visual.require_output(output)
    assert caught.value.code == Code.VISUAL_OUTPUT


def test_samples_are_the_chosen_frames_large_on_disk_and_small_inline(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "v.webm", frames=6, width=800, height=450, codec=visual_encoder())
    samples = visual.save_samples(video, [0, 3, 0, 0, 2, 0], lambda number: tmp_path / f"frame_{number:04d}.jpg")
    assert [(sample.frame, sample.objects) for sample in samples] == [(0, 0), (1, 3), (4, 2)]
    assert Image.open(tmp_path / "frame_0004.jpg").size == (800, 450)
    inline = Image.open(io.BytesIO(base64.b64decode(samples[0].jpeg_base64)))
    assert (inline.format, inline.size) == ("JPEG", (640, 360))


@pytest.mark.parametrize(("codec", "frames", "said"), [("mpeg4", 3, "is mpeg4, not vp9"), ("", 5, "has 3 frames, 5")])
def test_a_video_of_another_codec_or_cut_short_is_a_failure(tmp_path: Path, codec: str, frames: int, said: str) -> None:
    name = "v.mp4" if codec else "v.webm"
    video = write_clip(tmp_path / name, frames=3, codec=codec or visual_encoder())
    with pytest.raises(DsbenchError, match=said):
        visual.save_samples(video, [1] * frames, lambda number: tmp_path / f"frame_{number:04d}.jpg")


def test_a_file_that_is_no_video_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "v.webm").write_text("not a video")
    with pytest.raises(DsbenchError, match="cannot be read"):
        visual.save_samples(tmp_path / "v.webm", [1], lambda number: tmp_path / f"frame_{number:04d}.jpg")


def test_objects_are_counted_by_frame_number(tmp_path: Path) -> None:
    line = "car 0.0 0 0.0 1 2 3 4 0 0 0 0 0 0 0 0.5\n"
    for frame, objects in ((0, 2), (2, 1)):
        (tmp_path / kitti.file_name(0, 0, frame)).write_text(line * objects)
    assert visual.objects_per_frame(tmp_path) == (2, 0, 1)


def test_without_the_encoder_there_is_a_reason_and_no_other_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert visual.encoder_missing() is None
    monkeypatch.setattr(video_job, "ENCODER", "libvpx-of-nowhere")
    assert visual.encoder_missing() == "this build of FFmpeg has no libvpx-of-nowhere encoder"


def test_no_prohibited_encoder_is_named_anywhere_in_the_product(repository: Path) -> None:
    """The encoder is a constant; whatever a codec key asks for, nothing else can be opened."""
    done = subprocess.run(
        ["grep", "-rnIiE", "--include=*.py", "--include=*.j2", "|".join(PROHIBITED), "dsbench", "templates"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    opened = [
        line.strip()
        for path in (repository / "dsbench").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "add_stream(" in line
    ]
    assert sorted(opened) == [
        "stream = container.add_stream(ENCODER, rate=self._rate, options={**_REALTIME, **rate_control})",
        'stream: Any = container.add_stream("mpeg4", rate=30)',
        "stream: Any = container.add_stream(_ENCODER, rate=_RATE, options=_OPTIONS)",
        "stream: Any = self._container.add_stream(_ENCODER, rate=self._rate, options=dict(_ENCODER_OPTIONS))",
    ]


def visual_encoder() -> str:
    from dsbench.jobs.video import ENCODER

    assert av.codec.Codec(ENCODER, "w").name == "libvpx-vp9"
    return ENCODER
