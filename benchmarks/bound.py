"""The bare loop of one processor: decode, scale, infer. No queues, no parser, nothing in between but the calls.

``python -m benchmarks.bound WORKLOAD.json``: one loop on one stream; the bench starts one for each processor, all at
once, and sums their rates. The calls are the fastest known here: libavcodec on one thread through PyAV, dsbench's own
scaling (one pass from YUV to the network's float32 input), ONNX Runtime on one thread with input and output bound.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.codec.context import ThreadType
from av.video.frame import VideoFrame

from benchmarks.serve import serve
from benchmarks.workload import Workload
from dsbench.embedded.nvinfer.infer import OnnxModel
from dsbench.embedded.nvinfer.preprocess import Preprocessor, PreprocessSettings, geometry
from dsbench.embedded.video.frame import YuvFrame


class BareLoop:
    """Decode, scale, infer."""

    def __init__(self, work: Workload) -> None:
        (height, width), (net_h, net_w) = work.frame, work.size
        self._clip = work.clip
        self._frames = self._endless()
        self._scale = Preprocessor(geometry(width, height, net_w, net_h, True), PreprocessSettings(color_format=1))
        self._call = OnnxModel(Path(work.onnx)).bind(np.zeros((1, 3, net_h, net_w), np.float32))

    def step(self) -> None:
        self._scale.write(yuv(next(self._frames)), self._call.feed[0])
        self._call.run()

    def restart(self) -> None:
        self._frames = self._endless()

    def close(self) -> None:
        """Nothing was started."""

    def _endless(self) -> Iterator[VideoFrame]:
        with av.open(self._clip) as container:
            stream = container.streams.video[0]
            stream.thread_type = ThreadType.NONE
            stream.codec_context.thread_count = 1
            while True:
                yield from container.decode(stream)
                container.seek(0)


def yuv(frame: VideoFrame) -> YuvFrame:
    """The decoder's planes as they are (BT.709, limited range: the demo clip)."""
    height, width = frame.height, frame.width
    planes = []
    for plane, rows, columns in zip(
        frame.planes, (height, height // 2, height // 2), (width, width // 2, width // 2), strict=True
    ):
        line = plane.line_size
        planes.append(np.frombuffer(plane, np.uint8)[: line * rows].reshape(rows, line)[:, :columns])  # type: ignore[call-overload]
    y, u, v = planes
    return YuvFrame(y, u, v, width, height, "bt709", False, 0)


if __name__ == "__main__":
    sys.exit(serve(BareLoop(Workload.read(Path(sys.argv[1])))))
