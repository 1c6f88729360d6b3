"""Clips cut from a video: their length, that they differ as planned, and what cannot be cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.video.decode import open_source
from dsbench.steps import stream_clips
from tests.material import write_clip


def luma(path: Path) -> list[np.ndarray]:
    return [np.array(frame.y, np.int16) for frame in open_source(path)]


@pytest.mark.parametrize(("available", "length"), [(100, 8), (8, 8), (3, 3), (0, 1)])
def test_all_clips_have_one_length_and_fit(available: int, length: int) -> None:
    plans = stream_clips.plan(4, range(50, 50 + available), 8)
    assert {one.frames for one in plans} == {length}
    assert all(50 <= one.first <= one.first + one.frames <= 50 + max(1, available) for one in plans)
    assert len({(one.first, one.mirrored, one.shift) for one in plans}) == 4


@pytest.mark.parametrize(("width", "height"), [(320, 180), (322, 182)])
def test_clips_show_what_was_planned(tmp_path: Path, width: int, height: int) -> None:
    video = write_clip(tmp_path / "a clip.mp4", frames=12, width=width, height=height)
    plans = stream_clips.plan(4, range(12), 4)
    paths = stream_clips.write(video, tmp_path / "clips", plans)
    assert [path.name for path in paths] == [f"stream_{number}.mp4" for number in range(4)]
    source = luma(video)
    for path, plan in zip(paths, plans, strict=True):
        frames = luma(path)
        assert len(frames) == 4
        for number, frame in enumerate(frames):
            wanted = source[plan.first + number]
            wanted = wanted[:, ::-1] if plan.mirrored else wanted
            wanted = np.roll(wanted, round(width * plan.shift / 2) * 2, axis=1)
            assert np.abs(frame - wanted).mean() < 6, (path.name, number)


def test_tags_of_the_video_are_kept(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=2)
    first = next(iter(open_source(video)))
    path = stream_clips.write(video, tmp_path, stream_clips.plan(1, range(2), 2))[0]
    again = next(iter(open_source(path)))
    assert (again.matrix, again.full_range) == (first.matrix, first.full_range)


def test_a_video_that_ends_too_early(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=3)
    with pytest.raises(DsbenchError) as caught:
        stream_clips.write(video, tmp_path, stream_clips.plan(2, range(9), 4))
    assert caught.value.code == Code.VIDEO_UNREADABLE
    assert "3 frames of the video can be decoded here, 9 were dumped" in caught.value.what


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=3)
    (tmp_path / "taken").write_text("")
    with pytest.raises(DsbenchError) as caught:
        stream_clips.write(video, tmp_path / "taken", stream_clips.plan(2, range(3), 2))
    assert caught.value.code == Code.NOT_WRITABLE
