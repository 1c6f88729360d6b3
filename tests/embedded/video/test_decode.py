"""Decoding: how many frames, which planes, which colour tags; what a broken file does."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.video.decode import Dropping, open_source, uri_path
from tests.embedded.app_support import write_clip


def test_every_frame_in_order(tmp_path: Path) -> None:
    frames = list(open_source(write_clip(tmp_path / "clip.mp4")))
    assert [frame.index for frame in frames] == list(range(12))
    brightness = [int(frame.y.mean()) for frame in frames]
    assert brightness == sorted(brightness)
    assert len(set(brightness)) == 12


def test_frames_outlive_the_source(tmp_path: Path) -> None:
    source = open_source(write_clip(tmp_path / "clip.mp4", size=(66, 50)))
    first = next(source)
    copy = first.y.copy()
    list(source)
    source.close()
    assert np.array_equal(first.y, copy)
    assert first.y.shape == (50, 66)
    assert first.u.shape == first.v.shape == (25, 33)


def test_odd_sizes_keep_the_last_chroma_sample(tmp_path: Path) -> None:
    frame = next(open_source(write_clip(tmp_path / "clip.mkv", size=(65, 49), codec="ffv1")))
    assert frame.y.shape == (49, 65)
    assert frame.u.shape == (25, 33)


def test_a_loop_goes_on_counting(tmp_path: Path) -> None:
    source = open_source(write_clip(tmp_path / "clip.mp4", frames=5), file_loop=True)
    frames = [next(source) for _ in range(23)]
    assert [frame.index for frame in frames] == list(range(23))
    assert np.array_equal(frames[3].y, frames[18].y)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_nothing(tmp_path: Path, threads: int) -> None:
    clip = write_clip(tmp_path / "clip.mp4", codec="libx264", frames=30)
    assert [frame.index for frame in open_source(clip, threads=threads)] == list(range(30))


@pytest.mark.parametrize(
    ("tags", "matrix", "full_range"),
    [
        ({}, "bt601", False),
        ({"colorspace": 1}, "bt709", False),
        ({"colorspace": 6, "color_range": 2}, "bt601", True),
        ({"colorspace": 5}, "bt601", False),
        ({"pix_fmt": "yuvj420p"}, "bt601", True),
    ],
)
def test_colour_tags(tmp_path: Path, tags: dict[str, int | str], matrix: str, full_range: bool) -> None:
    frame = next(open_source(write_clip(tmp_path / "clip.mp4", codec="libx264", frames=2, **tags)))
    assert (frame.matrix, frame.full_range) == (matrix, full_range)


@pytest.mark.parametrize("pix_fmt", ["yuv444p", "yuv420p10le", "yuv422p"])
def test_other_formats_are_converted_and_named_once(tmp_path: Path, pix_fmt: str) -> None:
    said: list[str] = []
    clip = write_clip(tmp_path / "clip.mkv", codec="ffv1", pix_fmt=pix_fmt)
    frames = list(open_source(clip, warn=said.append))
    assert len(frames) == 12
    assert frames[0].u.shape == (24, 32)
    assert len(said) == 1
    assert pix_fmt in said[0]


def test_bt2020_is_refused(tmp_path: Path) -> None:
    source = open_source(write_clip(tmp_path / "clip.mp4", codec="libx264", colorspace=9))
    with pytest.raises(DsbenchError, match="NvBufSurfTransform failed with error -1") as caught:
        next(source)
    assert caught.value.code is Code.SOURCE_COLOR


def test_damaged_packets_are_passed_over(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", codec="libx264", frames=60)
    data = bytearray(clip.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    clip.write_bytes(data)
    assert 0 < len(list(open_source(clip))) <= 60


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", Code.VIDEO_UNREADABLE), (b"plain text\n" * 50, Code.SOURCE_UNSUPPORTED), (None, Code.VIDEO_MISSING)],
)
def test_what_is_no_video(tmp_path: Path, content: bytes | None, code: Code) -> None:
    path = tmp_path / "video.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DsbenchError) as caught:
        open_source(path)
    assert caught.value.code is code


def test_audio_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mka"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(DsbenchError, match="no video stream"):
        open_source(path)


@pytest.mark.parametrize(
    ("uri", "path"),
    [("file:///a/b%20c.mp4", "/a/b c.mp4"), ("file:///a/b#c?d.mp4", "/a/b#c?d.mp4"), ("/a/b%20c.mp4", "/a/b%20c.mp4")],
)
def test_uris(uri: str, path: str) -> None:
    assert uri_path(uri) == Path(path)


def test_names_that_look_like_something_else(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    odd = clip.rename(tmp_path / "concat:-i ü.mp4")
    assert len(list(open_source(f"file://{odd}"))) == 12


def test_a_recorded_clip_with_an_edit_list_has_its_preroll_frame(shared: Path) -> None:
    source = open_source(shared / "gold" / "videos" / "walk120.mp4")
    assert sum(1 for _ in source) == 121
    assert source.frame_period == pytest.approx(1 / 25, abs=0.01)


@pytest.mark.parametrize(("interval", "kept"), [(0, 12), (1, 12), (5, 3)])
def test_every_nth_frame(tmp_path: Path, interval: int, kept: int) -> None:
    """The decoder delivers frame 0, n, 2n, ...; numbers count what is delivered."""
    clip = write_clip(tmp_path / "clip.mp4")
    everything = [int(frame.y.mean()) for frame in open_source(clip)]
    source = open_source(clip, dropping=Dropping(interval))
    found = list(source)
    assert [frame.index for frame in found] == list(range(kept))
    assert [int(frame.y.mean()) for frame in found] == everything[:: max(1, interval)]
    assert source.frame_period == pytest.approx(max(1, interval) / 25)


def test_dropped_frames_do_not_end_a_loop(tmp_path: Path) -> None:
    source = open_source(write_clip(tmp_path / "clip.mp4"), file_loop=True, dropping=Dropping(100))
    assert [next(source).index for _ in range(3)] == [0, 1, 2]


def test_key_frames_only(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=30, codec="libx264")
    assert 0 < len(list(open_source(clip, dropping=Dropping(intra_decode=True)))) < 10
