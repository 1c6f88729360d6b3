"""nvinfer's preprocessing of a full frame: geometry, pixels and network tensor (semantics d1 to d3 and l)."""

from __future__ import annotations

import ctypes
import weakref
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.native import PreprocessPlan, library
from dsbench.embedded.video.frame import YuvFrame, planes_of

GRAY = 2
_BILINEAR = 1
_APPROXIMATED = {2: "cubic", 3: "super", 4: "lanczos"}
_MATRIX_CODE = {"bt601": 0, "bt709": 1}


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a ``surface_w`` x ``surface_h`` frame lies in a ``net_w`` x ``net_h`` network input (pixels).

    ``source_*``: the even part of the surface; the rest is not used. ``dest_*``: the size that it is scaled to, which
    sets scale and ratios. ``write_*``: the even part of that, which is written; the rest is padding. ``ratio_*``:
    network pixels per surface pixel; box mapping divides by them.
    """

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
    """Placement of a full frame. Sizes are truncated. Padding is split only if the aspect ratio is kept.

    Raises DsbenchError FRAME_UNSUPPORTED for a frame that covers no pixel of the network input.
    """
    source_w, source_h = surface_w & ~1, surface_h & ~1
    dest_w, dest_h = net_w, net_h
    if source_w > 0 and source_h > 0 and maintain_aspect_ratio:
        # the products are unsigned 32-bit numbers before the division makes them doubles
        fit_h = ((net_w * source_h) & 0xFFFFFFFF) / source_w
        fit_w = ((net_h * source_w) & 0xFFFFFFFF) / source_h
        dest_w, dest_h = (net_w, int(fit_h)) if fit_h <= net_h else (int(fit_w), net_h)
    if min(source_w, source_h, dest_w, dest_h) < 1:
        raise DsbenchError(
            Code.FRAME_UNSUPPORTED,
            f"a frame of {surface_w}x{surface_h} cannot be scaled to a network input of {net_w}x{net_h}",
            fix="use a video of at least 2x2 pixels and a less extreme shape",
        )
    split = maintain_aspect_ratio and symmetric_padding
    return Geometry(
        *(surface_w, surface_h, net_w, net_h),
        *(source_w, source_h, dest_w, dest_h),
        write_w=dest_w & ~1,
        write_h=dest_h & ~1,
        offset_left=(net_w - dest_w) // 2 if split else 0,
        offset_top=(net_h - dest_h) // 2 if split else 0,
        ratio_x=dest_w / source_w,
        ratio_y=dest_h / source_h,
    )


@dataclass(frozen=True, slots=True)
class PreprocessSettings:
    """Which pixels the network gets, and how they are normalised: nvinfer's keys."""

    color_format: int = 0
    """0 RGB, 1 BGR, 2 GRAY (the luma plane)."""
    scaling_filter: int = 6
    """1 is bilinear; 0, 5 and 6 are nearest; both are bit-exact. 2, 3 and 4 use bilinear and cause a warning."""
    net_scale_factor: float = 1.0
    """0 or less means scale 1 and no offsets."""
    offsets: tuple[float, ...] = ()
    """In network channel order, none or one per channel."""
    input_order: int = 0
    """0 NCHW, 1 NHWC."""
    mean_image: npt.NDArray[np.float32] | None = None
    """(h, w, c), subtracted instead of ``offsets``."""


_DEFAULTS = PreprocessSettings()


class Preprocessor:
    """Converts YUV frames of one geometry to the network's float32 input, in one pass over the picture.

    Several threads may share one object.
    """

    warning: str
    """One sentence about an approximation, or ""."""

    def __init__(self, geometry: Geometry, settings: PreprocessSettings = _DEFAULTS) -> None:
        self.geometry = geometry
        net_w, net_h, nhwc = geometry.net_w, geometry.net_h, settings.input_order == 1
        self.channels = 1 if settings.color_format == GRAY else 3
        self._planar = (self.channels, net_h, net_w)
        self.shape = (net_h, net_w, self.channels) if nhwc else self._planar
        wanted = settings.scaling_filter
        name = _APPROXIMATED.get(wanted)
        self.warning = (
            f"scaling-filter={wanted} ({name}) is computed as bilinear: pixels differ from DeepStream's" if name else ""
        )
        scale, mean = _normalisation(settings.net_scale_factor, settings.offsets, self.channels)
        self._mean, self._scale = None, np.float32(scale)
        if settings.mean_image is not None:
            image = settings.mean_image
            self._mean = image if nhwc else np.ascontiguousarray(image.transpose(2, 0, 1))
            scale, mean = 1.0, (0.0,) * self.channels
        plan = PreprocessPlan(
            *(geometry.source_w, geometry.source_h, geometry.dest_w, geometry.dest_h),
            *(geometry.write_w, geometry.write_h, geometry.offset_left, geometry.offset_top),
            *(net_w, net_h, settings.color_format),
            int(wanted == _BILINEAR or name is not None),
            int(nhwc),
            scale,
            (ctypes.c_float * 4)(*mean),
        )
        self._native = library()
        self._handle = self._native.preprocess_new(ctypes.byref(plan))
        weakref.finalize(self, self._native.preprocess_free, self._handle)

    def write(self, frame: YuvFrame, out: npt.NDArray[np.float32]) -> None:
        """Fill ``out``: C-contiguous float32 (channels, h, w), or (h, w, channels) with input_order 1.

        Every value is written, including padding: y = scale * (pixel - offset), float32. Raises DsbenchError
        FRAME_UNSUPPORTED for a frame of another size.
        """
        if out.dtype != np.float32 or out.shape != self.shape or not out.flags.c_contiguous:
            raise ValueError(f"out must be C-contiguous float32 of shape {self.shape}")
        self._run(frame, out.ctypes.data, None)
        if self._mean is not None:
            np.subtract(out, self._mean, out=out)
            np.multiply(out, self._scale, out=out)

    def pixels(self, frame: YuvFrame) -> npt.NDArray[np.uint8]:
        """The uint8 (channels, h, w) picture before normalising, channels in network order, padding 0."""
        out = np.empty(self._planar, np.uint8)
        self._run(frame, None, out.ctypes.data)
        return out

    def _run(self, frame: YuvFrame, tensor: int | None, data: int | None) -> None:
        size = self.geometry.surface_w, self.geometry.surface_h
        if (frame.width, frame.height) != size:
            raise DsbenchError(
                Code.FRAME_UNSUPPORTED,
                f"a frame of {frame.width}x{frame.height} came where {size[0]}x{size[1]} was expected",
                fix="use a video whose size does not change",
            )
        planes = planes_of(frame)
        matrix = _MATRIX_CODE[frame.matrix]
        self._native.preprocess_run(self._handle, ctypes.byref(planes), matrix, int(frame.full_range), tensor, data)


def _normalisation(scale: float, offsets: tuple[float, ...], channels: int) -> tuple[float, tuple[float, ...]]:
    """Scale and one mean per channel, as nvinfer applies them."""
    if scale <= 0:
        return 1.0, (0.0,) * channels
    if offsets and len(offsets) != channels:
        raise DsbenchError(
            Code.CONFIG_VALUE_INVALID,
            "Preprocessor set scale and offsets failed.",
            where=f"offsets={';'.join(str(value) for value in offsets)}",
            fix=f"give one value a channel: {channels}",
        )
    return scale, offsets or (0.0,) * channels
