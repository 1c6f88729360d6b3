"""The loop of a benchmark run, in which nobody looks at a frame's results: whoever decodes a frame also infers it.

Nothing is handed from thread to thread, so a frame stays in its processor's cache and no processor waits for another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from dsbench.embedded.detector import Detector
from dsbench.embedded.frame import YuvFrame
from dsbench.embedded.pipeline import PadSource, Schedule


class Count(Protocol):
    """Told of every frame that passed inference."""

    def __call__(self, pad: int, frame: YuvFrame) -> None:
        """One frame more of ``pad``; never called by two threads at once."""


class _Turn:
    """A source, its frames so far, and the right to decode its next one."""

    def __init__(self, source: PadSource) -> None:
        self.source = source
        self.lock = threading.Lock()
        self.frames = 0
        self.ended = False


class Lanes:
    """Streams take turns, one frame each, so they run at equal speed. ``schedule.batch_size`` means nothing here.

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
        self._turns = [_Turn(source) for source in sources]
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
        helpers = [threading.Thread(target=self._lane, name=f"lane-{i}") for i in range(1, self._schedule.lanes)]
        for helper in helpers:
            helper.start()
        self._lane()
        for helper in helpers:
            helper.join()
        if self._error is not None:
            raise self._error

    def _lane(self) -> None:
        try:
            while self._error is None and not self._stopped():
                turn = self._take_turn()
                if turn is None:
                    return
                self._serve(turn)
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

    def _serve(self, turn: _Turn) -> None:
        """One frame from the decoder to the counter."""
        with turn.lock:
            frame = next(turn.source.frames, None)
            if frame is None:
                turn.ended = True
                return
            number = turn.frames - self._schedule.dropped
            turn.frames += 1
        if number < 0:
            return
        if self._detector is not None and number % (self._schedule.interval + 1) == 0:
            self._detector.run_alone(frame, self._order)
        with self._order:
            self._count(turn.source.pad, frame)
