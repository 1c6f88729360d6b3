"""Small RGB pictures of frames, to be looked at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsbench.embedded.nvinfer.preprocess import Preprocessor, PreprocessSettings, geometry
from dsbench.embedded.video.frame import YuvFrame
from dsbench.jobs.probe import PICTURE_WIDTH

_BILINEAR = 1


def small(frame: YuvFrame, width: int = PICTURE_WIDTH) -> npt.NDArray[np.uint8]:
    """The whole frame, (h, w, 3), ``width`` wide and of the frame's shape: means of four bilinear samples."""
    height = max(1, round(frame.height * width / frame.width))
    place = geometry(frame.width, frame.height, 2 * width, 2 * height)
    large = Preprocessor(place, PreprocessSettings(scaling_filter=_BILINEAR)).pixels(frame)
    blocks = large.reshape(3, height, 2, width, 2).astype(np.uint16)
    return np.ascontiguousarray((blocks.sum(axis=(2, 4)) + 2) // 4, np.uint8).transpose(1, 2, 0)
