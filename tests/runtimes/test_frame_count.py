"""Frames are counted as they are shown: duplicates of Theora count, hidden ones do not, broken files are errors."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.runtimes import frame_count
from tests.material import write_clip


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "with %20 blank?#.mp4"])
def test_both_counts_agree_on_an_intact_file(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / name, frames=13)
    assert frame_count.count(clip) == frame_count.count(clip, decode=True) == 13


def test_pictures_that_theora_repeats_count(gstreamer: str, tmp_path: Path) -> None:
    black = ("videotestsrc", "pattern=black", "num-buffers=30")
    ogg = ("theoraenc", "quality=48", "!", "oggmux", "!", "filesink", f"location={tmp_path / 'v.ogv'}")
    subprocess.run([gstreamer, *black, "!", *ogg], capture_output=True, timeout=60, check=True)
    assert frame_count.count(tmp_path / "v.ogv") == 30


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_a_file_that_is_no_video_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.mp4").write_bytes(content)
    with pytest.raises(DsbenchError, match=r"cannot be counted: .*Invalid data") as caught:
        frame_count.count(tmp_path / "v.mp4")
    assert caught.value.code == Code.VIDEO_UNREADABLE
