"""One decoded picture as it travels from the decoder to the network input."""

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

    ``y`` is (height, width); ``u`` and ``v`` are (ceil(height/2), ceil(width/2)). All uint8 with unit stride
    along a row; rows may be padded (strided views of the decoder's own buffers are welcome, nothing copies
    them). ``matrix`` and ``full_range`` say how the decoder's tags are to be read (untagged: bt601, limited).
    ``index`` counts the frames delivered by this source from 0.
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
    """Addresses and strides for the C++ host, which trusts them: raises ValueError for planes of another kind.

    The addresses are valid as long as the frame is.
    """
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
