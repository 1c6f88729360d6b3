"""What a good engineer would write without dsbench, one class a recipe: the same clip, network and thresholds.

``python -m benchmarks.peers NAME WORKLOAD.json STREAMS THREADS``: one process with its share of the streams; THREADS is
for inference (0: the library's own default). See ``candidates.py`` for how many processes are started.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import boxes
from benchmarks.boxes import Table
from benchmarks.serve import Loop, serve
from benchmarks.workload import NMS_IOU, Workload

Picture = npt.NDArray[np.uint8]
Infer = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]


class _Peer:
    """Streams in turns; a picture goes to ``_infer`` as a blob, its rows become boxes."""

    def __init__(self, work: Workload, streams: int, infer: Infer) -> None:
        self._work = work
        self._streams = streams
        self._infer = infer
        self._sources: list[Iterator[Picture]] = []
        self._turn = 0

    def step(self) -> Table:
        if not self._sources:
            self._sources = [self._pictures() for _ in range(self._streams)]
        source = self._sources[self._turn % self._streams]
        self._turn += 1
        rows = self._infer(self._blob(next(source)))
        found = boxes.candidates(rows, self._work.size, self._work.threshold, self._work.scale)
        return self._suppressed(found)

    def restart(self) -> None:
        self._sources, self._turn = [], 0

    def close(self) -> None:
        self._sources = []

    def _pictures(self) -> Iterator[Picture]:
        """BGR pictures for ever: OpenCV's own reader."""
        import cv2

        while True:
            reader = cv2.VideoCapture(self._work.clip, cv2.CAP_FFMPEG, _one_decoding_thread())
            while True:
                there, picture = reader.read()
                if not there:
                    break
                yield picture
            reader.release()

    def _blob(self, picture: Picture) -> npt.NDArray[np.float32]:
        import cv2

        height, width = self._work.placed
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
        return self._padded(small)

    def _padded(self, small: Picture) -> npt.NDArray[np.float32]:
        import cv2

        missing = self._work.size[0] - small.shape[0], self._work.size[1] - small.shape[1]
        if any(missing):
            small = cv2.copyMakeBorder(small, 0, missing[0], 0, missing[1], cv2.BORDER_CONSTANT)
        blob: npt.NDArray[np.float32] = cv2.dnn.blobFromImage(small)
        return blob

    def _suppressed(self, found: Table) -> Table:
        import cv2

        if not len(found):
            return found
        corners = np.concatenate([found[:, 2:4], found[:, 4:6] - found[:, 2:4]], axis=1)
        kept = cv2.dnn.NMSBoxesBatched(corners, found[:, 1], found[:, 0].astype(int).tolist(), 0.0, NMS_IOU)
        return found[np.asarray(kept, np.intp).ravel()]


class _Supervision(_Peer):
    """supervision's frame generator and detections."""

    def _pictures(self) -> Iterator[Picture]:
        import supervision

        while True:
            yield from supervision.get_video_frames_generator(self._work.clip)

    def _suppressed(self, found: Table) -> Table:
        import supervision

        detections = supervision.Detections(
            xyxy=found[:, 2:6], confidence=found[:, 1], class_id=found[:, 0].astype(np.int64)
        )
        kept = detections.with_nms(threshold=NMS_IOU)
        return np.concatenate([kept.class_id[:, None], kept.confidence[:, None], kept.xyxy], axis=1).astype(np.float32)


class _GStreamer(_Peer):
    """Debian's GStreamer decodes and scales, BGR pictures of the network's size come through a pipe."""

    def __init__(self, work: Workload, streams: int, infer: Infer) -> None:
        super().__init__(work, streams, infer)
        self._running: list[subprocess.Popen[bytes]] = []

    def _pictures(self) -> Iterator[Picture]:
        height, width = self._work.placed
        shape = f"video/x-raw,format=BGR,width={width},height={height},pixel-aspect-ratio=1/1"
        elements = (
            ("multifilesrc", f"location={self._work.raw_clip}", "loop=true"),
            ("h264parse",),
            ("avdec_h264", *(("max-threads=1",) if _one_decoding_thread() else ())),
            ("videoscale", "method=bilinear"),
            ("videoconvert",),
            (shape,),
            ("fdsink", "fd=1"),
        )
        words = [word for element in elements for word in ("!", *element)][1:]
        process = subprocess.Popen(["gst-launch-1.0", "-q", *words], stdout=subprocess.PIPE, bufsize=0)
        self._running.append(process)
        assert process.stdout is not None
        line = (width * 3 + 3) & ~3  # rows are padded to 4 bytes
        buffer = bytearray(line * height)
        while True:
            view = memoryview(buffer)
            while view:
                count = process.stdout.readinto(view)
                if not count:
                    raise SystemExit(f"gst-launch-1.0 ended with {process.wait()}")
                view = view[count:]
            rows = np.frombuffer(buffer, np.uint8).reshape(height, line)
            yield rows[:, : width * 3].reshape(height, width, 3)

    def _blob(self, picture: Picture) -> npt.NDArray[np.float32]:
        return self._padded(picture)

    def restart(self) -> None:
        self.close()
        super().restart()

    def close(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()
        self._running = []


def _one_decoding_thread() -> list[int]:
    """OpenCV's parameters: one thread a decoder where every processor has a process of its own."""
    import cv2

    return [cv2.CAP_PROP_N_THREADS, 1] if os.environ.get("BENCH_SHARED") else []


def _onnx_runtime(work: Workload, threads: int) -> Infer:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads:
        options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(work.onnx, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def infer(blob: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        rows: npt.NDArray[np.float32] = session.run(None, {name: blob})[0][0]
        return rows

    return infer


def _opencv_dnn(work: Workload, threads: int) -> Infer:
    import cv2

    net = cv2.dnn.readNetFromONNX(work.onnx)

    def infer(blob: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        net.setInput(blob)
        rows: Any = net.forward()
        return np.asarray(rows[0], np.float32)

    return infer


_RECIPES: dict[str, tuple[type[_Peer], Callable[[Workload, int], Infer]]] = {
    "opencv-ort": (_Peer, _onnx_runtime),
    "supervision-ort": (_Supervision, _onnx_runtime),
    "opencv-dnn": (_Peer, _opencv_dnn),
    "gstreamer-ort": (_GStreamer, _onnx_runtime),
}


def make(name: str, work: Workload, streams: int, threads: int) -> Loop:
    """The recipe ``name``, loaded."""
    import cv2

    if threads:
        cv2.setNumThreads(threads)
    kind, infer = _RECIPES[name]
    return kind(work, streams, infer(work, threads))


def missing(name: str) -> str:
    """Why ``name`` cannot run here, or ""."""
    from importlib.util import find_spec

    needs = {"cv2": "opencv-python-headless", "supervision": "supervision"}
    for module in ("cv2", *(("supervision",) if name == "supervision-ort" else ())):
        if find_spec(module) is None:
            return f"{needs[module]} is not installed (pip install '.[bench]')"
    if name == "gstreamer-ort" and shutil.which("gst-launch-1.0") is None:
        return "gst-launch-1.0 is not installed (apt-get install gstreamer1.0-tools gstreamer1.0-libav)"
    return ""


if __name__ == "__main__":
    sys.exit(serve(make(sys.argv[1], Workload.read(Path(sys.argv[2])), int(sys.argv[3]), int(sys.argv[4]))))
