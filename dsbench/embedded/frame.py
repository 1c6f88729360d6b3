"""One decoded picture as it travels from the decoder to the network input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

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
