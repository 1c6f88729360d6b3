"""The loop of a benchmark run that only counts frames: the thread that decodes a frame also infers it.

No frame is passed from thread to thread: it stays in its processor's cache, and no processor waits for another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from dsbench.base.errors import DsbenchError
from dsbench.embedded.nvinfer.detector import Detector
from dsbench.embedded.pipeline import PadSource, Schedule
from dsbench.embedded.video.frame import YuvFrame


class Count(Protocol):
    """Counts the frames that passed inference."""

    def __call__(self, pad: int, frame: YuvFrame) -> None:
        """One more frame of ``pad``; never called by two threads at once."""


class _Decoder:
    """One decoder of a source. The thread that holds ``lock`` may decode the next frame."""

    def __init__(self, frames: Iterator[YuvFrame]) -> None:
        self.frames = frames
        self.lock = threading.Lock()


class _CountedStream:
    """A source, its decoders, and the number of its frames so far."""

    def __init__(self, source: PadSource, max_decoders: int) -> None:
        self.pad = source.pad
        self.frames = 0
        self.ended = False
        self._another = source.another
        self._max = max_decoders
        self._decoders = [_Decoder(source.frames)]
        self._adding = threading.Lock()

    def decoder(self, lane: int) -> _Decoder:
        """A free decoder, locked. The lane's own is preferred: its pictures are still in the processor's cache.

        If all are in use, a clip that repeats gets one more decoder; otherwise the lane waits.
        """
        first = lane % len(self._decoders)
        for decoder in (*self._decoders[first:], *self._decoders[:first]):
            if decoder.lock.acquire(blocking=False):
                return decoder
        with self._adding:
            if self._another is not None and len(self._decoders) < self._max and (added := self._add(self._another)):
                return added
        decoder = self._decoders[first]
        decoder.lock.acquire()
        return decoder

    def _add(self, another: Callable[[], Iterator[YuvFrame]]) -> _Decoder | None:
        try:
            added = _Decoder(another())
        except DsbenchError:  # for example too many open files: the existing decoders suffice
            self._another = None
            return None
        added.lock.acquire()
        self._decoders.append(added)
        return added


def max_decoders(lanes: int, streams: int) -> int:
    """Maximum number of decoders of a stream whose clip repeats."""
    return -(-lanes // max(1, streams))


class CountingLoop:
    """Runs ``schedule.lanes`` threads over all streams. ``schedule.batch_size`` is not used.

    Streams take turns, one frame each, so they run at equal speed. With more lanes than streams, several rounds of a
    clip that repeats are decoded concurrently, each by its own decoder: one decoder would keep the other lanes waiting.

    With an ``interval``, every (interval + 1)-th frame of each stream is inferred, as with batches that hold a frame of
    every stream.
    """

    def __init__(
        self,
        sources: Sequence[PadSource],
        detector: Detector | None,
        count: Count,
        schedule: Schedule,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        limit = max_decoders(schedule.lanes, len(sources))
        self._streams = [_CountedStream(source, limit) for source in sources]
        self._detector = detector
        self._count = count
        self._schedule = schedule
        self._stopped = stopped
        self._next = 0
        self._choice = threading.Lock()
        self._order = threading.Lock()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Run until every source has ended or ``stopped``. DsbenchErrors of source, network and parser pass through."""
        threads = [
            threading.Thread(target=self._lane, args=(i,), name=f"lane-{i}") for i in range(1, self._schedule.lanes)
        ]
        for thread in threads:
            thread.start()
        self._lane(0)
        for thread in threads:
            thread.join()
        if self._error is not None:
            raise self._error

    def _lane(self, number: int) -> None:
        try:
            while self._error is None and not self._stopped():
                stream = self._next_stream()
                if stream is None:
                    return
                self._serve(stream, number)
        except BaseException as error:
            self._error = self._error or error

    def _next_stream(self) -> _CountedStream | None:
        """The stream whose turn it is; None when all have ended."""
        with self._choice:
            for _ in range(len(self._streams)):
                stream = self._streams[self._next % len(self._streams)]
                self._next += 1
                if not stream.ended:
                    return stream
        return None

    def _serve(self, stream: _CountedStream, lane: int) -> None:
        """Carry one frame from the decoder to the counter."""
        decoder = stream.decoder(lane)
        try:
            frame = next(decoder.frames, None)
            if frame is None:
                stream.ended = True
                return
            with self._choice:
                number = stream.frames - self._schedule.dropped
                stream.frames += 1
        finally:
            decoder.lock.release()
        if number < 0:
            return
        if self._detector is not None and number % (self._schedule.interval + 1) == 0:
            self._detector.run_alone(frame, self._order)
        with self._order:
            self._count(stream.pad, frame)
