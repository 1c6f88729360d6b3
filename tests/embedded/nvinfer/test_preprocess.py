"""Geometry and pixels: exact against a NumPy statement of the rules, and against recorded network inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.nvinfer.preprocess import Geometry, Preprocessor, PreprocessSettings, geometry
from dsbench.embedded.video.decode import open_source
from dsbench.embedded.video.frame import YuvFrame
from tests.embedded.native_support import noise_frame

F = np.float32


def nearest(plane: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    picked: np.ndarray = plane[np.floor(rows).astype(int)][:, np.floor(columns).astype(int)]
    return picked


def bilinear(plane: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A texture unit: half a sample back, fractions in 1/256, the product of two fractions rounded again."""

    def taps(at: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = at - F(0.5)
        base = np.floor(x)
        weight = np.floor((x - base) * F(256) + F(0.5)).astype(int)
        return np.clip(base, 0, size - 1).astype(int), np.clip(base + 1, 0, size - 1).astype(int), weight

    top, bottom, b = taps(rows, plane.shape[0])
    left, right, a = taps(columns, plane.shape[1])
    values, b = plane.astype(int), b[:, None]
    both = (a * b + 128) >> 8
    total = values[top][:, left] * (256 - a - b + both) + values[top][:, right] * (a - both)
    total += values[bottom][:, left] * (b - both) + values[bottom][:, right] * both
    result: np.ndarray = total >> 8
    return result


def rgb_reference(frame: YuvFrame, placed: Geometry, *, smooth: bool = False) -> np.ndarray:
    """(3, write_h, write_w) RGB, whole numbers."""
    pick = bilinear if smooth else nearest
    step_x, step_y = F(placed.source_w) / F(placed.dest_w), F(placed.source_h) / F(placed.dest_h)
    i, j = np.arange(placed.write_h), np.arange(placed.write_w)
    luma = pick(frame.y[: placed.source_h, : placed.source_w], i.astype(F) * step_y, j.astype(F) * step_x)
    half = placed.source_h // 2, placed.source_w // 2
    at = (i // 2).astype(F) * step_y, (j // 2).astype(F) * step_x
    u, v = (pick(plane[: half[0], : half[1]], *at).astype(F) - F(128) for plane in (frame.u, frame.v))
    kr, kb = (0.2126, 0.0722) if frame.matrix == "bt709" else (0.299, 0.114)
    whole = 255.984375 / 255  # of full range: 255 becomes the last 1/64 before 256
    gain, swing, black = (whole, whole, 0) if frame.full_range else (255 / 219, 255 / 224, 16)
    y = (luma.astype(F) - F(black)) * F(gain)
    vr, ub = swing * 2 * (1 - kr), swing * 2 * (1 - kb)
    kg = 1 - kr - kb
    green = (y - F(ub * kb / kg) * u) - F(vr * kr / kg) * v
    return np.trunc(np.clip([y + F(vr) * v, green, y + F(ub) * u], 0, 255))


def placed_picture(placed: Geometry, inner: np.ndarray) -> np.ndarray:
    full = np.zeros((len(inner), placed.net_h, placed.net_w))
    top, left = placed.offset_top, placed.offset_left
    full[:, top : top + placed.write_h, left : left + placed.write_w] = inner
    return full


GEOMETRIES = [
    ((1280, 720), (512, 288), True, False),
    ((1280, 720), (416, 416), True, False),
    ((960, 544), (416, 416), True, False),
    ((960, 544), (416, 416), True, True),
    ((300, 500), (416, 416), True, True),
    ((641, 361), (416, 320), False, False),
    ((640, 480), (640, 480), False, False),
    ((64, 48), (100, 120), True, True),
]


@pytest.mark.parametrize(("surface", "net", "keep", "split"), GEOMETRIES)
@pytest.mark.parametrize("scaling_filter", [6, 1])
def test_pixels_follow_the_rules(
    surface: tuple[int, int], net: tuple[int, int], keep: bool, split: bool, scaling_filter: int
) -> None:
    placed = geometry(*surface, *net, keep, split)
    for matrix, full_range in (("bt601", False), ("bt709", False), ("bt601", True), ("bt709", True)):
        frame = noise_frame(*surface, matrix=matrix, full_range=full_range, pad=5)
        found = Preprocessor(placed, PreprocessSettings(scaling_filter=scaling_filter)).pixels(frame)
        inner = rgb_reference(frame, placed, smooth=scaling_filter == 1)
        assert np.array_equal(found, placed_picture(placed, inner))


@pytest.mark.parametrize("input_order", [0, 1])
@pytest.mark.parametrize("color_format", [0, 1, 2])
def test_tensor_is_a_table_of_256_values_of_the_pixels(input_order: int, color_format: int) -> None:
    placed = geometry(640, 360, 416, 416, True, True)
    channels = 1 if color_format == 2 else 3
    offsets, scale = (103.53, 116.28, 123.675)[:channels], 0.0173520735728
    frame = noise_frame(640, 360)
    unit = Preprocessor(
        placed,
        PreprocessSettings(color_format=color_format, net_scale_factor=scale, offsets=offsets, input_order=input_order),
    )
    pixels = unit.pixels(frame)
    table = F(scale) * (np.arange(256, dtype=F) - np.array(offsets, F)[:, None])
    expected = np.stack([table[channel][plane] for channel, plane in enumerate(pixels)])
    out = np.full(unit.shape, np.nan, F)
    unit.write(frame, out)
    assert np.array_equal(out.transpose(2, 0, 1) if input_order else out, expected)


def test_bgr_is_rgb_reversed_and_gray_is_luma() -> None:
    placed, frame = geometry(640, 360, 320, 180), noise_frame(640, 360)
    red_first, blue_first, gray = (
        Preprocessor(placed, PreprocessSettings(color_format=c)).pixels(frame) for c in (0, 1, 2)
    )
    assert np.array_equal(red_first, blue_first[::-1])
    assert np.array_equal(gray[0], frame.y[::2, ::2])


def test_a_scale_of_zero_or_less_means_one_and_drops_the_offsets() -> None:
    placed, frame = geometry(64, 64, 32, 32), noise_frame(64, 64)
    unit = Preprocessor(placed, PreprocessSettings(net_scale_factor=0.0, offsets=(1.0, 2.0, 3.0)))
    out = np.empty((3, 32, 32), F)
    unit.write(frame, out)
    assert np.array_equal(out, unit.pixels(frame))


def test_wrong_number_of_offsets_has_deepstreams_words() -> None:
    with pytest.raises(DsbenchError, match=r"Preprocessor set scale and offsets failed\."):
        Preprocessor(geometry(64, 64, 32, 32), PreprocessSettings(offsets=(1.0,)))


@pytest.mark.parametrize(
    ("scaling_filter", "same_as", "warns"),
    [(0, 6, False), (5, 6, False), (2, 1, True), (3, 1, True), (4, 1, True)],
)
def test_other_filters_and_whether_they_say_so(scaling_filter: int, same_as: int, warns: bool) -> None:
    placed, frame = geometry(640, 360, 200, 200), noise_frame(640, 360)
    unit = Preprocessor(placed, PreprocessSettings(scaling_filter=scaling_filter))
    assert np.array_equal(
        unit.pixels(frame), Preprocessor(placed, PreprocessSettings(scaling_filter=same_as)).pixels(frame)
    )
    assert bool(unit.warning) is warns
    if warns:
        assert f"scaling-filter={scaling_filter}" in unit.warning


@pytest.mark.parametrize(
    ("arguments", "dest", "write", "offset"),
    [
        ((1280, 720, 640, 640, True, True), (640, 360), (640, 360), (0, 140)),
        ((960, 544, 416, 416, True, False), (416, 235), (416, 234), (0, 0)),
        ((960, 544, 416, 416, True, True), (416, 235), (416, 234), (0, 90)),
        ((320, 180, 416, 416, True, True), (416, 234), (416, 234), (0, 91)),
        ((640, 480, 416, 416, True, True), (416, 312), (416, 312), (0, 52)),
        ((720, 1280, 416, 416, True, True), (234, 416), (234, 416), (91, 0)),
        ((641, 361, 416, 416, False, True), (416, 416), (416, 416), (0, 0)),
    ],
)
def test_geometry(
    arguments: tuple[int, int, int, int, bool, bool],
    dest: tuple[int, int],
    write: tuple[int, int],
    offset: tuple[int, int],
) -> None:
    placed = geometry(*arguments)
    assert (placed.dest_w, placed.dest_h) == dest
    assert (placed.write_w, placed.write_h) == write
    assert (placed.offset_left, placed.offset_top) == offset
    assert placed.ratio_x == dest[0] / (arguments[0] // 2 * 2)
    assert placed.ratio_y == dest[1] / (arguments[1] // 2 * 2)


@pytest.mark.parametrize("size", [(1, 720), (1280, 1), (0, 0), (4000, 2)])
def test_a_frame_that_leaves_no_pixel(size: tuple[int, int]) -> None:
    with pytest.raises(DsbenchError) as caught:
        geometry(*size, 416, 416, True)
    assert caught.value.code is Code.FRAME_UNSUPPORTED


def test_a_frame_of_another_size_and_planes_of_another_kind_are_refused() -> None:
    unit = Preprocessor(geometry(64, 64, 32, 32))
    with pytest.raises(DsbenchError, match="64x62 came where 64x64") as caught:
        unit.pixels(noise_frame(64, 62))
    assert caught.value.code is Code.FRAME_UNSUPPORTED
    frame = noise_frame(64, 64)
    frame.u = frame.u[:, ::2]
    with pytest.raises(ValueError, match="unit stride"):
        unit.pixels(frame)
    frame.u = frame.v[:20]
    with pytest.raises(ValueError, match="too small"):
        unit.pixels(frame)
    with pytest.raises(ValueError, match="C-contiguous"):
        unit.write(noise_frame(64, 64), np.empty((3, 32, 64), F)[:, :, ::2])


RECORDED = [
    ("n416_untag_rgb", "n416_untag", (True, False), 0, 6),
    ("n416_601_bgr", "n416_601", (True, False), 1, 6),
    ("n720_untag_mar0", "n720_untag", (False, False), 1, 6),
    ("n720_untag_mar1", "n720_untag", (True, False), 1, 6),
    ("n320x180_mar0", "n320x180", (False, False), 1, 6),
    ("n320x180_mar1", "n320x180", (True, False), 1, 6),
    ("n640x480_mar1sym1", "n640x480", (True, True), 1, 6),
    ("n640x480_mar0_bilin", "n640x480", (False, False), 1, 1),
    ("n720_untag_mar1_bilin", "n720_untag", (True, False), 1, 1),
]


def first_frame(video: Path) -> YuvFrame:
    import av

    with av.open(str(video)) as container:
        picture = next(container.decode(video=0))
    planes = [
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in picture.planes
    ]
    return YuvFrame(*planes, picture.width, picture.height, "bt601", False, 0)


@pytest.mark.parametrize(("case", "video", "padding", "color_format", "scaling_filter"), RECORDED)
def test_network_input_equals_the_recorded_one(
    shared: Path, case: str, video: str, padding: tuple[bool, bool], color_format: int, scaling_filter: int
) -> None:
    frame = first_frame(shared / "gold" / "videos" / f"{video}.mp4")
    placed = geometry(frame.width, frame.height, 416, 416, *padding)
    unit = Preprocessor(placed, PreprocessSettings(color_format=color_format, scaling_filter=scaling_filter))
    recorded = np.load(shared / "gold" / "tensors" / f"{case}.npz")["tensor"][0]
    assert np.array_equal(unit.pixels(frame), recorded)


def test_normalised_network_input_equals_the_recorded_one(shared: Path) -> None:
    frame = first_frame(shared / "gold" / "videos" / "n416_untag.mp4")
    unit = Preprocessor(
        geometry(416, 416, 416, 416, True),
        PreprocessSettings(color_format=1, net_scale_factor=0.0173520735728, offsets=(103.53, 116.28, 123.675)),
    )
    out = np.empty(unit.shape, F)
    unit.write(frame, out)
    recorded = np.load(shared / "gold" / "tensors" / "n416_untag_bgr_off.npz")["tensor"][0]
    assert np.array_equal(out, recorded)


@pytest.mark.parametrize(
    ("name", "clip", "symmetric"),
    [
        ("n416_709full_bgr", "gold-more/n416_709full.mp4", False),
        ("aslbook_mar1sym1", "data/videos/asl-book.mkv", True),
    ],
)
def test_full_range_is_bit_equal_with_recordings(name: str, clip: str, symmetric: bool, shared: Path) -> None:
    recording = shared / "gold-more" / f"{name}.npz"
    if not recording.is_file():
        pytest.skip("the recording is not there")
    frame = next(open_source(shared / clip))
    placed = geometry(frame.width, frame.height, 416, 416, True, symmetric)
    pixels = Preprocessor(placed, PreprocessSettings(color_format=1)).pixels(frame)
    with np.load(recording) as file:
        assert np.array_equal(pixels, file["tensor"].reshape(pixels.shape))
