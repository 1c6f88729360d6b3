"""``[osd]`` and the encoding sink: boxes and labels drawn on YUV frames, written as VP9 in webm.

No other encoder is used: whatever ``codec`` is, the file is VP9 (libvpx).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error
import numpy as np
import numpy.typing as npt

from dsbench.base.boxes import Boxes
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.app.kitti_sink import label_of
from dsbench.embedded.pipeline import FrameResult
from dsbench.embedded.video.frame import Plane, YuvFrame
from dsbench.jobs.video import ENCODER

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

    from dsbench.embedded.protocol import VideoJob
    from dsbench.formats.nvinfer import NvinferConfig

_REALTIME = {"deadline": "realtime", "cpu-used": "8", "row-mt": "1"}
_CONSTANT_QUALITY = {"crf": "30", "b": "0"}
_DEFAULT_BORDER, _DEFAULT_TEXT = 2, 14
_TEXT_CACHE = 512
# AVColorSpace, AVColorRange
_SPACES = {"bt601": 5, "bt709": 1}
_RANGES = {False: 1, True: 2}
# luma weights of red and blue
_WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
Rgb = tuple[float, float, float]
_WHITE: Rgb = (1.0, 1.0, 1.0)
_RED: Rgb = (1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Canvas:
    """Three planes to draw on, with their colour matrix and range."""

    y: Plane
    u: Plane
    v: Plane
    matrix: str
    full_range: bool

    def fill(self, left: int, top: int, right: int, bottom: int, color: Rgb) -> None:
        """A solid rectangle, clipped to the picture; edges in pixels, the right and bottom ones exclusive."""
        height, width = self.y.shape
        left, right = max(0, left), min(width, right)
        top, bottom = max(0, top), min(height, bottom)
        if left >= right or top >= bottom:
            return
        luma, cb, cr = to_yuv(color, self.matrix, self.full_range)
        self.y[top:bottom, left:right] = luma
        rows, columns = slice(top // 2, (bottom + 1) // 2), slice(left // 2, (right + 1) // 2)
        self.u[rows, columns], self.v[rows, columns] = cb, cr

    def frame(self, left: int, top: int, right: int, bottom: int, border: int, color: Rgb) -> None:
        """The outline of a rectangle, ``border`` pixels wide, inside of it."""
        self.fill(left, top, right, top + border, color)
        self.fill(left, bottom - border, right, bottom, color)
        self.fill(left, top, left + border, bottom, color)
        self.fill(right - border, top, right, bottom, color)

    def text(self, left: int, bottom: int, text: str, size: int, background: Rgb) -> None:
        """White text on a filled strip that ends at ``bottom``, moved inside the picture if necessary."""
        mask = text_mask(text, size)
        rows, columns = mask.shape
        height, width = self.y.shape
        left = max(0, min(left, width - columns))
        top = max(0, min(bottom - rows, height - rows))
        self.fill(left, top, left + columns, top + rows, background)
        area = self.y[top : top + rows, left : left + columns]
        cut = mask[: area.shape[0], : area.shape[1]]
        white = to_yuv(_WHITE, self.matrix, self.full_range)[0]
        area[:] = (area * (1 - cut) + white * cut).astype(np.uint8)


class VideoFile:
    """Draws the objects of one stream and encodes it. Raises DsbenchError(NOT_WRITABLE)."""

    def __init__(self, job: VideoJob, labels: Sequence[str], config: NvinferConfig | None, period: float) -> None:
        self._job = job
        self._labels = labels
        self._config = config
        self._rate = Fraction(1 / period).limit_denominator(1001)
        self._output: tuple[OutputContainer, VideoStream] | None = None

    def take(self, result: FrameResult) -> None:
        """Draw and encode one frame of the stream; frames of other streams are ignored."""
        if result.pad != self._job.pad:
            return
        surface = result.inferred.surface if result.inferred is not None else None
        frame = surface or result.frame
        if self._output is None:
            self._output = self._open(frame)
        container, stream = self._output
        picture = _picture(frame)
        draw(_canvas(picture, frame), result.objects, self._job, self._labels, self._config)
        if (picture.width, picture.height) != (stream.width, stream.height):
            picture = picture.reformat(width=stream.width, height=stream.height)
        picture.pts = result.frame.index
        try:
            container.mux(stream.encode(picture))
        except (av.error.FFmpegError, OSError) as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Write the remaining frames of the encoder and the file's index."""
        if self._output is None:
            return
        container, stream = self._output
        self._output = None
        try:
            container.mux(stream.encode())
            container.close()
        except (av.error.FFmpegError, OSError) as error:
            raise self._unwritable(error) from error

    def _open(self, frame: YuvFrame) -> tuple[OutputContainer, VideoStream]:
        rate_control = {"b": str(self._job.bitrate)} if self._job.bitrate > 0 else _CONSTANT_QUALITY
        try:
            container = av.open(f"file:{self._job.path}", "w", format="webm")
        except (av.error.FFmpegError, OSError) as error:
            raise self._unwritable(error) from error
        stream = container.add_stream(ENCODER, rate=self._rate, options={**_REALTIME, **rate_control})
        assert isinstance(stream, av.video.stream.VideoStream)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
        context: Any = stream.codec_context
        context.colorspace, context.color_range = _SPACES[frame.matrix], _RANGES[frame.full_range]
        context.time_base = 1 / self._rate
        return container, stream

    def _unwritable(self, error: Exception) -> DsbenchError:
        return DsbenchError(
            Code.NOT_WRITABLE,
            f"Could not write video file: {error}",
            where=str(self._job.path),
            fix="check output-file of the sink and the free space there",
        )


def draw(canvas: Canvas, objects: Boxes, job: VideoJob, labels: Sequence[str], config: NvinferConfig | None) -> None:
    """Boxes, then labels over them: ``display-bbox``, ``display-text``, ``border-width``, ``text-size``."""
    border, size = job.border_width or _DEFAULT_BORDER, job.text_size or _DEFAULT_TEXT
    boxes = np.stack((objects.left, objects.top, objects.width, objects.height), axis=1).tolist()
    drawable = [i for i, box in enumerate(boxes) if all(math.isfinite(value) for value in box)]
    for i in drawable if job.draw_boxes else ():
        left, top, width, height = boxes[i]
        color = _color(job, config, int(objects.class_id[i]))
        canvas.frame(int(left), int(top), int(left + width), int(top + height), border, color)
    for i in drawable if job.draw_text else ():
        left, top, _, _ = boxes[i]
        class_id = int(objects.class_id[i])
        name = label_of(labels, class_id).strip() or f"class {class_id}"
        text = f"{name} {float(objects.confidence[i]):.2f}"
        canvas.text(int(left), int(top), text, size, _darker(_color(job, config, class_id)))


def to_yuv(color: Rgb, matrix: str, full_range: bool) -> tuple[int, int, int]:
    """Y, Cb, Cr bytes of a colour whose parts run from 0 to 1; a config may have others, and nan, which is 0."""
    red, green, blue = (min(1.0, max(0.0, part)) for part in color)
    weight_red, weight_blue = _WEIGHTS[matrix]
    luma = weight_red * red + (1 - weight_red - weight_blue) * green + weight_blue * blue
    cb, cr = (blue - luma) / (2 * (1 - weight_blue)), (red - luma) / (2 * (1 - weight_red))
    offset, luma_span, chroma_span = (0, 255, 255) if full_range else (16, 219, 224)
    return tuple(  # type: ignore[return-value]
        min(255, max(0, round(value)))
        for value in (offset + luma_span * luma, 128 + chroma_span * cb, 128 + chroma_span * cr)
    )


@functools.lru_cache(_TEXT_CACHE)
def text_mask(text: str, size: int) -> npt.NDArray[np.float32]:
    """Coverage 0 to 1 of a line of text, (rows, columns), with a margin of two pixels."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=size)
    printable = text.encode("utf-8", "replace").decode()
    left, top, right, bottom = font.getbbox(printable)
    image = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), printable, fill=255, font=font)
    mask: npt.NDArray[np.float32] = np.asarray(image, np.float32) / np.float32(255)
    return mask


def _color(job: VideoJob, config: NvinferConfig | None, class_id: int) -> Rgb:
    """``bbox-border-color`` of [primary-gie] if it applies, else ``border-color`` of the class; red by default."""
    if job.colors is not None:
        colors = dict(job.colors)
        return colors.get(class_id, colors.get(-1, (*_RED, 1.0)))[:3]
    return config.attrs_for(class_id).border_color[:3] if config is not None else _RED


def _darker(color: Rgb) -> Rgb:
    red, green, blue = color
    return red * 0.5, green * 0.5, blue * 0.5


def _picture(frame: YuvFrame) -> av.VideoFrame:
    """A copy of the frame to draw on: the decoder still uses the original."""
    picture = av.VideoFrame(frame.width, frame.height, "yuv420p")
    picture.colorspace, picture.color_range = _SPACES[frame.matrix], _RANGES[frame.full_range]
    for target, source in zip(_planes(picture), (frame.y, frame.u, frame.v), strict=True):
        target[:] = source
    return picture


def _canvas(picture: av.VideoFrame, frame: YuvFrame) -> Canvas:
    return Canvas(*_planes(picture), frame.matrix, frame.full_range)


def _planes(picture: av.VideoFrame) -> tuple[Plane, Plane, Plane]:
    half = (picture.width + 1) // 2, (picture.height + 1) // 2
    sizes = ((picture.width, picture.height), half, half)
    y, u, v = (
        np.frombuffer(plane, np.uint8)[: plane.line_size * height].reshape(height, plane.line_size)[:, :width]  # type: ignore[call-overload]
        for plane, (width, height) in zip(picture.planes, sizes, strict=True)
    )
    return y, u, v
