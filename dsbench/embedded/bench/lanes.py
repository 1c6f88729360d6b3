"""The loop of a benchmark run, in which nobody looks at a frame's results: whoever decodes a frame also infers it.

Nothing is handed from thread to thread, so a frame stays in its processor's cache and no processor waits for another.
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
    """Told of every frame that passed inference."""

    def __call__(self, pad: int, frame: YuvFrame) -> None:
        """One frame more of ``pad``; never called by two threads at once."""


class _Decoder:
    """The frames of one round of a clip after another, and the right to decode the next one."""

    def __init__(self, frames: Iterator[YuvFrame]) -> None:
        self.frames = frames
        self.lock = threading.Lock()


class _Turn:
    """A source, its decoders, and its frames so far."""

    def __init__(self, source: PadSource, most_decoders: int) -> None:
        self.pad = source.pad
        self.frames = 0
        self.ended = False
        self._another = source.another
        self._most = most_decoders
        self._decoders = [_Decoder(source.frames)]
        self._adding = threading.Lock()

    def decoder(self, lane: int) -> _Decoder:
        """One that nobody uses, locked: a lane's own if it can be, whose pictures are still in its processor's cache.

        Where all are in use, one more is started for a clip that repeats, or else waited for.
        """
        first = lane % len(self._decoders)
        for decoder in (*self._decoders[first:], *self._decoders[:first]):
            if decoder.lock.acquire(blocking=False):
                return decoder
        with self._adding:
            if self._another is not None and len(self._decoders) < self._most and (added := self._add(self._another)):
                return added
        decoder = self._decoders[first]
        decoder.lock.acquire()
        return decoder

    def _add(self, another: Callable[[], Iterator[YuvFrame]]) -> _Decoder | None:
        try:
            added = _Decoder(another())
        except DsbenchError:  # too many files are open, say: those that there are do as well
            self._another = None
            return None
        added.lock.acquire()
        self._decoders.append(added)
        return added


def decoders(lanes: int, streams: int) -> int:
    """The most that a stream whose clip repeats has."""
    return -(-lanes // max(1, streams))


class Lanes:
    """Streams take turns, one frame each, so they run at equal speed. ``schedule.batch_size`` means nothing here.

    Where there are more lanes than streams, several rounds of a clip that repeats without end are decoded at once, each
    by a decoder of its own: a decoder takes one frame after another and would keep the other lanes waiting.

    With an ``interval`` each stream's every (interval + 1)-th frame is inferred, as when batches hold a frame of
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
        most = decoders(schedule.lanes, len(sources))
        self._turns = [_Turn(source, most) for source in sources]
        self._detector = detector
        self._count = count
        self._schedule = schedule
        self._stopped = stopped
        self._next = 0
        self._choice = threading.Lock()
        self._order = threading.Lock()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Until every source has ended or ``stopped``. DsbenchErrors of source, network and parser pass through."""
        helpers = [
            threading.Thread(target=self._lane, args=(i,), name=f"lane-{i}") for i in range(1, self._schedule.lanes)
        ]
        for helper in helpers:
            helper.start()
        self._lane(0)
        for helper in helpers:
            helper.join()
        if self._error is not None:
            raise self._error

    def _lane(self, number: int) -> None:
        try:
            while self._error is None and not self._stopped():
                turn = self._take_turn()
                if turn is None:
                    return
                self._serve(turn, number)
        except BaseException as error:
            self._error = self._error or error

    def _take_turn(self) -> _Turn | None:
        """The stream whose turn it is; None when all have ended."""
        with self._choice:
            for _ in range(len(self._turns)):
                turn = self._turns[self._next % len(self._turns)]
                self._next += 1
                if not turn.ended:
                    return turn
        return None

    def _serve(self, turn: _Turn, lane: int) -> None:
        """One frame from the decoder to the counter."""
        decoder = turn.decoder(lane)
        try:
            frame = next(decoder.frames, None)
            if frame is None:
                turn.ended = True
                return
            with self._choice:
                number = turn.frames - self._schedule.dropped
                turn.frames += 1
        finally:
            decoder.lock.release()
        if number < 0:
            return
        if self._detector is not None and number % (self._schedule.interval + 1) == 0:
            self._detector.run_alone(frame, self._order)
        with self._order:
            self._count(turn.pad, frame)
