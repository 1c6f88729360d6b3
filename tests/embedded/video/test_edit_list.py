"""MP4 edit lists: which frames come. GStreamer 1.22 (qtdemux, avdec_h264) plays the same frames of these files."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from dsbench.embedded.video import edit_list
from dsbench.embedded.video.decode import open_source

FRAMES, RATE = 40, 25
TICKS = 512
"""Of the media's clock, 12800 a second, for each frame; the film's clock has 1000."""
DELAY = 2
"""Frames by which the first one is shown late: the film's frame n is shown at (n + DELAY) * TICKS."""
ALL = tuple(range(FRAMES))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of growing brightness; a key frame every 10 frames, two B frames between the others."""
    path = tmp_path_factory.mktemp("edits") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        stream.options = {"bf": "2", "g": "10", "keyint_min": "10", "sc_threshold": "0", "b-adapt": "0", "qp": "4"}
        for i in range(FRAMES):
            picture = np.full((48, 32), 128, np.uint8)
            picture[:32] = 20 + 5 * i
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "yuv420p")))
        container.mux(stream.encode())
    return path


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + size]
        at += size


def listed(edits: list[tuple[int, int]], version: int = 0) -> bytes:
    """An edit list of durations in the film's clock and media times; -1 is an empty edit."""
    layout = ">qqI" if version else ">IiI"
    rows = b"".join(struct.pack(layout, length, media, 1 << 16) for length, media in edits)
    return box(b"edts", box(b"elst", struct.pack(">II", version << 24, len(edits)) + rows))


def with_edits(clip: Path, edts: bytes) -> Path:
    """The clip with another edit list. Its moov box is the last, so nothing moves."""

    def edited(kind: bytes, body: bytes) -> bytes:
        if kind == b"trak":
            inner = [(name, part) for name, part in boxes(body) if name != b"edts"]
            return b"".join(box(name, part) + (edts if name == b"tkhd" else b"") for name, part in inner)
        return b"".join(box(name, edited(name, part)) for name, part in boxes(body)) if kind == b"moov" else body

    target = clip.with_name("edited.mp4")
    target.write_bytes(b"".join(box(kind, edited(kind, body)) for kind, body in boxes(clip.read_bytes())))
    return target


def shown(path: Path, *, count: int | None = None) -> tuple[int, ...]:
    """Numbers of the frames that come; the first ``count`` of a loop."""
    source = open_source(path, file_loop=count is not None)
    frames = source if count is None else (next(source) for _ in range(count))
    return tuple(round((float(frame.y.mean()) - 20) / 5) for frame in frames)


def at(frame: float) -> int:
    """Media time of a frame's beginning."""
    return int((frame + DELAY) * TICKS)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([(1600, at(0))], ALL),
        ([(1600, at(7))], ALL[7:]),
        ([(1600, at(7.25))], ALL[7:]),
        ([(1600, at(6.99))], ALL[6:]),
        ([(320, at(7))], ALL[7:15]),
        ([(321, at(7))], ALL[7:16]),
        ([(1, at(12.5))], (12,)),
        ([(400, at(20))], ALL[20:30]),
        ([(0, at(33))], ALL[33:]),
        ([(0, at(33)), (400, at(0))], ALL[33:]),
        ([(500, -1), (1000, at(5))], ALL[5:30]),
        ([(500, -1)], ()),
        ([(400, at(0)), (400, at(20))], (*ALL[:10], *ALL[20:30])),
        ([(400, at(20)), (400, at(0))], (*ALL[20:30], *ALL[:10])),
        ([(400, at(3)), (200, -1), (400, at(3))], ALL[3:13] * 2),
        ([(200, at(5)), (200, at(10)), (200, at(15))], ALL[5:20]),
        ([], ALL[:38]),
    ],
)
@pytest.mark.parametrize("version", [0, 1])
def test_which_frames_come(edits: list[tuple[int, int]], version: int, expected: tuple[int, ...], clip: Path) -> None:
    assert shown(with_edits(clip, listed(edits, version))) == expected


@pytest.mark.parametrize(
    "edts",
    [
        box(b"edts", b""),
        box(b"edts", box(b"elst", struct.pack(">II", 0, 7))),
        box(b"edts", box(b"elst", struct.pack(">II", 0, 0xFFFFFFFF) + bytes(12))),
    ],
)
def test_a_list_that_cannot_be_read_is_ignored(edts: bytes, clip: Path) -> None:
    assert shown(with_edits(clip, edts)) == shown(with_edits(clip, b"")) == ALL[:38]


def test_a_loop_begins_at_the_key_frame(clip: Path) -> None:
    """deepstream-app keeps the edit's bounds from the decoder: what is read is shown, from the key frame on."""
    path = with_edits(clip, listed([(200, at(13))]))
    assert shown(path) == ALL[13:18]
    looped = shown(path, count=20)
    assert looped[:10] == looped[10:] == ALL[10:20]


@pytest.mark.parametrize("cut", [9, 40, 300, 600])
def test_a_damaged_file_has_no_list(cut: int, clip: Path) -> None:
    path = clip.with_name("cut.mp4")
    moov = next(body for kind, body in boxes(clip.read_bytes()) if kind == b"moov")
    path.write_bytes(box(b"moov", moov)[:cut])
    assert edit_list.read(path, 1) is None
    path.write_bytes(box(b"moov", moov[:cut]))
    assert edit_list.read(path, 1) is None


def test_other_files_have_no_list(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "text").write_text("no film at all")
    assert edit_list.read(tmp_path / "text", 1) is None
    assert edit_list.read(tmp_path, 1) is None
    assert edit_list.read(clip, 2) is None
