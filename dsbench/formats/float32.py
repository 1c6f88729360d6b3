"""float32 arithmetic without NumPy: DeepStream stores boxes, thresholds and scale factors as C ``float``."""

from __future__ import annotations

import math
import struct

_FLOAT = struct.Struct("<f")
_LARGEST = (2 - 2**-24) * 2.0**127  # from here on rounding to nearest gives infinity


def float32(value: float) -> float:
    """The float32 nearest to ``value`` (ties to even), as a Python float; too large becomes infinite."""
    if abs(value) >= _LARGEST:
        return math.copysign(math.inf, value)
    result: float = _FLOAT.unpack(_FLOAT.pack(value))[0]
    return result


def percent_f(value: float) -> str:
    """``value`` as glibc's ``%f`` prints it: six decimals, ``inf``, ``nan``, and ``-nan`` when the sign bit
    is set.
    """
    if math.isnan(value):
        return "-nan" if math.copysign(1.0, value) < 0 else "nan"
    return f"{value:f}"
