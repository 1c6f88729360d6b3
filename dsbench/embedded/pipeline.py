"""The loop of one process over its sources: decode, mux, infer, detect, and pass each frame to the sinks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeVar

from dsbench.base.boxes import Boxes
from dsbench.embedded.nvinfer.detector import Detector, Inferred
from dsbench.embedded.video.frame import YuvFrame

P = ParamSpec("P")
T = TypeVar("T")


class FrameSink(Protocol):
    """Takes every frame in order: KITTI files, tensor dumps, drawn video, counters."""

    def take(self, result: FrameResult) -> None:
        """Called once per frame, always from the same thread."""

    def close(self) -> None:
        """Called once, at the end."""


@dataclass(frozen=True, slots=True)
class MuxedFrame:
    """A decoded frame and the streammux pad that it came through."""

    pad: int
    frame: YuvFrame


@dataclass(frozen=True, slots=True)
class FrameResult:
    """A frame after inference. ``inferred`` is None if ``interval`` skipped it or there is no nvinfer.

    ``objects`` are in streammux pixels, nvinfer's order.
    """

    pad: int
    frame: YuvFrame
    inferred: Inferred | None
    objects: Boxes


@dataclass(frozen=True, slots=True)
class PadSource:
    """One muxer pad and the frames that arrive there.

    ``another`` opens the same clip again, so that a stream that repeats it can decode several repetitions concurrently.
    None if frames must stay in order.
    """

    pad: int
    frames: Iterator[YuvFrame]
    another: Callable[[], Iterator[YuvFrame]] | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """``batch_size``: frames per muxed batch; ``interval``: batches skipped between inferences;
    ``lanes``: concurrent threads; ``dropped``: batches at the beginning that are dropped.
    """

    batch_size: int
    interval: int = 0
    lanes: int = 1
    dropped: int = 0


class InlineExecutor(Executor):
    """Runs a task in the thread that submits it: the executor of a single lane."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class Pipeline:
    """Lanes infer a batch while other lanes decode the next frames and infer the next batches.

    Results leave in order. They are parsed on the calling thread only, since a parser may keep state.
    """

    def __init__(
        self,
        sources: Sequence[PadSource],
        detector: Detector | None,
        sinks: Sequence[FrameSink],
        schedule: Schedule,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sources = sources
        self._detector = detector
        self._sinks = sinks
        self._schedule = schedule
        self._stopped = stopped

    def run(self) -> None:
        """Run until every source has ended or ``stopped``. DsbenchErrors of source, network and sinks pass through."""
        lanes = self._schedule.lanes
        executor: Executor = ThreadPoolExecutor(lanes, "lane") if lanes > 1 else InlineExecutor()
        depth = lanes if lanes > 1 else 0
        flight: deque[tuple[list[MuxedFrame], list[Future[list[Inferred]]]]] = deque()
        with executor:
            try:
                for number, batch in enumerate(self._batches(executor), start=-self._schedule.dropped):
                    if number < 0:
                        continue
                    flight.append((batch, self._submit(executor, number, batch)))
                    while len(flight) > depth:
                        self._finish(*flight.popleft())
                    if self._stopped():
                        break
                while flight:
                    self._finish(*flight.popleft())
            finally:
                executor.shutdown(wait=True, cancel_futures=True)

    def _batches(self, executor: Executor) -> Iterator[list[MuxedFrame]]:
        """Muxed batches: frames of the live pads in pad order, round by round. Batches shrink when sources end.

        Every source has one decode in flight: the next frame is decoded while this one is used.
        """
        following = {source.pad: executor.submit(next, source.frames, None) for source in self._sources}
        pending: list[MuxedFrame] = []
        live = list(self._sources)
        while live:
            for source in tuple(live):
                frame = following[source.pad].result()
                if frame is None:
                    live.remove(source)
                else:
                    following[source.pad] = executor.submit(next, source.frames, None)
                    pending.append(MuxedFrame(source.pad, frame))
                if pending and len(pending) >= min(self._schedule.batch_size, len(live)):
                    yield pending
                    pending = []
        if pending:
            yield pending

    def _submit(self, executor: Executor, number: int, batch: list[MuxedFrame]) -> list[Future[list[Inferred]]]:
        detector = self._detector
        if detector is None or number % (self._schedule.interval + 1) != 0:
            return []
        frames = [muxed.frame for muxed in batch]
        size = detector.frames_per_call
        return [executor.submit(detector.infer, frames[i : i + size]) for i in range(0, len(frames), size)]

    def _finish(self, batch: list[MuxedFrame], futures: list[Future[list[Inferred]]]) -> None:
        inferred = [item for future in futures for item in future.result()]
        for position, muxed in enumerate(batch):
            item = inferred[position] if inferred else None
            objects = Boxes.empty()
            if item is not None and self._detector is not None:
                objects = self._detector.detect(item)
            result = FrameResult(muxed.pad, muxed.frame, item, objects)
            for sink in self._sinks:
                sink.take(result)
