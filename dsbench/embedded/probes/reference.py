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
from dsbench.embedded.nvinfer.preprocess import Geometry, Preprocessor, PreprocessSettings, geometry
from dsbench.embedded.probes.model import failure_of, first_image, limit_memory, load_session, run_failed
from dsbench.embedded.video.decode import open_source
from dsbench.embedded.video.frame import YuvFrame
from dsbench.embedded.video.mux import MuxScaler
from dsbench.jobs.probe import Candidate, ProbeFailure
from dsbench.jobs.reference import Placement, ReferenceJob, ReferenceOutputs, frame_file, output_key

Tensor = npt.NDArray[np.float32]
_MAX_PARALLEL = 4
_WAITING = 2
"""Frames that wait for each thread: more would only take memory."""


def main(argv: Sequence[str]) -> int:
    """Exit status 0 whenever a result was written, failures included."""
    job, out = jsonable.load(ReferenceJob, Path(argv[0])), Path(argv[1])
    limit_memory(job.memory_limit)
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
    """One session, the candidates' preprocessing, and the folder of the results."""

    def __init__(self, job: ReferenceJob, folder: Path) -> None:
        self._job, self._folder = job, folder
        self._parallel = max(1, min(job.threads, _MAX_PARALLEL))
        self._session = load_session(job.onnx, max(1, job.threads // self._parallel))
        self._input = self._session.get_inputs()[0]
        self._outputs = tuple(output.name for output in self._session.get_outputs())
        self._scalers = [self._scaler(candidate) for candidate in job.candidates]

    def run(self) -> ReferenceOutputs:
        """Raises ONNX_RUN_FAILED and what decoding raises."""
        begun = time.perf_counter()
        done: list[int] = []
        running: list[tuple[int, Future[None]]] = []
        with ThreadPoolExecutor(self._parallel) as pool:
            for frame in self._frames():
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
        placements = tuple(_placement(scaler.geometry) for scaler in self._scalers)
        return ReferenceOutputs(self._outputs, tuple(done), placements, time.perf_counter() - begun)

    def _frames(self) -> Iterator[YuvFrame]:
        """The wanted frames in streammux space."""
        job = self._job
        wanted, mux = set(job.frames), MuxScaler(job.mux_width, job.mux_height)
        if not wanted:
            return
        for frame in open_source(Path(job.video), threads=job.threads):
            if frame.index in wanted:
                yield mux.scale(frame)
            if frame.index >= job.frames[-1]:
                return

    def _scaler(self, candidate: Candidate) -> Preprocessor:
        job = self._job
        keep, split = bool(candidate.maintain_aspect_ratio), bool(candidate.symmetric_padding)
        return Preprocessor(
            geometry(job.mux_width, job.mux_height, job.width, job.height, keep, split),
            PreprocessSettings(
                color_format=candidate.model_color_format,
                scaling_filter=job.scaling_filter,
                net_scale_factor=candidate.net_scale_factor,
                offsets=candidate.offsets,
                input_order=int(job.nhwc),
            ),
        )

    def _tensors(self, frame: YuvFrame) -> list[Tensor]:
        """The network's input under each candidate."""
        batch = self._input.shape[0] if isinstance(self._input.shape[0], int) and self._input.shape[0] > 0 else 1
        made = []
        for scaler in self._scalers:
            image = np.empty(scaler.shape, np.float32)
            scaler.write(frame, image)
            made.append(np.ascontiguousarray(np.broadcast_to(image, (batch, *image.shape))))
        return made

    def _infer(self, number: int, tensors: Sequence[Tensor]) -> None:
        """Run one frame and write its outputs."""
        saved: dict[str, Any] = {}
        for candidate, tensor in enumerate(tensors):
            try:
                arrays = self._session.run(None, {self._input.name: tensor})
            except Exception as error:  # ONNX Runtime's exceptions have no common public base
                raise run_failed("ONNX Runtime cannot run the model", error, self._job.onnx) from error
            for index, array in enumerate(arrays):
                saved[output_key(candidate, index)] = first_image(np.asarray(array))
        np.savez(self._folder / frame_file(number), **saved)


def _placement(place: Geometry) -> Placement:
    return Placement(
        place.ratio_x, place.ratio_y, place.offset_left, place.offset_top, place.surface_w, place.surface_h
    )
