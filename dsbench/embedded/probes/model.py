"""6a as a child program: ``python -m dsbench.embedded.probe JOB.json OUT``.

Runs the ONNX on random normal input and on real frames under every candidate preprocessing; writes OUT.json (a
ProbeResult) and OUT.npz (the tensors). Frames come as the app would feed them: decoded, muxed, scaled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dsbench.base import jsonable
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import float32_text
from dsbench.embedded import memory
from dsbench.embedded.ort import load_onnxruntime
from dsbench.embedded.probes import batches, clip_sample, layer_ranges, pictures, stem, synthetic, views
from dsbench.embedded.probes.clip_sample import FrameCounter
from dsbench.embedded.video.frame import YuvFrame
from dsbench.jobs.probe import (
    BatchTrial,
    Candidate,
    OutputRange,
    ProbeFailure,
    ProbeJob,
    ProbeResult,
    View,
    frame_key,
    tensor_key,
)

if TYPE_CHECKING:
    from dsbench.embedded.nvinfer.preprocess import Geometry

Array = npt.NDArray[Any]
VIEWS: dict[View, Callable[[YuvFrame], YuvFrame]] = {"mirror": views.mirrored, "zoom": views.zoomed}
_NO_MEMORY = ("Failed to allocate memory", "bad_alloc", "bad allocation")
_NO_MEMORY_FIX = "the model asks for more memory than a detector needs: check its tensors' sizes, and export it again"
_CHECK_FIX = "check the export with: python -c 'import onnx; onnx.checker.check_model(\"model.onnx\", full_check=True)'"
_MAX_PARALLEL = 4  # each run of a large model needs its own memory
_LAYERS_BUDGET_S = 0.8
_SLOW_MS = 500.0
"""Time of one run from which on only the smallest batch is tried."""


def main(argv: Sequence[str]) -> int:
    """Exit status 0 whenever a result was written, failures included."""
    job, out = jsonable.load(ProbeJob, Path(argv[0])), Path(argv[1])
    memory.limit(memory.MODEL_BYTES)
    try:
        result = run(job, out.with_suffix(".npz"))
    except DsbenchError as error:
        result = ProbeResult(failure=failure_of(error))
    except MemoryError:
        result = ProbeResult(
            failure=ProbeFailure(Code.ONNX_RUN_FAILED, "the model needs more memory than it may have", job.onnx)
        )
    jsonable.dump(result, out.with_suffix(".json"))
    print("\n".join(result.lines))
    return 0


def load_session(onnx: str, threads: int, data: bytes | None = None) -> Any:
    """An ONNX Runtime session on the CPU with ``threads`` threads a call. Raises ONNX_RUN_FAILED.

    ``data``: the model in the place of the file's.
    """
    onnxruntime = load_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # under other load, a spinning thread keeps the one it waits for from running
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(data or onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no common public base
        raise run_failed("ONNX Runtime cannot load the model", error, onnx) from error


def failure_of(error: DsbenchError) -> ProbeFailure:
    """A DsbenchError as data."""
    return ProbeFailure(str(error.code), error.what, error.where, error.fix)


def run(job: ProbeJob, tensors: Path) -> ProbeResult:
    """Run the job; raises ONNX_RUN_FAILED. A video that cannot be read is part of the result."""
    if not job.candidates:
        return _ProbeSession(job).random()
    shape = job.channels, job.height, job.width
    with ThreadPoolExecutor(2) as background:  # while the network is loaded
        counter = FrameCounter()
        decoded = background.submit(_frames, job, job.frames, counter)
        measured = None if job.views else background.submit(stem.input_gain, job.onnx, shape, job.nhwc)
        network = _ProbeSession(job)
    # a call is timed when both have ended
    result = replace(network.random(), input_gain=measured.result() if measured else None)
    try:
        every = decoded.result()
    except DsbenchError as error:
        return replace(result, video_failure=failure_of(error))
    shown = every if job.video and not job.views and len(job.turns) == 1 else ()
    result = replace(result, clip=counter.sample(shown))
    frames = _spread(every, network.affordable_frames(), len(job.turns))
    return network.real(frames, result, tensors, clip_sample.keyed(shown))


def _spread(frames: Sequence[YuvFrame], count: int, turns: int) -> Sequence[YuvFrame]:
    """At most ``count`` of the frames, evenly spread. Each is there ``turns`` times, one after the other."""
    total = len(frames) // turns
    if count >= total:
        return frames
    first = [int((i + 0.5) * total / count) * turns for i in range(count)]
    return [frame for start in first for frame in frames[start : start + turns]]


class _ProbeSession:
    """One ONNX Runtime session and the job's preprocessing."""

    def __init__(self, job: ProbeJob) -> None:
        self.job = job
        self.parallel = max(1, min(job.threads, _MAX_PARALLEL))
        with memory.limited(memory.first_run(Path(job.onnx), 4 * job.channels * job.height * job.width)):
            self.session = load_session(job.onnx, max(1, job.threads // self.parallel))
        self.input = self.session.get_inputs()[0]
        self.outputs = tuple(output.name for output in self.session.get_outputs())
        self.bytes_per_image = 1
        self.cpu_s = self.busy_s = 0.0
        """Time of a call without other programs' share of the processor: what is run does not depend on their load."""

    def random(self) -> ProbeResult:
        """Run 6a's dummy input: np.random.randn of the declared shape, a symbolic batch as 1, with the job's size."""
        job = self.job
        sides = (job.height, job.width, job.channels) if job.nhwc else (job.channels, job.height, job.width)
        declared = [size if isinstance(size, int) and size > 0 else 1 for size in self.input.shape[:1]]
        shape = (*declared, *sides)
        dummy = np.random.default_rng(job.seed).standard_normal(shape, dtype=np.float32)
        with memory.limited(memory.first_run(Path(job.onnx), dummy.nbytes)):
            self._call(dummy)  # the first call allocates
        started, used = time.perf_counter(), time.process_time()
        arrays = self._call(dummy)
        seconds, self.cpu_s = time.perf_counter() - started, time.process_time() - used
        self.busy_s = min(seconds, self.cpu_s)
        self.bytes_per_image = sum(array.nbytes // max(len(dummy), 1) for array in arrays)
        ranges = self._ranges(arrays)
        lines = [f"Input: {self.input.name} shape={self.input.shape}"]
        lines += [f"Output: {output.name} shape={output.shape}" for output in self.session.get_outputs()]
        return ProbeResult(
            outputs=self.outputs,
            lines=(*lines, "Random input (normal distribution):", *_range_lines(ranges)),
            random=ranges,
            ms_per_run=round(seconds * 1000, 3),
            cpu_ms_per_run=round(self.cpu_s * 1000, 3),
        )

    def affordable_frames(self) -> int:
        """Number of frames that the time and space budgets allow for every candidate, at least one."""
        runs = len(self.job.candidates) * (1 + len(VIEWS) * self.job.views) * len(self.job.turns)
        by_time = self.job.time_budget_s * self.parallel / max(self.busy_s * runs, 1e-6)
        by_space = self.job.byte_budget / max(self.bytes_per_image * runs, 1)
        return int(max(1, min(self.job.frames, by_time, by_space)))

    def real(
        self, frames: Sequence[YuvFrame], result: ProbeResult, tensors: Path, shown: Mapping[str, Array]
    ) -> ProbeResult:
        """Run every frame under every candidate. Writes the tensors and the pictures of ``shown``; the result has the
        ranges of the first."""
        saved: dict[str, Array] = dict(shown)
        first: tuple[OutputRange, ...] = ()
        alone: list[list[Array]] = []
        for position, frame in enumerate(frames):
            results = self._under_all(frame)
            first = first or self._ranges(results[0])
            alone.append(results[0])
            saved.update(_keyed(results, position))
            if self.job.video:
                saved[frame_key(position)] = pictures.small(frame)
            for view, change in VIEWS.items() if self.job.views else ():
                saved.update(_keyed(self._under_all(change(frame)), position, view))
        np.savez(tensors, **saved)  # type: ignore[arg-type]
        first_of = f"Real frame {frames[0].index}" if self.job.video else "Synthetic picture"
        heading = f"{first_of} ({_describe(self.job.candidates[0])}):"
        return replace(
            self._with_layers(frames[0], result) if self.job.fp16 else result,
            lines=(*result.lines, heading, *_range_lines(first)),
            real=first,
            frames=tuple(frame.index for frame in frames),
            batches=self._batches(frames, alone, result.ms_per_run),
        )

    def _with_layers(self, frame: YuvFrame, result: ProbeResult) -> ProbeResult:
        """The result with the layers beyond FP16, under one candidate of each scale."""
        pixels = _Pixels(self.job, frame)
        scales: dict[tuple[float, tuple[float, ...]], tuple[int, Candidate]] = {}
        for number, item in enumerate(self.job.candidates):
            scales.setdefault((item.net_scale_factor, tuple(sorted(item.offsets))), (number, item))
        feeds = ((number, self._feed(pixels.get(item), item)) for number, item in scales.values())
        found = layer_ranges.measure(Path(self.job.onnx), feeds, threads=self.job.threads, budget_s=_LAYERS_BUDGET_S)
        return replace(
            result,
            measured=tuple(number for number, _ in found),
            layer_ranges=tuple(item for _, layers in found for item in layers),
        )

    def _batches(
        self, frames: Sequence[YuvFrame], alone: Sequence[list[Array]], ms_per_run: float
    ) -> tuple[BatchTrial, ...]:
        """``frames`` in batches, if the input has an open batch. A single frame is joined by its mirror image."""
        if self.job.views or isinstance(self.input.shape[0], int):
            return ()
        candidate = self.job.candidates[0]
        count = min(len(frames), batches.SIZES[0] if ms_per_run > _SLOW_MS else batches.SIZES[-1])
        inputs = [self._feed(_Pixels(self.job, frame).get(candidate), candidate) for frame in frames[:count]]
        if count == 1:
            inputs.append(self._feed(_Pixels(self.job, views.mirrored(frames[0])).get(candidate), candidate))
            alone = [*alone, self._call(inputs[1])]
        return batches.trials(self._call, inputs, alone)

    def _under_all(self, frame: YuvFrame) -> list[list[Array]]:
        """The outputs of one frame under each candidate. Concurrent calls are faster than ONNX Runtime's threads."""
        pixels, candidates = _Pixels(self.job, frame), self.job.candidates
        # paddings with the same result (a frame of the network's shape) are inferred once
        keys = [(item.net_scale_factor, item.offsets, *pixels.key(item)) for item in candidates]
        different = dict(zip(reversed(keys), reversed(candidates), strict=True))
        images = [pixels.get(candidate) for candidate in different.values()]
        with ThreadPoolExecutor(self.parallel) as pool:
            calls = pool.map(lambda image, item: self._call(self._feed(image, item)), images, different.values())
            outputs = dict(zip(different, calls, strict=True))
        return [outputs[key] for key in keys]

    def _feed(self, pixels: npt.NDArray[np.uint8], candidate: Candidate) -> Array:
        offsets = np.array(candidate.offsets or (0.0,) * len(pixels), np.float32).reshape(-1, 1, 1)
        image = (pixels.astype(np.float32) - offsets) * np.float32(candidate.net_scale_factor)
        image = image.transpose(1, 2, 0) if self.job.nhwc else image
        batch = self.input.shape[0] if isinstance(self.input.shape[0], int) and self.input.shape[0] > 0 else 1
        return np.ascontiguousarray(np.broadcast_to(image, (batch, *image.shape)))

    def _call(self, batch: Array) -> list[Array]:
        try:
            results = self.session.run(None, {self.input.name: batch})
        except Exception as error:  # see load_session
            raise run_failed("ONNX Runtime cannot run the model", error, self.job.onnx) from error
        return [np.asarray(result) for result in results]

    def _ranges(self, arrays: Sequence[Array]) -> tuple[OutputRange, ...]:
        return tuple(_range(name, array) for name, array in zip(self.outputs, arrays, strict=True))


class _Pixels:
    """Network-sized 8-bit pixels of one frame, made once per colour format and geometry."""

    def __init__(self, job: ProbeJob, frame: YuvFrame) -> None:
        self._job, self._frame = job, frame
        self._made: dict[tuple[int, Geometry], npt.NDArray[np.uint8]] = {}

    def key(self, candidate: Candidate) -> tuple[int, Geometry]:
        """Equal for candidates that see the same pixels."""
        from dsbench.embedded.nvinfer.preprocess import geometry

        job, frame = self._job, self._frame
        keep, split = bool(candidate.maintain_aspect_ratio), bool(candidate.symmetric_padding)
        place = geometry(frame.width, frame.height, job.width, job.height, keep, split)
        return candidate.model_color_format, place

    def get(self, candidate: Candidate) -> npt.NDArray[np.uint8]:
        """(channels, height, width) in network channel order."""
        key = self.key(candidate)
        if key not in self._made:
            self._made[key] = self._make(*key)
        return self._made[key]

    def _make(self, color_format: int, place: Geometry) -> npt.NDArray[np.uint8]:
        from dsbench.embedded.nvinfer.preprocess import Preprocessor, PreprocessSettings

        job, frame = self._job, self._frame
        scaler = Preprocessor(place, PreprocessSettings(color_format=color_format, scaling_filter=job.scaling_filter))
        return np.array(scaler.pixels(frame), copy=True)


def _frames(job: ProbeJob, count: int, counter: FrameCounter) -> list[YuvFrame]:
    """``count`` frames of the video in streammux space, spread over its first ``span`` frames or a shorter video.

    Without a video one synthetic picture.
    """
    if job.video is None:
        return [synthetic.frame(job.width, job.height)]
    picked, total = _pick(job, count, job.span, counter)
    if not job.at and total < job.span and len(picked) < min(count, total) * len(job.turns):
        picked, total = _pick(job, count, total, counter)
    if not picked:
        raise DsbenchError(
            Code.VIDEO_UNREADABLE,
            "the video has no frame that can be decoded",
            where=job.video or "",
            fix="choose another with --video",
        )
    return picked


def _pick(job: ProbeJob, count: int, span: int, counter: FrameCounter) -> tuple[list[YuvFrame], int]:
    from dsbench.embedded.video.decode import open_source
    from dsbench.embedded.video.mux import MuxScaler

    assert job.video is not None
    mux = MuxScaler(job.mux_width, job.mux_height)
    wanted = {int((i + 0.5) * span / count) for i in range(count)}
    if job.at:
        wanted = {job.at[int((i + 0.5) * len(job.at) / count)] for i in range(count)}
    picked: list[YuvFrame] = []
    total = 0
    source = open_source(Path(job.video), file_loop=False, threads=job.threads)
    for position, frame in enumerate(counter.watch(source)):
        total = position + 1
        if position in wanted:
            for degrees in job.turns:
                upright = degrees % 180 == 0  # a frame on its side is not stretched to the surface before it is turned
                shown = mux.scale(frame) if upright else frame
                planes = {name: getattr(shown, name).copy() for name in "yuv"}  # the decoder reuses its buffers
                picked.append(views.turned(replace(shown, **planes), degrees))
        if len(picked) == len(wanted) * len(job.turns):
            return picked, span
    return picked, total


def _keyed(results: Sequence[Sequence[Array]], position: int, view: View = "plain") -> dict[str, Array]:
    """The outputs of one frame, candidate by candidate, by their keys in the .npz."""
    return {
        tensor_key(number, position, index, view): first_image(array)
        for number, arrays in enumerate(results)
        for index, array in enumerate(arrays)
    }


def first_image(array: Array) -> Array:
    """The output of the first image; the whole output if it has no batch dimension or no rows."""
    return np.asarray(array[0]) if array.ndim and len(array) else array


def _range(name: str, array: Array) -> OutputRange:
    values = array.astype(np.float64, copy=False) if array.dtype != np.float32 else array
    finite = values[np.isfinite(values)]
    return OutputRange(
        name=name,
        shape=tuple(array.shape),
        dtype=str(array.dtype),
        low=float(finite.min()) if finite.size else 0.0,
        high=float(finite.max()) if finite.size else 0.0,
        nan=int(np.isnan(values).sum()),
        inf=int(np.isinf(values).sum()),
    )


def _range_lines(ranges: Sequence[OutputRange]) -> list[str]:
    return [
        f"Output[{i}] range: [{'nan' if r.nan else format(r.low, '.4f')}, {'nan' if r.nan else format(r.high, '.4f')}]"
        for i, r in enumerate(ranges)
    ]


def _describe(candidate: Candidate) -> str:
    offsets = f", offsets {';'.join(f'{value:g}' for value in candidate.offsets)}" if candidate.offsets else ""
    colour = ("RGB", "BGR", "GRAY")[candidate.model_color_format]
    return f"net-scale-factor {float32_text(candidate.net_scale_factor)}{offsets}, {colour}"


def run_failed(what: str, error: Exception, onnx: str) -> DsbenchError:
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return DsbenchError(
        Code.ONNX_RUN_FAILED,
        f"{what}: {reason[:300]}",
        where=onnx,
        fix=_NO_MEMORY_FIX if any(text in str(error) for text in _NO_MEMORY) else _CHECK_FIX,
    )
