"""One decoded picture, from the decoder to the network input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from dsbench.embedded.native import Planes

Matrix = Literal["bt601", "bt709"]
Plane = npt.NDArray[np.uint8]


@dataclass(slots=True)
class YuvFrame:
    """A YUV 4:2:0 picture in three planes.

    ``y`` is (height, width); ``u`` and ``v`` are (ceil(height/2), ceil(width/2)). All are uint8 with unit stride along
    a row. Rows may be padded: the planes can be views of the decoder's buffers. ``matrix`` and ``full_range`` come from
    the decoder's tags (untagged: bt601, limited). ``index`` counts the frames of the source from 0.
    """

    y: Plane
    u: Plane
    v: Plane
    width: int
    height: int
    matrix: Matrix
    full_range: bool
    index: int


def planes_of(frame: YuvFrame) -> Planes:
    """Addresses and strides for the C++ host, valid as long as the frame. Raises ValueError for unsuitable planes."""
    half = (frame.height + 1) // 2, (frame.width + 1) // 2
    for plane, (rows, columns) in ((frame.y, (frame.height, frame.width)), (frame.u, half), (frame.v, half)):
        if plane.dtype != np.uint8 or plane.ndim != 2 or plane.strides[1] != 1:
            raise ValueError("a plane must be 2-D uint8 with unit stride along its rows")
        if plane.shape[0] < rows or plane.shape[1] < columns:
            raise ValueError(f"a plane of {plane.shape} is too small for a {frame.width}x{frame.height} frame")
    return Planes(
        *(frame.y.ctypes.data, frame.u.ctypes.data, frame.v.ctypes.data),
        *(frame.y.strides[0], frame.u.strides[0], frame.v.strides[0]),
    )
