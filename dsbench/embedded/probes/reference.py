"""The reference probe: ``python -m dsbench.embedded.reference_probe JOB.json OUT``.

Writes OUT.json (a ReferenceOutputs), and the outputs of each frame into the folder OUT. Frames are decoded, muxed,
scaled and normalised as in the embedded runtime's nvinfer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dsbench.base import jsonable
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded import memory
from dsbench.embedded.nvinfer.preprocess import Preprocessor, PreprocessSettings, geometry
from dsbench.embedded.probes import half_precision
from dsbench.embedded.probes.model import failure_of, first_image, load_session, run_failed
from dsbench.embedded.video.decode import open_source
from dsbench.embedded.video.frame import YuvFrame
from dsbench.embedded.video.mux import MuxScaler
from dsbench.jobs.probe import ProbeFailure
from dsbench.jobs.reference import Feed, Placement, ReferenceJob, ReferenceOutputs, frame_file, output_key

Tensor = npt.NDArray[np.float32]
_MAX_PARALLEL = 4
_WAITING = 2
"""Frames that wait for each thread: more would only take memory."""


def main(argv: Sequence[str]) -> int:
    """Exit status 0 whenever a result was written, failures included."""
    job, out = jsonable.load(ReferenceJob, Path(argv[0])), Path(argv[1])
    memory.limit(memory.MODEL_BYTES)
    try:
        out.mkdir(exist_ok=True)
        result = _ReferenceSession(job, out).run()
    except DsbenchError as error:
        result = ReferenceOutputs(failure=failure_of(error))
    except MemoryError:
        what = "the model needs more memory than it may have"
        result = ReferenceOutputs(failure=ProbeFailure(Code.ONNX_RUN_FAILED, what, job.onnx))
    jsonable.dump(result, out.with_suffix(".json"))
    return 0


class _ReferenceSession:
    """One session, the feeds' preprocessing, and the folder of the results."""

    def __init__(self, job: ReferenceJob, folder: Path) -> None:
        self._job, self._folder = job, folder
        self._parallel = max(1, min(job.threads, _MAX_PARALLEL))
        threads = max(1, job.threads // self._parallel)
        self._session = load_session(job.onnx, threads)
        halved = half_precision.rounded(Path(job.onnx)) if any(feed.half for feed in job.feeds) else None
        self._half = load_session(job.onnx, threads, halved) if halved else self._session
        self._mux = MuxScaler(job.mux_width, job.mux_height)
        self._input = self._session.get_inputs()[0]
        self._outputs = tuple(output.name for output in self._session.get_outputs())
        self._scalers: dict[tuple[Feed, int, int], Preprocessor] = {}

    def run(self) -> ReferenceOutputs:
        """Raises ONNX_RUN_FAILED and what decoding raises."""
        begun = time.perf_counter()
        size = self._job.mux_width, self._job.mux_height
        done: list[int] = []
        running: list[tuple[int, Future[None]]] = []
        with ThreadPoolExecutor(self._parallel) as pool:
            for frame in self._frames():
                size = frame.width, frame.height
                if time.perf_counter() - begun > self._job.time_budget_s:
                    break
                running.append((frame.index, pool.submit(self._infer, frame.index, self._tensors(frame))))
                if len(running) >= self._parallel * _WAITING:
                    number, future = running.pop(0)
                    future.result()
                    done.append(number)
            for number, future in running:
                future.result()
                done.append(number)
        placements = tuple(self._placement(feed, *size) for feed in self._job.feeds)
        return ReferenceOutputs(self._outputs, tuple(done), placements, time.perf_counter() - begun)

    def _frames(self) -> Iterator[YuvFrame]:
        """The wanted frames as decoded."""
        job, wanted = self._job, set(self._job.frames)
        if not wanted:
            return
        for frame in open_source(Path(job.video), threads=job.threads):
            if frame.index in wanted:
                yield frame
            if frame.index >= job.frames[-1]:
                return

    def _scaler(self, feed: Feed, width: int, height: int) -> Preprocessor:
        """For frames of ``width`` x ``height``."""
        key = feed, width, height
        if key not in self._scalers:
            job, keys = self._job, feed.candidate
            keep, split = bool(keys.maintain_aspect_ratio), bool(keys.symmetric_padding)
            self._scalers[key] = Preprocessor(
                geometry(width, height, job.width, job.height, keep, split),
                PreprocessSettings(
                    color_format=keys.model_color_format,
                    scaling_filter=feed.scaling_filter,
                    net_scale_factor=keys.net_scale_factor,
                    offsets=keys.offsets,
                    input_order=int(job.nhwc),
                ),
            )
        return self._scalers[key]

    def _tensors(self, frame: YuvFrame) -> list[Tensor]:
        """The network's input under each feed."""
        batch = self._input.shape[0] if isinstance(self._input.shape[0], int) and self._input.shape[0] > 0 else 1
        muxed = self._mux.scale(frame)
        made = []
        for feed in self._job.feeds:
            seen = muxed if feed.mux else frame
            scaler = self._scaler(feed, seen.width, seen.height)
            if feed.padding or feed.deviations:
                image = self._ideal(feed, scaler, seen)
            else:
                image = np.empty(scaler.shape, np.float32)
                scaler.write(seen, image)
            made.append(np.ascontiguousarray(np.broadcast_to(image, (batch, *image.shape))))
        return made

    def _ideal(self, feed: Feed, scaler: Preprocessor, frame: YuvFrame) -> Tensor:
        """The input with a padding value and divisors that nvinfer does not have."""
        place, keys = scaler.geometry, feed.candidate
        pixels = scaler.pixels(frame).astype(np.float32)
        inside = np.zeros(pixels.shape[1:], np.bool_)
        inside[place.offset_top :, place.offset_left :][: place.write_h, : place.write_w] = True
        pixels[:, ~inside] = feed.padding
        offsets = np.array(keys.offsets or (0.0,) * len(pixels), np.float32).reshape(-1, 1, 1)
        one = 1 / keys.net_scale_factor if keys.net_scale_factor > 0 else 1.0
        divisors = np.array(feed.deviations or (one,), np.float32)
        image: Tensor = (pixels - offsets) / divisors.reshape(-1, 1, 1)
        return image.transpose(1, 2, 0) if self._job.nhwc else image

    def _placement(self, feed: Feed, width: int, height: int) -> Placement:
        """``width``, ``height``: of the decoded frames. Boxes are mapped to the streammux surface in any case."""
        job = self._job
        if feed.mux:
            width, height = job.mux_width, job.mux_height
        place = self._scaler(feed, width, height).geometry
        return Placement(
            place.ratio_x * width / job.mux_width,
            place.ratio_y * height / job.mux_height,
            place.offset_left,
            place.offset_top,
            job.mux_width,
            job.mux_height,
        )

    def _infer(self, number: int, tensors: Sequence[Tensor]) -> None:
        """Run one frame and write its outputs."""
        saved: dict[str, Any] = {}
        for feed, tensor in enumerate(tensors):
            try:
                session = self._half if self._job.feeds[feed].half else self._session
                arrays = session.run(None, {self._input.name: tensor})
            except Exception as error:  # ONNX Runtime's exceptions have no common public base
                raise run_failed("ONNX Runtime cannot run the model", error, self._job.onnx) from error
            for index, array in enumerate(arrays):
                saved[output_key(feed, index)] = first_image(np.asarray(array))
        np.savez(self._folder / frame_file(number), **saved)
