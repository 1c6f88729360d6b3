"""``mean-file``: which pictures are read, nvinfer's words for others, and what is subtracted where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import DsbenchError
from dsbench.embedded.nvinfer import mean_image
from dsbench.embedded.nvinfer.preprocess import Preprocessor, PreprocessSettings, geometry
from tests.embedded.native_support import noise_frame


@pytest.mark.parametrize("header", [b"P6\n4 2\n255\n", b"P3 4 2 255 ", b"P6\t4\n2 max\n"])
def test_a_picture(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "mean.ppm"
    path.write_bytes(header + bytes(range(24)) + b"more")
    found = mean_image.read(path, 3, 2, 4)
    assert found.dtype == np.float32
    assert np.array_equal(found, np.arange(24, dtype=np.float32).reshape(2, 4, 3))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Magic PPM identifier check failed"),
        (b"P5 4 2 255 " + bytes(24), "Magic PPM identifier check failed"),
        (b"P6 2 4 255 " + bytes(24), "resolution(2 x 4) and network resolution(4 x 2)"),
        (b"P6 4 2 255 " + bytes(23), "Failed to read sufficient bytes from mean file"),
    ],
)
def test_pictures_that_are_refused(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "mean.ppm"
    path.write_bytes(data)
    with pytest.raises(DsbenchError) as caught:
        mean_image.read(path, 3, 2, 4)
    assert said in caught.value.what


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("color", [0, 1])
@pytest.mark.parametrize("scale", [0.5, -1.0])
def test_it_is_subtracted_by_output_channel(order: int, color: int, scale: float) -> None:
    frame = noise_frame(32, 20)
    where = geometry(32, 20, 16, 16, True)
    mean = np.random.default_rng(1).integers(0, 256, (16, 16, 3)).astype(np.float32)
    unit = Preprocessor(
        where,
        PreprocessSettings(
            color_format=color, net_scale_factor=scale, offsets=(1.0, 2.0, 3.0), input_order=order, mean_image=mean
        ),
    )
    out = np.empty(unit.shape, np.float32)
    unit.write(frame, out)
    pixels = unit.pixels(frame).astype(np.float32).transpose(1, 2, 0)
    expected = np.float32(scale if scale > 0 else 1.0) * (pixels - mean)
    assert np.array_equal(out if order == 1 else out.transpose(1, 2, 0), expected)
