"""Decodes a video file to planar YUV frames: the same frames as DeepStream's decoder, in the same order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import av
import av.error
import numpy as np
from av.codec.context import ThreadType
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.video import edit_list
from dsbench.embedded.video.edited import Playback
from dsbench.embedded.video.frame import Matrix, Plane, YuvFrame

# AVColorSpace of libavutil/pixfmt.h
_BT709 = 1
_BT2020 = (9, 10)
_FULL_RANGE = 2
_TEXT_ART = ("ansi", "bintext", "xbin", "idf")
_PLANAR_420 = ("yuv420p", "yuvj420p")
# tags need not be UTF-8; from PyAV 19 on this is the default and the argument is gone
_METADATA: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}

# qtdemux's rules for edits differ from libavformat's
_OPTIONS = {"ignore_editlist": "1"}

Warn = Callable[[str], None]


def uri_path(uri: str) -> Path:
    """The file of ``file://`` (percent-decoded, as GStreamer does) or a plain path.

    Raises DsbenchError(SOURCE_UNSUPPORTED) for any other scheme.
    """
    if "://" not in uri:
        return Path(uri)
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "file":
        raise DsbenchError(
            Code.SOURCE_UNSUPPORTED,
            f"The embedded runtime reads files only, not {parts.scheme}:",
            where=uri,
            fix="give a file:// URI",
        )
    return Path(unquote(uri[len("file://") :]))


@dataclass(frozen=True, slots=True)
class Dropping:
    """Frames that the decoder does not deliver.

    It delivers every ``drop_frame_interval``-th frame (all with 0 and 1), and only key frames with ``intra_decode``.
    """

    drop_frame_interval: int = 0
    intra_decode: bool = False


def open_source(
    uri: str | Path,
    *,
    file_loop: bool = False,
    threads: int = 1,
    warn: Warn | None = None,
    dropping: Dropping = Dropping(),
) -> VideoSource:
    """A source to iterate over. Raises VideoSource's errors."""
    path = uri if isinstance(uri, Path) else uri_path(uri)
    return VideoSource(path, file_loop=file_loop, threads=threads, warn=warn, dropping=dropping)


class VideoSource(Iterator[YuvFrame]):
    """The frames of a file's first video stream. With ``file_loop`` it repeats without end and indices continue.

    An MP4's edit list selects frames as in DeepStream (`edit_list`); in a loop its edits begin at a key frame, since
    deepstream-app then withholds their bounds from the decoder. Damaged packets are skipped. Raises DsbenchError:
    VIDEO_MISSING, VIDEO_UNREADABLE, SOURCE_UNSUPPORTED, and while iterating SOURCE_COLOR (BT.2020).
    """

    def __init__(
        self,
        path: Path,
        *,
        file_loop: bool = False,
        threads: int = 1,
        warn: Warn | None = None,
        dropping: Dropping = Dropping(),
    ) -> None:
        self.path = path
        self.index = 0
        self._dropping = dropping
        self._decoded_frames = 0
        self._loop = file_loop
        self._threads = threads
        self._warn = warn or (lambda text: None)
        self._warned: set[str] = set()
        self._frames_this_round = 0
        self._others: list[VideoSource] = []
        self._container, self._stream = self._open()
        self._edits = edit_list.read(path, self._stream.id) if self._container.format.name.startswith("mov") else None
        self._decoded = self._decode()

    def __iter__(self) -> VideoSource:
        return self

    def __next__(self) -> YuvFrame:
        while True:
            frame = next(self._decoded, None)
            if frame is not None:
                self._frames_this_round += 1
                self._decoded_frames += 1
                if (self._decoded_frames - 1) % max(1, self._dropping.drop_frame_interval):
                    continue
                result = self._convert(frame)
                self.index += 1
                return result
            if not self._loop or self._frames_this_round == 0:
                raise StopIteration
            self._frames_this_round = 0
            self._rewind()

    def video_frames(self) -> Iterator[VideoFrame]:
        """The same frames as the decoder has them, for pictures."""
        return self._decoded

    @property
    def frame_period(self) -> float:
        """Seconds between delivered frames, from the container's average rate; 1/30 if it has none."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        return (float(1 / rate) if rate else 1 / 30) * max(1, self._dropping.drop_frame_interval)

    def another(self) -> VideoSource:
        """The same clip from its beginning with its own decoder, closed with this one. Raises the same errors."""
        other = VideoSource(
            self.path, file_loop=self._loop, threads=self._threads, warn=self._warn_once, dropping=self._dropping
        )
        self._others.append(other)
        return other

    def close(self) -> None:
        """Close file and decoder. Frames already returned remain valid."""
        for other in self._others:
            other.close()
        self._decoded, self._loop = iter(()), False
        self._container.close()

    def _open(self) -> tuple[InputContainer, VideoStream]:
        if not self.path.is_file():
            raise DsbenchError(Code.VIDEO_MISSING, f'No such file "{self.path}"', where=str(self.path))
        if self.path.stat().st_size == 0:
            raise DsbenchError(Code.VIDEO_UNREADABLE, "Stream contains no data.", where=str(self.path))
        try:
            # without "file:", a name with a colon or a leading dash could be read as a protocol or an option
            container = av.open(f"file:{self.path}", "r", options=_OPTIONS, **_METADATA)
        except (av.error.FFmpegError, ValueError) as error:
            raise self._unsupported(f"This file contains no playable streams ({error})") from error
        # libavformat renders plain text as a terminal; this is not a video
        streams = [s for s in container.streams.video if s.codec_context.name not in _TEXT_ART]
        if not streams:
            container.close()
            raise self._unsupported("This file contains no playable streams (no video stream)")
        stream = streams[0]
        try:
            stream.thread_type = ThreadType.NONE if self._threads == 1 else ThreadType.AUTO
            stream.codec_context.thread_count = self._threads
            if self._dropping.intra_decode:
                stream.codec_context.skip_frame = "NONKEY"
        except (av.error.FFmpegError, AttributeError, RuntimeError) as error:
            container.close()
            raise self._unsupported(f"No decoder available for this video stream ({error})") from error
        return container, stream

    def _unsupported(self, what: str) -> DsbenchError:
        return DsbenchError(Code.SOURCE_UNSUPPORTED, what, where=str(self.path), fix="check the file with ffprobe")

    def _decode(self) -> Iterator[VideoFrame]:
        """Frames until the end of the file or of its edits."""
        if self._edits is None:
            return (frame for packet in self.packets() for frame in self.pictures(packet))
        return Playback(self._edits, self, clips=not self._loop).frames()

    def packets(self, at: int | None = None) -> Iterator[Packet[VideoStream]]:
        """Packets from here on, or from the key frame before decode time ``at``. Unreadable data ends them."""
        if at is not None:
            self._container.seek(at, stream=self._stream)
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                self._warn_once(f"reading {self.path} stopped early: {error}")
                return
            if packet is None:
                return
            yield packet

    def pictures(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """Frames that the decoder has after this packet; None: all that it still holds. Undecodable data is skipped."""
        try:
            return self._stream.decode(packet)
        except av.error.EOFError:
            return []
        except av.error.FFmpegError as error:
            self._warn_once(f"damaged data in {self.path} is passed over: {error}")
            return []

    def _rewind(self) -> None:
        """Seek to the first packet; a file that cannot seek is opened again."""
        try:
            self._container.seek(0)
            self._decoded = self._decode()
        except av.error.FFmpegError:
            self._container.close()
            self._container, self._stream = self._open()
            self._decoded = self._decode()

    def _convert(self, frame: VideoFrame) -> YuvFrame:
        if frame.rotation:
            self._warn_once(f"rotation metadata of {self.path} is ignored, as deepstream-app does")
        if frame.colorspace in _BT2020:
            raise DsbenchError(
                Code.SOURCE_COLOR,
                "NvBufSurfTransform failed with error -1 while converting buffer",
                where=f"{self.path} is tagged BT.2020",
                fix="convert the clip to BT.709",
            )
        matrix: Matrix = "bt709" if frame.colorspace == _BT709 else "bt601"
        full_range = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
        if frame.format.name not in _PLANAR_420 or any(plane.line_size <= 0 for plane in frame.planes):
            self._warn_once(f"{self.path} is {frame.format.name}; its frames are converted to yuv420p")
            frame = frame.reformat(format="yuvj420p" if full_range else "yuv420p")
        half_w, half_h = (frame.width + 1) // 2, (frame.height + 1) // 2
        return YuvFrame(
            y=_plane(frame, 0, frame.width, frame.height),
            u=_plane(frame, 1, half_w, half_h),
            v=_plane(frame, 2, half_w, half_h),
            width=frame.width,
            height=frame.height,
            matrix=matrix,
            full_range=full_range,
            index=self.index,
        )

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._warn(text)


def _plane(frame: VideoFrame, number: int, width: int, height: int) -> Plane:
    """A view of one plane of the decoder's buffer, which it keeps alive."""
    plane = frame.planes[number]
    rows = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
    view: Plane = rows[: plane.line_size * height].reshape(height, plane.line_size)[:, :width]
    return view
