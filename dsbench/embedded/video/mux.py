"""The legacy nvstreammux: scales every frame to one size before inference (semantics h)."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.native import library
from dsbench.embedded.video.frame import Plane, YuvFrame

_BLACK_CHROMA = 128


class MuxScaler:
    """Scales frames to streammux ``width`` x ``height``, bilinear, plane by plane (half-pixel centres).

    Without ``enable_padding`` the picture is stretched. With it the aspect ratio is kept, the picture is placed
    top-left and the rest is black. The geometry is DeepStream's; the pixels are close to it, since the element's filter
    is not published. Frames may have any size. Several threads may share one object.
    """

    def __init__(self, width: int, height: int, enable_padding: bool = False) -> None:
        if width < 1 or height < 1:
            raise DsbenchError(
                Code.CONFIG_VALUE_INVALID,
                f"streammux size {width}x{height} is not a picture",
                where="[streammux] width, height",
                fix="give both, above 0",
            )
        self.width, self.height = width, height
        self.enable_padding = enable_padding
        self._scalers: dict[tuple[int, int], _FrameScaler] = {}

    def scale(self, frame: YuvFrame) -> YuvFrame:
        """``frame`` in streammux space; the same object if it already has that size."""
        if (frame.width, frame.height) == (self.width, self.height):
            return frame
        scaler = self._scalers.get((frame.width, frame.height))
        if scaler is None:
            scaler = _FrameScaler.build(self, frame.width, frame.height)
            self._scalers[frame.width, frame.height] = scaler
        black = 0 if frame.full_range else 16
        y = _scaled(frame.y, scaler.luma, (self.height, self.width), black)
        half = (self.height + 1) // 2, (self.width + 1) // 2
        u = _scaled(frame.u, scaler.chroma, half, _BLACK_CHROMA)
        v = _scaled(frame.v, scaler.chroma, half, _BLACK_CHROMA)
        return YuvFrame(y, u, v, self.width, self.height, frame.matrix, frame.full_range, frame.index)


class _PlaneScaler:
    """Scales one plane from ``source`` to ``dest`` (rows, columns), in the C++ host."""

    def __init__(self, source: tuple[int, int], dest: tuple[int, int]) -> None:
        self.source, self.dest = source, dest
        native = library()
        self._run = native.plane_scaler_run
        self._handle = native.plane_scaler_new(source[1], source[0], dest[1], dest[0])
        weakref.finalize(self, native.plane_scaler_free, self._handle)

    def run(self, source: Plane, out: Plane) -> None:
        if source.dtype != np.uint8 or source.ndim != 2 or source.strides[1] != 1:
            raise ValueError("a plane must be 2-D uint8 with unit stride along its rows")
        if source.shape[0] < self.source[0] or source.shape[1] < self.source[1]:
            raise ValueError(f"a plane of {source.shape} is smaller than the frame says: {self.source}")
        self._run(self._handle, source.ctypes.data, source.strides[0], out.ctypes.data, out.strides[0])


@dataclass(frozen=True, slots=True)
class _FrameScaler:
    luma: _PlaneScaler
    chroma: _PlaneScaler

    @classmethod
    def build(cls, mux: MuxScaler, width: int, height: int) -> _FrameScaler:
        dest_w, dest_h = mux.width, mux.height
        if mux.enable_padding:
            if dest_w * height <= dest_h * width:
                dest_h = max(2, dest_w * height // width & ~1)
            else:
                dest_w = max(2, dest_h * width // height & ~1)
        return cls(
            _PlaneScaler((height, width), (dest_h, dest_w)),
            _PlaneScaler(
                ((height + 1) // 2, (width + 1) // 2),
                ((dest_h + 1) // 2, (dest_w + 1) // 2),
            ),
        )


def _scaled(source: Plane, scaler: _PlaneScaler, size: tuple[int, int], black: int) -> Plane:
    out = np.empty(size, np.uint8)
    rows, columns = scaler.dest
    out[rows:] = black
    out[:rows, columns:] = black
    scaler.run(source, out)
    return out
