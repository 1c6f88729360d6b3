"""A clip made of pictures, so that either runtime plays a folder of images as it plays a video.

Every picture is one frame, in the given order, coded as VP9 close to the original (0.2 of 255 on average).
Pictures of one size keep it; otherwise each is stretched to the streammux surface, as the muxer would do it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsbench.base import places, spec
from dsbench.base.errors import Code, DsbenchError

if TYPE_CHECKING:
    from PIL import Image

MAX_SIDE = 4096
"""Any NVDEC with VP9 decodes that much."""
_RATE = 30
_BT709, _LIMITED = 1, 1  # AVColorSpace and AVColorRange of libavutil/pixfmt.h
_ENCODER = "libvpx-vp9"
_OPTIONS = {
    "crf": "4",
    "b": "0",
    "qmin": "0",
    "qmax": "4",
    "lag-in-frames": "0",
    "deadline": "realtime",
    "cpu-used": "8",
}
_ORIENTATION = 274  # EXIF


@dataclass(frozen=True)
class PictureClip:
    """The clip, the size of each picture in order, and the size of a frame."""

    path: Path
    sizes: tuple[tuple[int, int], ...]
    width: int
    height: int

    @property
    def stretched(self) -> bool:
        return any(size != (self.width, self.height) for size in self.sizes)


def write(pictures: Sequence[Path], path: Path) -> PictureClip:
    """Write the clip. Raises GROUND_TRUTH_INVALID for a file that is no picture, NOT_WRITABLE."""
    sizes = tuple(size_of(picture) for picture in pictures)
    width, height = sizes[0]
    one_size = len(set(sizes)) == 1 and width % 2 == height % 2 == 0 and max(width, height) <= MAX_SIDE
    if not one_size:
        width, height = spec.MUX_WIDTH, spec.MUX_HEIGHT
    try:
        places.make_way(path)
        _encode(pictures, path, (width, height))
    except OSError as error:  # includes FFmpeg's write errors
        raise DsbenchError(
            Code.NOT_WRITABLE, f"no clip can be written: {error}", where=str(path), fix="free space on the disk (df -h)"
        ) from error
    return PictureClip(path, sizes, width, height)


def _encode(pictures: Sequence[Path], path: Path, size: tuple[int, int]) -> None:
    import av
    import numpy as np

    with av.open(str(path), "w", format="matroska") as container:
        stream: Any = container.add_stream(_ENCODER, rate=_RATE, options=_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = _BT709, _LIMITED
        for picture in pictures:
            image = _open(picture)
            if image.size != size:
                image = image.resize(size, 2)  # bilinear
            frame: Any = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=_BT709, dst_color_range=_LIMITED)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def size_of(picture: Path) -> tuple[int, int]:
    """Width and height as shown, from the file's head. Raises GROUND_TRUTH_INVALID."""
    from PIL import Image

    try:
        with Image.open(picture) as image:
            turned = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
            return (image.height, image.width) if turned else image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable(picture, error) from error


def _open(picture: Path) -> Image.Image:
    """The picture as shown, RGB."""
    from PIL import Image, ImageOps

    try:
        with Image.open(picture) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable(picture, error) from error


def _unreadable(picture: Path, error: Exception) -> DsbenchError:
    return DsbenchError(
        Code.GROUND_TRUTH_INVALID,
        f"ground truth: a picture cannot be read: {error}",
        where=str(picture),
        fix="replace the file, or remove it with its labels",
    )
