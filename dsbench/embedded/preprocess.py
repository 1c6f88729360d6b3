"""nvinfer's preprocessing of a full frame: geometry, pixels and the network tensor (semantics d1 to d3, l)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsbench.embedded.frame import YuvFrame


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a ``surface_w`` x ``surface_h`` frame is placed in a ``net_w`` x ``net_h`` network input."""

    surface_w: int
    surface_h: int
    net_w: int
    net_h: int
    source_w: int
    source_h: int
    dest_w: int
    dest_h: int
    write_w: int
    write_h: int
    offset_left: int
    offset_top: int
    ratio_x: float
    ratio_y: float


def geometry(
    surface_w: int,
    surface_h: int,
    net_w: int,
    net_h: int,
    maintain_aspect_ratio: bool = False,
    symmetric_padding: bool = False,
) -> Geometry:
    """Placement by d1 and l."""
    raise NotImplementedError


class Preprocessor:
    """Turns YUV frames of one geometry into the network's float32 input, in one pass over the picture."""

    def __init__(
        self,
        geometry: Geometry,
        net_w: int,
        net_h: int,
        *,
        color_format: int = 0,
        scaling_filter: int = 6,
        net_scale_factor: float = 1.0,
        offsets: tuple[float, ...] = (),
        input_order: int = 0,
    ) -> None:
        raise NotImplementedError

    warning: str
    """Empty, or one sentence on what is approximated (scaling-filter 2, 3 and 4)."""

    def write(self, frame: YuvFrame, out: npt.NDArray[np.float32]) -> None:
        """Fills ``out``, C-contiguous float32 (channels, h, w), or (h, w, channels) with input_order 1."""
        raise NotImplementedError

    def pixels(self, frame: YuvFrame) -> npt.NDArray[np.uint8]:
        """The (channels, h, w) bytes before normalising, channels in network order."""
        raise NotImplementedError
