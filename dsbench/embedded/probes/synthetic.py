"""A picture to show a network where no video is given. It shows how the outputs are built, not what is detected."""

from __future__ import annotations

import numpy as np

from dsbench.embedded.probes import stem
from dsbench.embedded.video.frame import YuvFrame


def frame(width: int, height: int) -> YuvFrame:
    """One frame of the network's size with the contrast of a photograph."""
    luma, blue, red = stem.picture(3, height, width).astype(np.uint8)
    small = (slice(None, None, 2), slice(None, None, 2))
    return YuvFrame(
        y=np.ascontiguousarray(luma),
        u=np.ascontiguousarray(blue[small]),
        v=np.ascontiguousarray(red[small]),
        width=width,
        height=height,
        matrix="bt709",
        full_range=False,
        index=0,
    )
