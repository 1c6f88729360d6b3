"""What a clip's container shows before any step runs."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from dsbench.model import video
from tests.material import write_clip


def index_first(clip: Path, to: Path) -> Path:
    """The same stream with the index at the front of the file."""
    with av.open(str(clip)) as source, av.open(str(to), "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return to


@pytest.mark.parametrize(
    ("name", "sign"), [("clip.mp4", "lie behind its end"), ("clip.mkv", "its container announces")]
)
def test_a_file_that_was_cut_off_shows_it(tmp_path: Path, name: str, sign: str) -> None:
    clip = index_first(write_clip(tmp_path / f"made-{name}", frames=30), tmp_path / name)
    assert video.inspect(clip).cut == ""
    whole = clip.read_bytes()
    short = tmp_path / f"cut-{name}"
    short.write_bytes(whole[: len(whole) * 3 // 4])
    assert sign in video.inspect(short).cut
