"""float32 rounding and C's %f."""

from __future__ import annotations

import math
import struct

import pytest

from dsbench.formats.float32 import float32, percent_f


@pytest.mark.parametrize("value", [0.1, 1 / 3, 16777217.0, -1e-50, 3.4028234e38, 1e39, -1e300, math.inf, 0.0])
def test_float32_is_what_c_stores(value: float) -> None:
    stored = float32(value)
    assert stored == float32(stored)
    if abs(value) < 3.4e38:
        assert stored == struct.unpack("f", struct.pack("f", value))[0]
    elif math.isfinite(value) and abs(value) > 3.5e38:
        assert stored == math.copysign(math.inf, value)


def test_the_largest_float32_is_rounded_to_not_over() -> None:
    largest = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
    assert float32(largest) == largest
    assert float32(math.nextafter(largest + 2.0**103, 0)) == largest
    assert float32(largest + 2.0**103) == math.inf  # halfway rounds to even, which is infinity


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.500000"),
        (-0.0, "-0.000000"),
        (2.0**60, "1152921504606846976.000000"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (-math.nan, "-nan"),
    ],
)
def test_percent_f(value: float, text: str) -> None:
    assert percent_f(value) == text
    assert percent_f(float32(value)) == text
