"""Scaling to streammux size, against bilinear interpolation written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.video.mux import MuxScaler
from tests.embedded.native_support import noise_frame


def reference(plane: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Half-pixel centres, edges repeated, in double."""

    def taps(source: int, dest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = np.clip((np.arange(dest) + 0.5) * source / dest - 0.5, 0, source - 1)
        lo = np.floor(x).astype(int)
        return lo, np.minimum(lo + 1, source - 1), x - lo

    top, bottom, b = taps(plane.shape[0], rows)
    left, right, a = taps(plane.shape[1], columns)
    wide = plane[:, left] * (1 - a) + plane[:, right] * a
    result: np.ndarray = wide[top] * (1 - b[:, None]) + wide[bottom] * b[:, None]
    return result


SIZES = [
    ((640, 360), (1280, 720)),
    ((1920, 1080), (1280, 720)),
    ((320, 720), (1280, 360)),
    ((641, 361), (1280, 720)),
    ((64, 48), (101, 57)),
    ((2, 2), (16, 16)),
    ((1, 1), (4, 4)),
]


@pytest.mark.parametrize(("source", "dest"), SIZES)
def test_every_plane_is_interpolated(source: tuple[int, int], dest: tuple[int, int]) -> None:
    frame = noise_frame(*source, pad=7)
    scaled = MuxScaler(*dest).scale(frame)
    assert (scaled.width, scaled.height, scaled.matrix) == (*dest, frame.matrix)
    half = (dest[1] + 1) // 2, (dest[0] + 1) // 2
    for plane, original, size in (
        (scaled.y, frame.y, (dest[1], dest[0])),
        (scaled.u, frame.u, half),
        (scaled.v, frame.v, half),
    ):
        assert plane.shape == size
        # 8-bit weights: at most 255/512 per axis beside the rounding
        assert np.abs(plane - reference(original, *size)).max() <= 1.5


def test_a_frame_of_the_right_size_is_passed_on_untouched() -> None:
    frame = noise_frame(1280, 720)
    assert MuxScaler(1280, 720).scale(frame) is frame


def test_a_plain_picture_stays_plain() -> None:
    frame = noise_frame(64, 48)
    frame.y[:], frame.u[:], frame.v[:] = 235, 1, 255
    scaled = MuxScaler(99, 77).scale(frame)
    assert (scaled.y == 235).all()
    assert (scaled.u == 1).all()
    assert (scaled.v == 255).all()


@pytest.mark.parametrize(
    ("source", "picture"), [((640, 480), (960, 720)), ((640, 180), (1280, 360)), ((640, 360), (1280, 720))]
)
def test_padding_keeps_the_aspect_ratio(source: tuple[int, int], picture: tuple[int, int]) -> None:
    frame = noise_frame(*source)
    scaled = MuxScaler(1280, 720, enable_padding=True).scale(frame)
    columns, rows = picture
    assert np.array_equal(scaled.y[:rows, :columns], MuxScaler(*picture).scale(frame).y)
    assert (scaled.y[rows:] == 16).all()
    assert (scaled.y[:, columns:] == 16).all()
    assert (scaled.u[rows // 2 :] == 128).all()
    assert (scaled.v[:, columns // 2 :] == 128).all()


def test_padding_of_a_full_range_frame_is_black_too() -> None:
    scaled = MuxScaler(64, 64, enable_padding=True).scale(noise_frame(64, 32, full_range=True))
    assert scaled.full_range
    assert (scaled.y[32:] == 0).all()


def test_sizes_may_change_from_frame_to_frame() -> None:
    mux = MuxScaler(128, 72)
    assert all(mux.scale(noise_frame(*size)).y.shape == (72, 128) for size in [(64, 36), (32, 32), (64, 36)])


def test_a_size_must_be_given() -> None:
    with pytest.raises(DsbenchError) as caught:
        MuxScaler(0, 720)
    assert caught.value.code is Code.CONFIG_VALUE_INVALID
